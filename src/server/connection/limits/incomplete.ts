/**
 * What all connections hold of messages that are not whole: those that come in parts, and bodies of requests that are longer
 * than a frame. There is room for so many bytes together. Where there is none left, those go first that have waited longest
 * for more: who only begins loses to who goes on.
 */
import { TidemarkError } from "../../errors.js";
import type { RefusedCounters } from "./refused.js";

/** Room for this much at least, in bytes, and for four of the largest messages. */
const LEAST_ROOM = 64 * 1024 * 1024;
const LEAST_MESSAGES = 4;

/** When who had to give way may try again, in milliseconds. */
const AGAIN_MS = 1000;

/** What is told to who had to give way. */
export function overloaded(): TidemarkError {
  const message = "too much that is not whole is under way to this server; send the message again";
  return new TidemarkError("overloaded", message, { after: AGAIN_MS });
}

/** A message that is not whole, or is and waits to be carried out. */
export interface Incomplete {
  /** Bytes that are held of it; {@link IncompleteMessages} keeps count of them. */
  held: number;
  /** The message has lost its room, and is to let go of what it holds. Must not throw. */
  giveWay(): void;
}

/** How many bytes there is room for. */
export function mostIncomplete({ binary }: { readonly binary: number }): number {
  return Math.max(LEAST_ROOM, LEAST_MESSAGES * binary);
}

export class IncompleteMessages {
  readonly #most: number;
  /** Those that may have to give way; the one that has waited longest comes first. */
  readonly #waiting = new Set<Incomplete>();
  readonly #refused: Pick<RefusedCounters, "overloaded">;
  #held = 0;

  /**
   * @param most bytes of all of them together
   * @param refused where it is counted that there was no room
   */
  constructor(most: number, refused: Pick<RefusedCounters, "overloaded">) {
    this.#most = most;
    this.#refused = refused;
  }

  /** Bytes that are held now. */
  get held(): number {
    return this.#held;
  }

  /** How many messages may have to give way. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * More of a message has come: so many bytes more are to be held, for which others give way. `false` where there is no room
   * even so; then nothing is held of the message any more.
   */
  grow(message: Incomplete, bytes: number): boolean {
    this.#waiting.delete(message);
    for (const other of this.#waiting) {
      if (this.#held + bytes <= this.#most) break;
      this.drop(other);
      this.#refused.overloaded++;
      other.giveWay();
    }
    if (this.#held + bytes > this.#most) {
      this.drop(message);
      this.#refused.overloaded++;
      return false;
    }
    message.held += bytes;
    this.#held += bytes;
    this.#waiting.add(message);
    return true;
  }

  /** A message is whole and in use: it gives no way any more until it is dropped. */
  settle(message: Incomplete): void {
    this.#waiting.delete(message);
  }

  /** Nothing is held of a message any more. */
  drop(message: Incomplete): void {
    this.#waiting.delete(message);
    this.#held -= message.held;
    message.held = 0;
  }

  /** A message that was whole is on its way to the broker with so many bytes, or, with a negative number, is no more. */
  hold(bytes: number): void {
    this.#held += bytes;
  }
}
