/**
 * The live end of a channel. What comes in one turn of the event loop is encoded once, at the turn's end, and offered in
 * chunks of a page to everybody who is live. Whoever cannot take a chunk is behind, from where that chunk begins; and so is
 * everybody before a message that goes in parts: those are sent to each at the pace of its socket.
 */
import type { Cursor } from "../../protocol/index.js";
import { Audience, type Subscriber } from "../delivery/audience.js";
import { Chunk, PAGE_BYTES, type EncodedLine } from "../delivery/chunk.js";
import type { Memory } from "../kinds/kind.js";

/** Whose live end it is: a channel's feed. `S` is what comes: a step of its log, or a signal. */
export interface FanOutOwner<S> {
  /** The turn has ended, in which these came. Calls `deliver`, if they are still to be told. */
  flush(steps: readonly S[]): void;
  /** Somebody could not take what came, and stands at `at`. */
  lag(subscriber: Subscriber, at: Cursor): void;
  /** The offset of those who stood at `offset` and have been told of the step. */
  offsetAfter(step: S, offset: number): number;
  /** The epoch of those who stood in `epoch` and have been told of the step. */
  epochAfter(step: S, epoch: string): string;
}

export class FanOut<S> {
  readonly audience = new Audience();
  /** Where the live subscribers are. */
  at: Cursor = { epoch: "", offset: 0 };
  readonly #owner: FanOutOwner<S>;
  readonly #memory: Memory<S>;
  readonly #collect: (flush: () => void) => void;
  #pending: S[] = [];
  #collecting = false;

  /** @param collect has `flush` called at the end of this turn */
  constructor(owner: FanOutOwner<S>, memory: Memory<S>, collect: (flush: () => void) => void) {
    this.#owner = owner;
    this.#memory = memory;
    this.#collect = collect;
  }

  /** Adds what comes next. `collect` must be called in the same turn. */
  push(step: S): void {
    this.#pending.push(step);
  }

  /** Has the owner's `flush` called at the end of this turn. */
  collect(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    this.#collect(() => this.#flush());
  }

  /** Hot path: encodes what came in this turn, once, and hands it to every live subscriber. */
  deliver(steps: readonly S[]): void {
    let lines: EncodedLine[] = [];
    let size = 0;
    let { epoch, offset } = this.at;
    for (const step of steps) {
      const line = this.#memory.push(step, epoch);
      if ((line === undefined || size + line.size > PAGE_BYTES) && lines.length > 0) {
        this.#offer(lines, { epoch, offset });
        lines = [];
        size = 0;
      }
      epoch = this.#owner.epochAfter(step, epoch);
      offset = this.#owner.offsetAfter(step, offset);
      if (line === undefined) this.#passBy({ epoch, offset });
      else {
        lines.push(line);
        size += line.size;
      }
    }
    if (lines.length > 0) this.#offer(lines, { epoch, offset });
  }

  #flush(): void {
    this.#collecting = false;
    const steps = this.#pending;
    this.#pending = [];
    this.#owner.flush(steps);
  }

  /** What ends at `end` is not offered to anybody. */
  #passBy(end: Cursor): void {
    const base = this.at;
    this.audience.fallBehind((one) => this.#owner.lag(one, base));
    this.at = end;
  }

  #offer(lines: readonly EncodedLine[], end: Cursor): void {
    const base = this.at;
    this.audience.deliver(new Chunk(lines), (subscriber) => this.#owner.lag(subscriber, base));
    this.at = end;
  }
}
