/**
 * How far one subscription is ahead of what its client has acknowledged. What a socket has taken may lie in the kernel, in a proxy,
 * or in a page that does not get to it: only the client knows.
 */
import type { Chunk } from "./chunk.js";
import type { Outgoing, Way } from "./outgoing.js";

/** Small lines are remembered together, up to this share of the window: a million of them take no more than a few large ones. */
const SHARE = 1 / 64;

/** Lines that follow each other. */
interface Run {
  /** The number of the last one, from 1 on. */
  last: number;
  bytes: number;
}

export class AckWindow implements Way {
  /**
   * How much may be ahead, in bytes, where another message is begun; and as much again while one goes on. A page that gets to its
   * messages only now and then would need several such moments for one message otherwise.
   */
  readonly size: number;
  readonly #out: Outgoing;
  /** What is not acknowledged, oldest first. */
  readonly #runs: Run[] = [];
  #ahead = 0;
  #sent = 0;
  /**
   * Bytes of the newest message so far: the next one may be as large. Of those that were acknowledged nothing is expected: whoever
   * acknowledges by halves of the window says nothing before there is as much again.
   */
  #message = 0;
  /** Whether the line that there was no room for goes on with a message. */
  #goesOn = false;
  #waiting: (() => void) | undefined;

  constructor(size: number, out: Outgoing) {
    this.size = size;
    this.#out = out;
  }

  /** How many lines were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether there is no room for the line that was offered last. */
  get isFull(): boolean {
    if (this.#goesOn) return this.#ahead >= 2 * this.size;
    return this.#ahead + Math.min(this.#message, this.#ahead) > this.size;
  }

  /** Hot path. Takes a chunk of one line if there is room for it, here and in the way out. */
  offer(chunk: Chunk, goesOn = false): boolean {
    this.#goesOn = goesOn;
    if (this.isFull || !this.#out.offer(chunk)) return false;
    const { size } = chunk;
    this.#message = goesOn ? this.#message + size : size;
    this.#sent++;
    this.#ahead += size;
    const run = this.#runs.at(-1);
    if (run !== undefined && run.bytes + size <= this.size * SHARE) {
      run.last = this.#sent;
      run.bytes += size;
    } else this.#runs.push({ last: this.#sent, bytes: size });
    return true;
  }

  /** So many lines have come. `false` where that is more than were sent; fewer than were acknowledged before say nothing. */
  acknowledge(lines: number): boolean {
    if (lines > this.#sent) return false;
    for (let run = this.#runs[0]; run !== undefined && run.last <= lines; run = this.#runs[0]) {
      this.#ahead -= run.bytes;
      this.#runs.shift();
    }
    const waiting = this.#waiting;
    if (waiting === undefined || this.isFull) return true;
    this.#waiting = undefined;
    waiting();
    return true;
  }

  /** Calls `run` when there is room again, which there is not now. There is one who waits: the last one. */
  whenRoomy(run: () => void): void {
    this.#waiting = run;
  }
}
