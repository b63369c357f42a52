/** The memory that a process shares with the thread that watches it: which step it is in. */
import { STEPS, type StepMarks, type StepName, type Watched } from "./steps.js";

/** A channel's name has 255 bytes at most, which JSON may make six times as long; the rest is ids and a note. */
const RECORD_BYTES = 4096;
const RECORD_AT = 64;
/** Words of 32 bits. The first is one higher with each beginning and end of a step: odd within one. */
const SEQUENCE = 0;
const STEP = 1;
const LENGTH = 2;
const DEBUGGED = 3;
const TIGHT = 4;
/** A double of 64 bits. */
const TICK = 4;

const CODES: ReadonlyMap<StepName, number> = new Map(STEPS.map((step, code) => [step, code]));

export function newStepMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(RECORD_AT + RECORD_BYTES);
}

/** Told of beginnings and ends as well, while there is need of it. */
export interface CloseLook {
  begin(of: Watched): void;
  end(): void;
}

/** The end of the thread that makes the steps. */
export class StepWriter implements StepMarks {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #record: Uint8Array;
  #sequence = 0;
  #of: Watched | undefined;
  #closeLook: CloseLook | undefined;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, RECORD_AT / 4);
    this.#doubles = new Float64Array(memory, 0, RECORD_AT / 8);
    this.#record = new Uint8Array(memory, RECORD_AT);
  }

  /** Hot path: no allocation, and nothing but memory unless a close look is taken. */
  begin(of: Watched, tick: number, step: StepName): void {
    if (of !== this.#of) this.#take(of);
    this.#doubles[TICK] = tick;
    this.#words[STEP] = CODES.get(step) ?? 0;
    // From even to odd, and from odd to the next odd, where a step before it did not say that it ended.
    this.#sequence = (this.#sequence + 1 + (this.#sequence & 1)) | 0;
    Atomics.store(this.#words, SEQUENCE, this.#sequence);
    this.#closeLook?.begin(of);
  }

  at(step: StepName): void {
    this.#words[STEP] = CODES.get(step) ?? 0;
  }

  end(): void {
    if ((this.#sequence & 1) === 0) return;
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(this.#words, SEQUENCE, this.#sequence);
    this.#closeLook?.end();
  }

  /** Somebody else is told of each step from now on; undefined: nobody. */
  lookClosely(look: CloseLook | undefined): void {
    this.#closeLook = look;
    Atomics.store(this.#words, TIGHT, look === undefined ? 0 : 1);
  }

  /** A debugger may hold this thread at any time: standing still means nothing then. */
  set isDebugged(isDebugged: boolean) {
    Atomics.store(this.#words, DEBUGGED, isDebugged ? 1 : 0);
  }

  #take(of: Watched): void {
    this.#of = of;
    // One that is too long is not told of: its step still is, and that it stands still.
    const length = of.bytes.length <= RECORD_BYTES ? of.bytes.length : 0;
    this.#words[LENGTH] = length;
    if (length > 0) this.#record.set(of.bytes);
  }
}

/** The step that the watched thread is in, or was in last. Only what has not moved for a while can be relied on. */
export interface StepView {
  readonly sequence: number;
  readonly isInside: boolean;
  readonly tick: number;
  readonly step: StepName;
  readonly isDebugged: boolean;
  /** Whether each step is told of by the thread itself. */
  readonly isTight: boolean;
}

/** The end of the thread that watches. */
export class StepReader {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #record: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, RECORD_AT / 4);
    this.#doubles = new Float64Array(memory, 0, RECORD_AT / 8);
    this.#record = new Uint8Array(memory, RECORD_AT);
  }

  read(): StepView {
    const sequence = Atomics.load(this.#words, SEQUENCE);
    return {
      sequence,
      isInside: (sequence & 1) === 1,
      tick: this.#doubles[TICK] ?? 0,
      step: STEPS[this.#words[STEP] ?? 0] ?? "step",
      isDebugged: Atomics.load(this.#words, DEBUGGED) === 1,
      isTight: Atomics.load(this.#words, TIGHT) === 1,
    };
  }

  /** What was said of the room, as JSON; empty where it was too long. */
  record(): string {
    // Shared memory is not decoded as it is.
    return new TextDecoder().decode(this.#record.slice(0, this.#words[LENGTH] ?? 0));
  }
}
