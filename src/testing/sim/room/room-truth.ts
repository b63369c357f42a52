/** The truth about one room: its log, what its owners tell, and what it was in each tick. */
import type { ChangesDraft } from "../../../broker/index.js";
import type { Run } from "../../../server/kinds/room/run/run.js";
import type { RoomSignal, TickMessage } from "../../../server/kinds/room/tick-message.js";
import type { Recorder } from "../recorder.js";
import { codeFor } from "./code.js";
import type { RoomFindings } from "./findings.js";
import { Lineage } from "./lineage.js";
import { LogTruth, type LogMark } from "./log-truth.js";
import { seatSlot } from "../../../server/kinds/room/owner/room-log.js";
import { keepsInputs, kindOf, shapeOf } from "./shapes.js";
import { ShownTruth } from "./shown-truth.js";

export interface RoomTruthDeps {
  readonly channel: string;
  readonly findings: RoomFindings;
  readonly recorder: Recorder;
  /** Milliseconds of the broker's steady time. */
  readonly now: () => number;
  readonly isLeaving: (node: string) => boolean;
  /** The seats that must be taken: their players have been told so, and have not given them up. */
  readonly held: () => Iterable<string>;
  /** Its log has lost something. */
  readonly onLost: () => void;
}

/** So many processes may end of one room before it is closed (R9): two, and one that ended before anybody could say of what. */
const MOST_DOOMED = 3;
/** After a loss seats are given again within so many milliseconds: the nodes hear of it, and ask. */
const AFTER_LOSS_MS = 8000;

export class RoomTruth {
  readonly channel: string;
  readonly log: LogTruth;
  readonly shown: ShownTruth;
  readonly lineage: Lineage | undefined;
  readonly #deps: RoomTruthDeps;
  /** The newest tick that was told, by reign. */
  readonly #told = new Map<string, number>();
  /** Of all reigns. */
  #toldAt = -Infinity;
  #newest: TickMessage | undefined;
  #lostAt = -Infinity;
  #hasFailedOver = false;
  /** How often each seat was given free. */
  readonly #freed = new Map<string, number>();
  #hasShown = false;
  #doomed = 0;
  #doomedAt = -Infinity;

  constructor(deps: RoomTruthDeps) {
    const { channel, findings, now, isLeaving } = deps;
    this.channel = channel;
    this.#deps = deps;
    this.shown = new ShownTruth(channel);
    const lastTold = (reign: string): number | undefined => this.#told.get(reign);
    this.log = new LogTruth({ channel, findings, now, isLeaving, lastTold });
    const def = codeFor(() => {})(channel);
    if (!keepsInputs(channel) || def === undefined) return;
    const { log, shown } = this;
    const digest = (run: Run): number => shown.digestOf(run);
    this.lineage = new Lineage({ channel, def, findings, digest, slots: () => log.slots });
  }

  /** The newest tick that was told, by whoever. */
  get newest(): TickMessage | undefined {
    return this.#newest;
  }

  /** When that was: the recorder's time. */
  get toldAt(): number {
    return this.#toldAt;
  }

  /** Whether the store has ever gone on from what it was: nobody but this can tell whether it has lost something by that. */
  get hasFailedOver(): boolean {
    return this.#hasFailedOver;
  }

  /** Whether the log has ever lost something. */
  get hasLost(): boolean {
    return this.#lostAt > -Infinity;
  }

  /** Whether a process has ended of it. */
  get isDeadly(): boolean {
    return this.#doomed > 0;
  }

  /** When a process last ended of it; the recorder's time. */
  get doomedAt(): number {
    return this.#doomedAt;
  }

  /** A process has ended of it. */
  doomed(): void {
    this.#doomedAt = this.#deps.recorder.time;
    if (++this.#doomed > MOST_DOOMED)
      this.#deps.findings.add("one owner", `R9: ${this.#doomed} processes have ended of ${this.channel}`);
  }

  /** Whether any tick was told under this reign. */
  hasTold(reign: string): boolean {
    return this.#told.has(reign);
  }

  freed(seat: string): number {
    return this.#freed.get(seat) ?? 0;
  }

  restore(mark: LogMark | undefined): void {
    this.#hasFailedOver = true;
    if (!this.log.restore(mark)) return;
    this.#lostAt = this.#deps.recorder.time;
    this.lineage?.lost();
    this.#deps.onLost();
  }

  written(draft: ChangesDraft, offset: number): void {
    this.log.written(draft, offset);
    this.lineage?.written(draft);
  }

  /** Whether it is known to the log that somebody has this seat (R12). */
  hasSeat(seat: string): boolean {
    return this.log.slots.has(seatSlot(seat));
  }

  /** How many seats are taken, as the log says. */
  get seats(): number {
    return [...this.log.slots.keys()].filter((slot) => slot.startsWith(seatSlot(""))).length;
  }

  /** Whether seats may be missing which were lost, and are given again. */
  get isAfterLoss(): boolean {
    return this.#deps.recorder.time < this.#lostAt + AFTER_LOSS_MS;
  }

  /** An owner tells something, on its node, with this run. */
  told(signal: RoomSignal, run: Run, node: string): void {
    const { channel, findings, recorder } = this.#deps;
    const { reign, tick } = signal;
    if (!this.log.isGood(reign))
      findings.add("one owner", `R3: ${node} tells tick ${tick} of ${channel} when ${reign} is over`);
    if (this.log.orderOf(reign) === undefined)
      findings.add(
        "one owner",
        `R1: ${node} tells tick ${tick} of ${channel}, and ${reign} is not in the log`,
      );
    this.#toldAt = recorder.time;
    if (signal.is === "tick") this.#toldTick(signal, run, node);
  }

  #toldTick(message: TickMessage, run: Run, node: string): void {
    const { channel, findings, recorder } = this.#deps;
    const { reign, tick, prev, went } = message;
    recorder.count("ticks told");
    const last = this.#told.get(reign);
    if (last === undefined) {
      recorder.count("reigns told");
      this.#noteBefore(run, reign, prev);
    } else if (tick <= last || prev !== last)
      findings.add(
        "one run",
        `R6: ${node} tells tick ${tick} of ${channel} on ${prev}, and told ${last} before`,
      );
    this.#told.set(reign, tick);
    this.#newest = message;
    for (const { seat } of went) this.#freed.set(seat, this.freed(seat) + 1);
    const digest = this.shown.note(reign, tick, (table) => run.state[table]);
    recorder.trace(`${reign}${tick}${digest}`);
    if (message.closed === undefined) this.lineage?.told(tick, digest, reign);
    this.#checkBooks(run);
    if (kindOf(channel) !== "fill" && message.closed === undefined) this.#checkSeats(run, reign);
  }

  /** Who asks before the first tick is told what the room was then. */
  #noteBefore(run: Run, reign: string, tick: number): void {
    const tables = Object.keys(shapeOf(this.channel).state);
    const isHeld = run.stores.every(({ history }) => history.holds(tick));
    if (isHeld) this.shown.note(reign, tick, (table) => run.stores[tables.indexOf(table)]?.at(tick));
  }

  #checkBooks({ state }: Run): void {
    if (this.#hasShown || state["wrong"] === undefined) return;
    for (const { what } of state["wrong"].values()) {
      this.#hasShown = true;
      this.#deps.findings.add("one run", `R31: the books of ${this.channel} are wrong: ${String(what)}`);
    }
  }

  #checkSeats({ seats, settings }: Run, reign: string): void {
    const { channel, findings, held } = this.#deps;
    if (this.isAfterLoss) return;
    if (seats.size > settings.seats && !this.hasLost)
      findings.add("seats", `R20: ${channel} has ${seats.size} seats, and may have ${settings.seats}`);
    for (const seat of held())
      if (!seats.has(seat))
        findings.add("seats", `R12, R19: ${seat} has no seat in ${channel} under ${reign}`);
  }
}
