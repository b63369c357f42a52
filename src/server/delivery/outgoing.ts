/**
 * A connection's way out. Everything that goes to one client passes here, in order: replies, events, messages.
 * It is written once per turn of the event loop, as one frame; and it never holds more than its cap.
 */
import type { Chunk } from "./chunk.js";
import type { OnError } from "../guard.js";
import type { Budget } from "./budget.js";
import type { Flusher } from "./flusher.js";
import { OpenMessages } from "./open-messages.js";

/** Room for what is not counted in chunks, in bytes: a frame's header, a few pings, a close frame. */
const FRAMING = 256;

/** Where chunks are written to: one peer's transport. */
export interface Sink {
  /** Writes chunks in order, in few frames. MUST NOT throw: a dead peer is reported by the transport's close. */
  write(chunks: readonly Chunk[]): void;
  /** The same for one chunk, which many connections share. */
  writeShared(chunk: Chunk): void;
  /** Bytes handed over and not yet taken by the kernel. */
  readonly unsent: number;
  /** Calls `run` once, as soon as `unsent` is 0; MUST NOT do so before this has returned. */
  whenDrained(run: () => void): void;
}

/** What takes chunks, or does not: a connection's way out, or one subscription's part of it. */
export interface Way {
  /**
   * Takes the chunk if there is room for it; `false` and nothing happened if there is none.
   *
   * @param goesOn whether it goes on with a message that has begun
   */
  offer(chunk: Chunk, goesOn?: boolean): boolean;
}

/** Whose way out it is: a connection. Its own object, since there are as many of both as there are peers. */
export interface OutgoingOwner {
  /** Something failed while it wrote or went on; it ends itself. */
  readonly abandon: OnError;
}

export class Outgoing implements Way {
  readonly #sink: Sink;
  readonly #flusher: Flusher;
  readonly #budget: Budget;
  readonly #owner: OutgoingOwner;
  /** What waits for the end of the turn: nearly always one chunk. An array would be made anew for each. */
  #first: Chunk | undefined;
  /** All of it, the first one too, where that are several. */
  #several: Chunk[] | undefined;
  #queued = 0;
  /** What the budget thinks this connection holds. */
  #held = 0;
  #waiting: (() => void)[] | undefined;
  #draining = false;
  #drains = 0;
  #closed = false;
  /** Made with the first message of several parts. */
  #messages: OpenMessages | undefined;

  constructor(sink: Sink, flusher: Flusher, budget: Budget, owner: OutgoingOwner) {
    this.#sink = sink;
    this.#flusher = flusher;
    this.#budget = budget;
    this.#owner = owner;
  }

  /** The largest chunk that can ever be taken, in bytes. */
  get most(): number {
    return this.#budget.perConnection - FRAMING;
  }

  /** Counts how often everything that waited has gone out: while it grows, the peer reads. */
  get drains(): number {
    return this.#drains;
  }

  /** Bytes that wait here or in the socket. */
  get unsent(): number {
    return this.#queued + this.#sink.unsent;
  }

  /** Hot path. Takes the chunk if it fits under the cap; `false` and nothing happened if it does not. */
  offer(chunk: Chunk): boolean {
    const unsent = this.#queued + this.#sink.unsent;
    if (unsent + chunk.size + FRAMING > this.#budget.cap && (unsent > 0 || chunk.size > this.most))
      return false;
    if (this.#closed) return true;
    if (this.#first === undefined) {
      this.#first = chunk;
      this.#flusher.add(this);
    } else if (this.#several === undefined) this.#several = [this.#first, chunk];
    else this.#several.push(chunk);
    this.#queued += chunk.size;
    this.#hold(this.#held + chunk.size);
    return true;
  }

  /** Whether there is room for a page: at most half of the cap is used. */
  get roomy(): boolean {
    const unsent = this.#queued + this.#sink.unsent;
    return unsent === 0 || unsent <= this.#budget.cap / 2;
  }

  /** Calls `run` once, in a later turn, when the connection is {@link roomy}, each in its turn; never after it closed. */
  whenRoomy(run: () => void): void {
    if (this.#closed) return;
    (this.#waiting ??= []).push(run);
    if (this.#first === undefined) this.#awaitDrain();
  }

  /** Whether a message of several parts may be begun here. */
  get mayBegin(): boolean {
    return this.#messages?.mayBegin !== false;
  }

  /** The first part of a message was taken; its last part, or its breaking off, is told with `ended`. */
  begun(): void {
    (this.#messages ??= new OpenMessages()).begun();
  }

  ended(): void {
    const run = this.#messages?.ended();
    // In a later turn: whoever waits must not run inside of what it waits for.
    if (run !== undefined) this.#flusher.soon(() => this.#run(run));
  }

  /**
   * Calls `run` once, when no message of several parts is in the middle: at once where none is. From here on no other is begun.
   * Only the first call counts; never after it closed.
   */
  whenWhole(run: () => void): void {
    const messages = (this.#messages ??= new OpenMessages());
    if (this.#closed || !messages.mayBegin) return;
    messages.wait(run);
    if (messages.whole) this.#run(run);
  }

  /** Writes what has come together in this turn. Called by the flusher only. */
  flush(): void {
    const first = this.#first;
    if (first === undefined) return;
    const several = this.#several;
    this.#first = this.#several = undefined;
    this.#queued = 0;
    try {
      if (several === undefined) this.#sink.writeShared(first);
      else this.#sink.write(several);
      this.#settle();
    } catch (error) {
      this.#owner.abandon(error);
    }
  }

  /** Forgets everything: the peer is gone. */
  close(): void {
    this.#closed = true;
    this.#first = this.#several = undefined;
    this.#queued = 0;
    this.#waiting = this.#messages = undefined;
    this.#hold(0);
  }

  #run(run: () => void): void {
    if (this.#closed) return;
    try {
      run();
    } catch (error) {
      this.#owner.abandon(error);
    }
  }

  #settle(): void {
    const unsent = this.#sink.unsent;
    this.#hold(unsent);
    if (unsent > 0 || this.#waiting !== undefined) this.#awaitDrain();
  }

  #awaitDrain(): void {
    if (this.#draining) return;
    if (this.#sink.unsent === 0) {
      // Nothing to wait for, but never at once: whoever waits must not run inside of what it waits for.
      this.#draining = true;
      this.#flusher.soon(() => this.#drained());
      return;
    }
    this.#draining = true;
    this.#sink.whenDrained(() => this.#drained());
  }

  #drained(): void {
    this.#draining = false;
    if (this.#closed) return;
    this.#drains++;
    if (this.#first === undefined) this.#hold(this.#sink.unsent);
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    try {
      let next = 0;
      while (next < waiting.length && this.roomy) waiting[next++]?.();
      if (next < waiting.length) this.#waitOn(waiting.slice(next));
    } catch (error) {
      this.#owner.abandon(error);
    }
  }

  /** Those for whom no room was left come before those who had some. */
  #waitOn(waiting: (() => void)[]): void {
    if (this.#closed) return;
    this.#waiting = this.#waiting === undefined ? waiting : [...waiting, ...this.#waiting];
    if (this.#first === undefined) this.#awaitDrain();
  }

  #hold(bytes: number): void {
    this.#budget.add(bytes - this.#held);
    this.#held = bytes;
  }
}
