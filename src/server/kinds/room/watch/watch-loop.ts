import type { Reign, ThreadWriter } from "../../../../broker/index.js";
import type { Clock } from "../../../../protocol/index.js";
import { detach } from "../../../guard.js";
import { encodeLetter } from "../messages.js";
import { roomLogOptions } from "../owner/room-log.js";
import { markStuck } from "./mark.js";
import type { MarkState } from "./mark-file.js";
import { StallJudge, type Processor } from "./stall-judge.js";
import type { StepReader, StepView } from "./step-memory.js";
import { readWatched, type WatchedReign } from "./steps.js";

/** A step that stands still for this share of what it may has its thread get ready, and for this one has its reign kept. */
const READY_AT = 1 / 4;
const KEEP_AT = 1 / 2;
/** So many looks are taken in the time that a step may stand still. */
const LOOKS = 20;
/** How long the log has to take the mark, in milliseconds: the process ends then anyhow. */
const PATIENCE_MS = 1000;

/** What is said of a process that is ended. */
export interface Verdict {
  readonly room: string | undefined;
  readonly tick: number;
  readonly step: string;
  /** For how many milliseconds it stood still. */
  readonly stood: number;
  /** Whether the room's log says so; false: whoever looks after the process has to. */
  readonly marked: boolean;
  /** The functions that it is in, the innermost first, as far as that can be found out. */
  readonly at: readonly string[] | undefined;
}

export interface WatchLoopDeps {
  readonly memory: Pick<StepReader, "read" | "record">;
  /** Its timers never throw. */
  readonly clock: Clock;
  /** How long a step may stand still, in milliseconds. */
  readonly stall: number;
  /** How the watched thread is treated by its system. */
  readonly processor: () => Processor | undefined;
  /** Another way to the logs than the one of the watched thread; undefined: there is none. */
  readonly open: (() => Promise<ThreadWriter>) | undefined;
  /** Writes the process's mark file. */
  readonly note: (state: MarkState, reign: WatchedReign | undefined) => void;
  /** Where the watched thread is. It need not settle. */
  readonly where: () => Promise<readonly string[] | undefined>;
  /** Ends the process: it does not come back. */
  readonly end: (verdict: Verdict) => void;
}

/**
 * Watches a thread that makes steps of rooms, from beside it (R9). One that stands still in a step for too long ends with its process, and
 * before that the room's log is told. On the way there the reign is kept, once: its owner cannot renew it, and the mark counts
 * only until another one reigns.
 */
export class WatchLoop {
  readonly #deps: WatchLoopDeps;
  readonly #judge: StallJudge;
  #writer: Promise<ThreadWriter> | undefined;
  /** The reign that was kept, in the step that is looked at. */
  #kept: Promise<Reign | undefined> | undefined;
  #isLingering = false;
  #isEnding = false;
  #isClosed = false;

  constructor(deps: WatchLoopDeps) {
    this.#deps = deps;
    this.#judge = new StallJudge(deps.stall / LOOKS);
    this.#next();
  }

  close(): void {
    this.#isClosed = true;
    this.#letGo();
  }

  #next(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#deps.clock.setTimeout(() => {
      this.#look();
      this.#next();
    }, this.#deps.stall / LOOKS);
  }

  #look(): void {
    const { memory, clock, stall, processor } = this.#deps;
    const view = memory.read();
    const still = this.#judge.look({ now: clock.monotonic(), view, processor });
    if (still === 0) return this.#moves(view);
    this.#linger(view);
    if (still >= stall) return void this.#convict(view, still);
    if (still >= stall * READY_AT) this.#getReady();
    if (still >= stall * KEEP_AT) this.#keep();
  }

  #moves({ isTight }: StepView): void {
    if (!this.#isLingering) return;
    this.#isLingering = false;
    if (!isTight) this.#deps.note("out", undefined);
    this.#letGo();
  }

  /** It has not moved for a look: should the process end now without a word, the room is not above suspicion. */
  #linger({ isTight }: StepView): void {
    if (this.#isLingering) return;
    this.#isLingering = true;
    const reign = this.#reign();
    if (!isTight && reign !== undefined) this.#deps.note("in", reign);
  }

  #getReady(): void {
    const { open } = this.#deps;
    if (this.#writer !== undefined || open === undefined) return;
    const writer = open();
    this.#writer = writer;
    // Whoever needs it hears of it; the next look tries again.
    writer.catch(() => {
      if (this.#writer === writer) this.#writer = undefined;
    });
  }

  #keep(): void {
    const reign = this.#reign();
    if (this.#kept !== undefined || reign?.held === undefined || this.#writer === undefined) return;
    const kept = this.#keepNow(reign, this.#writer);
    this.#kept = kept;
    kept.catch(() => {
      if (this.#kept === kept) this.#kept = undefined;
    });
  }

  /** With the secret that it was asked for with it is the same reign, for its full length from now. */
  async #keepNow({ room, held }: WatchedReign, opening: Promise<ThreadWriter>): Promise<Reign | undefined> {
    if (held === undefined) return undefined;
    const writer = await opening;
    const { ttl, secret, note, token } = held;
    const reign = await writer.reign(room, { ttl, secret, note }, roomLogOptions());
    if ("heldBy" in reign) return undefined;
    if (reign.token === token) return reign;
    // It was nobody's any more: whoever wants it is not to wait for this.
    await reign.release();
    return undefined;
  }

  #letGo(): void {
    const writer = this.#writer;
    this.#writer = this.#kept = undefined;
    if (writer !== undefined)
      detach(
        writer.then((open) => open.close()),
        () => {},
      );
  }

  async #convict(view: StepView, stood: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { note, end, where } = this.#deps;
    const reign = this.#reign();
    if (reign !== undefined) note("stuck", reign);
    const [marked = false, at] = await Promise.all([
      this.#inTime(reign === undefined ? undefined : this.#mark(reign, view)),
      this.#inTime(where()),
    ]);
    if (marked) note("marked", reign);
    end({ room: reign?.room, tick: view.tick, step: view.step, stood, marked, at });
  }

  /** What comes of it; undefined where that fails, or takes too long. */
  async #inTime<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    const patience = new Promise<undefined>((resolve) => {
      this.#deps.clock.setTimeout(() => resolve(undefined), PATIENCE_MS);
    });
    return Promise.race([work?.catch(() => undefined), patience]);
  }

  async #mark(reign: WatchedReign, view: StepView): Promise<boolean> {
    this.#getReady();
    const writer = await this.#writer;
    if (writer === undefined) return false;
    if (reign.held === undefined) return blame(writer, reign, view);
    const why = `its owner stood still in ${view.step}`;
    const marked = await markStuck(writer, reign, { why, tick: view.tick });
    // Others need not wait for its end.
    const kept = await this.#kept?.catch(() => undefined);
    await kept?.release();
    return marked;
  }

  #reign(): WatchedReign | undefined {
    return readWatched(this.#deps.memory.record());
  }
}

/** A node with players that stood still in a room's view cannot write its log: whoever owns the room is told. */
async function blame(
  writer: ThreadWriter,
  { room, reign, owner }: WatchedReign,
  view: StepView,
): Promise<boolean> {
  const id = `watch ${reign} ${view.tick}`;
  const request = { id, ask: { is: "stuck", why: `a node stood still in its ${view.step}` } } as const;
  const batch = { is: "batch", channel: room, reign, inputs: [], seen: [], requests: [request] } as const;
  await writer.send(owner, encodeLetter({ from: "", items: [batch] }));
  return true;
}
