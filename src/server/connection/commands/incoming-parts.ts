/**
 * Messages of one connection that come in parts. Their parts are taken out of what comes before it reaches the
 * {@link Intake}, and each message goes in there as one command, where its last part was. So nothing behind knows of parts.
 */
import { CommandError, NotACommand, decodeCommand, type CloseName } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { OnError } from "../../guard.js";
import { overloaded } from "../limits/incomplete.js";
import type { UnfinishedOwner } from "../limits/unfinished.js";
import type { Link } from "../link.js";
import type { ServerNode } from "../node.js";
import type { Stage } from "./carry-out.js";
import type { Intake } from "./intake.js";
import { MessageInParts, type MessageOwner } from "./message-in-parts.js";
import { PartOrder, partOf, type Part } from "./part.js";
import type { Incoming } from "./read-frame.js";

/** Whose parts they are: a connection. */
export interface PartsOwner {
  readonly node: ServerNode;
  readonly stage: Stage;
  readonly intake: Pick<Intake, "take" | "arrivedAfter" | "paused">;
  /** Something came that is no command by itself; too much of that ends the connection. */
  receiveNothing(): void;
  /** A message has been under way for too long. */
  unfinished(reason: string): void;
  close(name: CloseName, reason: string): void;
  /** Something failed: the connection ends itself. Must not throw. */
  readonly abandon: OnError;
}

/** Whether there is a part of a message among what a frame holds. */
export function hasParts(incoming: readonly Incoming[]): boolean {
  const first = incoming[0];
  // Commands that were read in place are plain, all of them.
  if (first === undefined || first.do !== undefined) return false;
  return incoming.some(looksLikePart);
}

function looksLikePart(one: Incoming): boolean {
  if (!("value" in one) || typeof one.value !== "object" || one.value === null) return false;
  return Object.hasOwn(one.value, "part");
}

/**
 * Whether a payload of so many bytes, which are held or given back, counts among the messages that come in parts, as it may
 * have done. Over HTTP none does: there the body is counted that it came in.
 */
export function isLarge(bytes: number, { message }: { readonly message: number }): boolean {
  return bytes > message || bytes < -message;
}

export class IncomingParts implements MessageOwner, UnfinishedOwner {
  readonly #owner: PartsOwner;
  readonly #link: Pick<Link, "resting">;
  readonly #order = new PartOrder();
  /** The message that is incomplete; `undefined` also where what still comes of one is skipped. */
  #open: MessageInParts | undefined;
  /** All messages that are not carried out yet: the incomplete one, and those that wait in the intake. */
  readonly #mine = new Set<MessageInParts>();
  /** Bytes of large messages that are on their way to the broker. */
  #large = 0;

  constructor(owner: PartsOwner, link: Pick<Link, "resting">) {
    this.#owner = owner;
    this.#link = link;
  }

  /** Whether all that comes has to be looked at, since a message is incomplete. */
  get isOpen(): boolean {
    return this.#order.isOpen;
  }

  /** Takes what has come, and hands on what of it is whole. */
  take(incoming: readonly Incoming[]): void {
    const whole: Incoming[] = [];
    let problem: NotACommand | undefined;
    try {
      for (const one of incoming) if (this.#owner.stage !== "closed") this.#read(one, whole);
    } catch (error) {
      if (!(error instanceof NotACommand)) throw error;
      problem = error;
    }
    if (this.#owner.stage === "closed") return;
    if (whole.length > 0) this.#owner.intake.take(whole);
    if (problem !== undefined) this.#owner.close("policy", problem.message);
  }

  #read(one: Incoming, whole: Incoming[]): void {
    const part = "value" in one ? partOf(one) : undefined;
    if (part === undefined) {
      if (this.#order.isOf(channelOf(one))) this.#drop();
      whole.push(one);
      return;
    }
    if (part.more && this.#owner.stage !== "open")
      throw new NotACommand("parts of a message are sent after the answer to connect");
    if (part.number === 0) this.#drop();
    this.#order.take(part);
    // It is a frame, or as much work as one.
    if (part.more) this.#owner.receiveNothing();
    if (this.#owner.stage === "closed") return;
    if (part.number > 0) this.#add(part, whole);
    else if (part.more) this.#begin(part, whole);
    else whole.push(part.line);
  }

  #begin(part: Part, whole: Incoming[]): void {
    const { intake } = this.#owner;
    try {
      const command = decodeCommand(part.line);
      if (command.do !== "publish") return;
      this.#open = new MessageInParts(this, command, intake.arrivedAfter);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // Whoever carries out the line finds the same, and answers.
      whole.push(part.line);
      return;
    }
    this.#mine.add(this.#open);
    this.#owner.node.unfinished.add(this.#open, this);
    this.#add(part, whole);
  }

  /** Adds a part to the incomplete message, and hands that on when it is whole, or is refused: the rest is skipped then. */
  #add(part: Part, whole: Incoming[]): void {
    const message = this.#open;
    if (message === undefined) return;
    const { limits, incomplete } = this.#owner.node;
    let refusal: TidemarkError | undefined;
    try {
      if (!message.add(part, limits.binary, incomplete)) refusal = overloaded();
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error;
      refusal = error;
    }
    if (refusal === undefined && part.more) return;
    this.#endOpen();
    if (refusal !== undefined) this.#refuse(message, refusal);
    whole.push(message);
  }

  /** The message that is incomplete is not waited for any more. */
  #endOpen(): void {
    if (this.#open === undefined) return;
    this.#owner.node.unfinished.delete(this.#open);
    this.#open = undefined;
  }

  #refuse(message: MessageInParts, why: TidemarkError): void {
    message.refuse(why);
    this.#forget(message);
  }

  #forget(message: MessageInParts): void {
    this.#owner.node.incomplete.drop(message);
    this.#mine.delete(message);
  }

  /** Drops the incomplete message, unanswered: its client has begun another one. */
  #drop(): void {
    this.#order.drop();
    if (this.#open === undefined) return;
    this.#forget(this.#open);
    this.#endOpen();
  }

  gaveWay(message: MessageInParts): void {
    this.#refuse(message, overloaded());
    // One that is whole is in the intake already.
    if (message !== this.#open) return;
    this.#endOpen();
    try {
      this.#owner.intake.take([message]);
    } catch (error) {
      this.#owner.abandon(error);
    }
  }

  taken(message: MessageInParts): void {
    this.#forget(message);
  }

  /** The payload of a large message is on its way to the broker, or, with a negative number, is no more. */
  hold(bytes: number): void {
    this.#large += bytes;
    this.#owner.node.incomplete.hold(bytes);
  }

  get unread(): boolean {
    return this.#owner.intake.paused || this.#link.resting === true;
  }

  onUnfinished(): void {
    const size = this.#open?.size ?? 0;
    this.#drop();
    this.#owner.node.refused.unfinished++;
    this.#owner.unfinished(`the next part of a message did not come in time; ${size} bytes of it have come`);
  }

  /** The connection has ended: all that it held is given back. */
  close(): void {
    this.#endOpen();
    for (const message of this.#mine) this.#forget(message);
    this.hold(-this.#large);
  }
}

function channelOf(one: Incoming): unknown {
  if ("do" in one) return one.do === "publish" ? one.channel : undefined;
  if (!("value" in one) || typeof one.value !== "object" || one.value === null) return undefined;
  return Object.hasOwn(one.value, "publish") ? (one.value as { publish: unknown }).publish : undefined;
}
