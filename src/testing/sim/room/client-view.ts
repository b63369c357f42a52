/** What one client is shown of a room, and whether it is what the room was. */
import { FrameReader, type Frame } from "../../../room/frame-reader.js";
import type { Recorder } from "../recorder.js";
import { withRow } from "./digest.js";
import type { RoomFindings } from "./findings.js";
import type { RoomTruth } from "./room-truth.js";
import { isEvent } from "./schemas.js";
import { shapeOf } from "./shapes.js";
import { THINGS, faultOfView, type TickTruth } from "./shown-truth.js";

export interface ClientViewDeps {
  /** Who looks. */
  readonly name: string;
  readonly seat: string | undefined;
  readonly truth: RoomTruth;
  readonly findings: RoomFindings;
  readonly recorder: Recorder;
  /** Whether it takes few bytes at a time, so that some of what it is shown is older. */
  readonly isLate: boolean;
}

/** A frame that was shown before anybody knew what the room was then. */
interface Early {
  readonly epoch: string;
  readonly tick: number;
  readonly digest: number;
  readonly placed: ReadonlyMap<string, number>;
}

export class ClientView {
  /** The reign that it is shown; empty before the first. */
  epoch = "";
  /** The tick that it is at, in that reign. */
  tick = 0;
  readonly #deps: ClientViewDeps;
  #reader: FrameReader;
  #hasFrame = false;
  #parts: Uint8Array[] = [];
  /** The digests of rows that are shown, by table and key. */
  #rows = new Map<string, Map<string, number>>();
  /** Of all rows but those that are seen in parts. */
  #digest = 0;
  #early: Early[] = [];
  #events = new Set<string>();

  constructor(deps: ClientViewDeps) {
    this.#deps = deps;
    this.#reader = new FrameReader(shapeOf(deps.truth.channel).state);
  }

  /** Whether it has been shown anything under this reign. */
  get isShown(): boolean {
    return this.#hasFrame;
  }

  /** Where a subscription begins that has come without a cursor. */
  begin(epoch: string): void {
    if (this.epoch === "") this.epoch = epoch;
  }

  /** Another reign is shown from here on. */
  gap(line: Readonly<Record<string, unknown>>): void {
    const { name, truth, recorder } = this.#deps;
    const gap = { epoch: String(line["epoch"]), reason: String(line["reason"]), until: line["until"] };
    recorder.count(`gap: ${gap.reason}`);
    recorder.trace(`${name} ${gap.epoch}`);
    if (gap.epoch === this.epoch || gap.until !== 0)
      this.#fault(`R6: a gap from ${this.epoch}:${this.tick} to ${gap.epoch}:${String(gap.until)}`);
    const [before, now] = [truth.log.orderOf(this.epoch), truth.log.orderOf(gap.epoch)];
    if (now === undefined) this.#fault(`R6: a gap to ${gap.epoch}, which the log has never had`);
    else if (before !== undefined && now < before)
      this.#fault(`R6: ${gap.epoch} comes behind ${this.epoch}, which is later`);
    if (gap.reason === "rollback" && !truth.hasFailedOver)
      this.#fault(`R8: something was lost before ${gap.epoch}, it is told, and nothing was`);
    this.epoch = gap.epoch;
    this.tick = 0;
    this.#hasFrame = false;
    this.#parts = [];
    this.#reader = new FrameReader(shapeOf(truth.channel).state);
    this.#rows = new Map();
    this.#digest = 0;
    this.#events.clear();
  }

  /** A message has come. @returns the frame that it was the end of */
  message(line: readonly unknown[], bytes: Uint8Array | undefined): Frame | undefined {
    const [, tick, data, meta] = line;
    const { event, part, more } = (meta ?? {}) as { event?: string; part?: number; more?: boolean };
    if (typeof tick !== "number") {
      this.#fault(`a message without a tick: ${JSON.stringify(line)}`);
      return undefined;
    }
    if (bytes === undefined) {
      this.#event(tick, event ?? "", data);
      return undefined;
    }
    if (part !== undefined) {
      if (part === 0) this.#parts = [];
      if (part !== this.#parts.length)
        this.#fault(`part ${part} behind ${this.#parts.length} of tick ${tick}`);
      this.#deps.recorder.count("parts");
    } else this.#parts = [];
    this.#parts.push(bytes);
    if (more === true) return undefined;
    const whole = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts);
    this.#parts = [];
    return this.#frame(whole, tick);
  }

  /** Looks at frames that nobody could judge when they came. @param isEnd whether nothing more is told */
  settle(isEnd: boolean): void {
    const { truth } = this.#deps;
    this.#early = this.#early.filter((early) => {
      const known = truth.shown.at(early.epoch, early.tick);
      if (known !== undefined) this.#judge(known, early);
      return known === undefined;
    });
    if (!isEnd) return;
    // Of a reign that ended before its first tick nobody was told what the room was then.
    for (const { epoch, tick } of this.#early)
      if (truth.hasTold(epoch)) this.#fault(`R6: it is shown tick ${tick} of ${epoch}, which was never told`);
    this.#early = [];
  }

  #frame(bytes: Uint8Array, tick: number): Frame | undefined {
    const { name, recorder, truth } = this.#deps;
    if (this.#hasFrame ? tick <= this.tick : tick < this.tick)
      this.#fault(`R21: tick ${tick} of ${this.epoch} comes behind ${this.tick}`);
    let frame: Frame;
    try {
      frame = this.#reader.read(bytes, tick);
    } catch (error) {
      this.#fault(`R22: a frame of tick ${tick} that cannot be read: ${String(error)}`);
      return undefined;
    }
    recorder.count("frames");
    recorder.trace(name + tick);
    this.tick = tick;
    this.#hasFrame = true;
    this.#apply(frame);
    const shown = {
      epoch: this.epoch,
      tick,
      digest: this.#digest,
      placed: this.#rows.get(THINGS) ?? NOTHING,
    };
    const known = truth.shown.at(this.epoch, tick);
    if (known !== undefined) this.#judge(known, shown);
    else this.#early.push({ ...shown, placed: new Map(shown.placed) });
    return frame;
  }

  /** Hot: once a frame. */
  #apply({ tables }: Frame): void {
    for (const [table, { leaves, enters, updates }] of Object.entries(tables)) {
      const of = this.#deps.truth.shown.digests.get(table);
      let rows = this.#rows.get(table);
      if (rows === undefined) this.#rows.set(table, (rows = new Map()));
      const counts = table !== THINGS;
      const put = (key: string, digest: number | undefined): void => {
        const before = rows.get(key);
        if (counts && before !== undefined) this.#digest = withRow(this.#digest, -before);
        if (digest === undefined) rows.delete(key);
        else {
          rows.set(key, digest);
          if (counts) this.#digest = withRow(this.#digest, digest);
        }
      };
      for (const key of leaves) put(key, undefined);
      for (const [key, row] of enters) put(key, of?.of(key, row));
      for (const [key, row] of updates) put(key, of?.of(key, row));
    }
  }

  #judge(known: TickTruth, { epoch, tick, digest, placed }: Early): void {
    const { seat, isLate } = this.#deps;
    if (!isLate && digest !== known.digest)
      this.#fault(`R22: tick ${tick} of ${epoch} is shown as it was not`);
    if (known.placed === undefined) return;
    const fault = faultOfView(known, placed, seat, isLate);
    if (fault !== undefined) this.#fault(`R22: tick ${tick} of ${epoch}: ${fault}`);
  }

  #event(tick: number, event: string, data: unknown): void {
    const { seat, recorder } = this.#deps;
    recorder.count("events");
    if (!isEvent(data)) return this.#fault(`R24: an event that says ${JSON.stringify(data)}`);
    if (event === "told" && data.seat !== seat) this.#fault(`R24: an event that was for ${data.seat}`);
    if (data.tick > tick) this.#fault(`R24: an event of tick ${data.tick} with tick ${tick}`);
    const id = `${event} ${data.seat} ${data.k} ${data.tick}`;
    if (this.#events.has(id)) this.#fault(`R24: ${id} was told twice`);
    this.#events.add(id);
  }

  #fault(what: string): void {
    const { name, truth, findings } = this.#deps;
    findings.add("frames", `${name} in ${truth.channel}: ${what}`);
  }
}

const NOTHING: ReadonlyMap<string, number> = new Map();
