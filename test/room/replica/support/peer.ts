/** A connection without a socket, and its client: what it was sent, as that reads it. */
import { splitBinaryLines, type Clock, type Cursor } from "../../../../src/protocol/index.js";
import type { Row } from "../../../../src/room/column.js";
import { FrameReader, type Frame } from "../../../../src/room/frame-reader.js";
import type { Tables } from "../../../../src/room/hooks.js";
import { Subscriber } from "../../../../src/server/delivery/audience.js";
import { Budget, DEFAULT_BUDGET } from "../../../../src/server/delivery/budget.js";
import type { Chunk } from "../../../../src/server/delivery/chunk.js";
import type { Flusher } from "../../../../src/server/delivery/flusher.js";
import { Outgoing, type Sink } from "../../../../src/server/delivery/outgoing.js";

export interface Told {
  readonly tick: number;
  readonly event: string;
  readonly data: unknown;
}

export interface Gap {
  readonly after: number;
  readonly until: number;
  readonly epoch: string;
  readonly reason: string;
}

/** The socket: takes everything at once, unless it is stuck. */
class PeerSink implements Sink {
  readonly #clock: Clock;
  readonly #take: (chunk: Chunk) => void;
  #held: Chunk[] = [];
  #drained: (() => void)[] = [];
  isStuck = false;

  constructor(clock: Clock, take: (chunk: Chunk) => void) {
    this.#clock = clock;
    this.#take = take;
  }

  get unsent(): number {
    return this.#held.reduce((sum, { size }) => sum + size, 0);
  }

  write(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) this.writeShared(chunk);
  }

  writeShared(chunk: Chunk): void {
    if (this.isStuck) this.#held.push(chunk);
    else this.#take(chunk);
  }

  whenDrained(run: () => void): void {
    this.#drained.push(run);
  }

  /** Takes all that waits; whether it goes on so is up to `isStuck`. */
  drain(): void {
    const held = this.#held;
    this.#held = [];
    for (const chunk of held) this.#take(chunk);
    const drained = this.#drained;
    this.#drained = [];
    for (const run of drained) this.#clock.setImmediate(run);
  }
}

export class Peer {
  readonly subscriber: Subscriber;
  readonly frames: Frame[] = [];
  readonly events: Told[] = [];
  readonly gaps: Gap[] = [];
  /** Everything in its order, for what comes first. */
  readonly lines: string[] = [];
  /** What it has seen: `reign:tick`, in the order of seeing. */
  readonly cursors: string[] = [];
  /** How many parts of frames came. */
  parts = 0;
  reader: FrameReader;
  epoch: string;
  /** Called with each frame, when it was read. */
  onFrame: (frame: Frame) => void = () => {};
  readonly #state: Tables;
  readonly #sink: PeerSink;
  #incomplete: Uint8Array[] = [];

  constructor(clock: Clock, flusher: Flusher, state: Tables, cursor: Cursor = { epoch: "", offset: 0 }) {
    this.#state = state;
    this.reader = new FrameReader(state);
    this.epoch = cursor.epoch;
    this.#sink = new PeerSink(clock, (chunk) => this.#read(chunk));
    const abandon = (error: unknown): void => {
      throw error;
    };
    const out = new Outgoing(this.#sink, flusher, new Budget(DEFAULT_BUDGET), { abandon });
    this.subscriber = new Subscriber(out, cursor, true);
  }

  get tick(): number | undefined {
    return this.reader.tick;
  }

  get newest(): Frame | undefined {
    return this.frames.at(-1);
  }

  rows(table: string): ReadonlyMap<string, Row> {
    return this.reader.rows(table);
  }

  /** Its socket takes nothing any more. */
  stick(): void {
    this.#sink.isStuck = true;
  }

  /** Its socket takes what waits, and then again nothing. */
  gulp(): void {
    this.#sink.drain();
  }

  unstick(): void {
    this.#sink.isStuck = false;
    this.#sink.drain();
  }

  get unsent(): number {
    return this.subscriber.out.unsent;
  }

  #read(chunk: Chunk): void {
    for (const { value, bytes } of splitBinaryLines(chunk.toBinary())) {
      if (Array.isArray(value)) this.#message(value, bytes);
      else {
        const gap = value as Gap & { readonly event: string };
        if (gap.event !== "gap") throw new Error(`an event that is no gap: ${JSON.stringify(value)}`);
        this.gaps.push(gap);
        this.lines.push(`gap ${gap.epoch}`);
        this.epoch = gap.epoch;
        this.reader = new FrameReader(this.#state);
        this.#incomplete = [];
      }
    }
  }

  #message([, tick, data, meta]: readonly unknown[], bytes: Uint8Array | undefined): void {
    const about = (meta ?? {}) as { event?: string; part?: number; more?: boolean };
    if (typeof tick !== "number") throw new Error("a message without a tick");
    if (bytes === undefined) {
      this.events.push({ tick, event: about.event ?? "", data });
      this.lines.push(`event ${about.event} ${tick}`);
      return;
    }
    if (about.part !== undefined) {
      this.parts++;
      if (about.part === 0) this.#incomplete = [];
      if (about.part !== this.#incomplete.length) throw new Error(`part ${about.part} is not the next one`);
    }
    this.#incomplete.push(bytes.slice());
    if (about.more === true) return;
    const whole = Buffer.concat(this.#incomplete);
    this.#incomplete = [];
    const frame = this.reader.read(whole, tick);
    this.frames.push(frame);
    this.lines.push(`frame ${tick}`);
    this.cursors.push(`${this.epoch}:${tick}`);
    this.onFrame(frame);
  }
}
