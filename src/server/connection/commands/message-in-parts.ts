/** A publish whose bytes come in parts: what has come of it, up to where it is carried out like every other. */
import type { Command } from "../../../protocol/index.js";
import type { TidemarkError } from "../../errors.js";
import type { Incomplete, IncompleteMessages } from "../limits/incomplete.js";
import type { Unfinished } from "../limits/unfinished.js";
import { tooManyBytes } from "../publish/payload.js";

type Publish = Command & { do: "publish" };

const NOTHING = new Uint8Array(0);

/** Whose messages they are: the {@link IncomingParts} of a connection. */
export interface MessageOwner {
  /** A message has lost its room to others. Must not throw. */
  gaveWay(message: MessageInParts): void;
  /** A message is about to be carried out. */
  taken(message: MessageInParts): void;
}

export class MessageInParts implements Incomplete, Unfinished {
  held = 0;
  waited = 0;
  /** Bytes of the part that came last: by them it is judged how long the next one may take. */
  came = 0;
  /** The message was sent after this time, on the monotonic clock. */
  readonly sentAfter: number;
  readonly #owner: MessageOwner;
  readonly #first: Publish;
  #buffer: Uint8Array = NOTHING;
  #size = 0;
  #refusal: TidemarkError | undefined;

  /** @param first the command, as the first part has it */
  constructor(owner: MessageOwner, first: Publish, sentAfter: number) {
    this.#owner = owner;
    this.#first = { ...first, bytes: undefined };
    this.sentAfter = sentAfter;
  }

  /** Bytes that have come. */
  get size(): number {
    return this.#size;
  }

  /** Why the message is not published. */
  get refusal(): TidemarkError | undefined {
    return this.#refusal;
  }

  /**
   * Adds a part. `false` where there is no room for it.
   *
   * @param most bytes of the message
   * @throws {TidemarkError} `too_large`
   */
  add(part: Uint8Array, most: number, room: IncompleteMessages): boolean {
    const size = this.#size + part.length;
    if (size > most) throw tooManyBytes(size, most);
    this.waited = 0;
    this.came = part.length;
    const held = this.#buffer;
    // One buffer that grows: parts of a byte each would hold far more than the message.
    const capacity = size <= held.length ? held.length : Math.min(most, Math.max(size, 2 * held.length));
    if (!room.grow(this, capacity - held.length)) return false;
    if (capacity > held.length) {
      this.#buffer = Buffer.allocUnsafeSlow(capacity);
      this.#buffer.set(held.subarray(0, this.#size));
    }
    this.#buffer.set(part, this.#size);
    this.#size = size;
    return true;
  }

  /** The message will not be published, and nothing is kept of it. */
  refuse(why: TidemarkError): void {
    this.#refusal = why;
    this.#buffer = NOTHING;
  }

  giveWay(): void {
    this.#owner.gaveWay(this);
  }

  /** The command that all parts together are. Once: what was held of the message goes with it. */
  command(): Publish {
    this.#owner.taken(this);
    const bytes = this.#buffer.subarray(0, this.#refusal === undefined ? this.#size : 0);
    this.#buffer = NOTHING;
    return { ...this.#first, bytes };
  }
}
