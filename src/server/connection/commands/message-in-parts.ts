/** A publish whose bytes come in parts: what has come of it, up to where it is carried out like every other. */
import type { Command } from "../../../protocol/index.js";
import type { TidemarkError } from "../../errors.js";
import { Blocks } from "../limits/blocks.js";
import type { Incomplete, IncompleteMessages } from "../limits/incomplete.js";
import type { Unfinished } from "../limits/unfinished.js";
import { tooManyBytes } from "../publish/payload.js";
import type { Part } from "./part.js";

type Publish = Command & { do: "publish" };

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
  readonly #blocks = new Blocks();
  #refusal: TidemarkError | undefined;

  /** @param first the command, as the first part has it */
  constructor(owner: MessageOwner, first: Publish, sentAfter: number) {
    this.#owner = owner;
    this.#first = { ...first, bytes: undefined };
    this.sentAfter = sentAfter;
  }

  /** Bytes that have come. */
  get size(): number {
    return this.#blocks.size;
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
  add({ bytes, more }: Part, most: number, room: IncompleteMessages): boolean {
    const size = this.size + bytes.length;
    if (size > most) throw tooManyBytes(size, most);
    this.waited = 0;
    this.came = bytes.length;
    const growth = this.#blocks.growth(bytes.length, !more);
    if (!room.grow(this, growth)) return false;
    this.#blocks.add(bytes, growth);
    return true;
  }

  /** The message will not be published, and nothing is kept of it. */
  refuse(why: TidemarkError): void {
    this.#refusal = why;
    this.#blocks.drop();
  }

  giveWay(): void {
    this.#owner.gaveWay(this);
  }

  /** The command that all parts together are. Once: what was held of the message goes with it. */
  command(): Publish {
    this.#owner.taken(this);
    return { ...this.#first, bytes: this.#blocks.take() };
  }
}
