/**
 * One client's connection: a state machine between a transport and the channels. What comes goes through its
 * {@link Intake}, which has it carried out, answers go through its {@link Outgoing}, and its dealings with channels are
 * its {@link Sessions}. Here is who the client is, how far the connection is, and how it ends.
 */
import {
  FrameError,
  type CloseName,
  type Command,
  type Id,
  type Line,
  type Timer,
} from "../../protocol/index.js";
import { digitsOf } from "../../protocol/digits.js";
import { textChunk, type Chunk } from "../delivery/chunk.js";
import { Outgoing, type OutgoingOwner } from "../delivery/outgoing.js";
import { errorBody, type TidemarkError } from "../errors.js";
import { detach } from "../guard.js";
import type { Caller, Identity } from "./caller.js";
import { LargeAnswers, type Answer, type LargeAnswersOwner } from "./channels/large-answers.js";
import { Sessions, type SessionsOwner } from "./channels/sessions.js";
import { leaveAll } from "./channels/subscribe.js";
import type { Stage } from "./commands/carry-out.js";
import { Intake, type IntakeOwner } from "./commands/intake.js";
import { readBinaryFrame, readTextFrame, type Incoming } from "./commands/read-frame.js";
import { connect, tellEnd } from "./connect.js";
import type { Arrival } from "./limits/admission.js";
import { Allowance } from "./limits/allowance.js";
import type { TokenBucket } from "./limits/rate.js";
import type { Link, Peer } from "./link.js";
import type { ServerNode } from "./node.js";
import { addressOf, peerToKeep } from "./peer.js";
import type { Receiver } from "./receiver.js";

type State = { readonly at: Exclude<Stage, "closed"> } | { readonly at: "closed"; readonly reason: string };

const NEW: State = { at: "new" };
const CONNECTING: State = { at: "connecting" };
const OPEN: State = { at: "open" };

/** There is one for each client: what a quiet one does not need is made when it is used. */
export class Connection
  implements Caller, IntakeOwner, LargeAnswersOwner, OutgoingOwner, Receiver, SessionsOwner
{
  readonly node: ServerNode;
  peer: Peer;
  readonly out: Outgoing;
  readonly intake: Intake;
  readonly client: string;
  readonly arrival: Arrival;
  missed = 0;
  readonly sessions = new Sessions(this);
  readonly allowance: Allowance;
  calls = 0;
  newChannels: TokenBucket | undefined;
  /** In which of the heartbeat's groups the connection is. */
  beat = 0;
  /** When the peer was last heard of and when it was last pinged, on the monotonic clock. */
  #heard: number;
  #pinged = 0;
  readonly #link: Link;
  #large: LargeAnswers | undefined;
  #state: State = NEW;
  #identity: Identity | undefined;
  #expiry: Timer;
  #onOpen: (() => void)[] | undefined;
  readonly #onEnd: (connection: Connection) => void;

  /**
   * @param onEnd told once, when the connection has ended
   * @param arrived what comes was sent after this time, on the monotonic clock; now, unless that is given
   */
  constructor(
    node: ServerNode,
    link: Link,
    peer: Peer,
    onEnd: (connection: Connection) => void,
    arrival: Arrival = "first",
    arrived?: number,
  ) {
    const now = node.clock.monotonic();
    this.node = node;
    this.arrival = arrival;
    this.peer = peer;
    this.#link = link;
    this.#onEnd = onEnd;
    this.client = `${node.id.slice(0, 6)}-${node.nextNumber().toString(36)}`;
    this.out = new Outgoing(link, node.flusher, node.budget, this);
    this.intake = new Intake(this, link, arrived ?? now);
    this.#heard = now;
    this.allowance = new Allowance(node, now);
    node.newcomers.add(this, now);
  }

  get stage(): Stage {
    return this.#state.at;
  }

  get closed(): boolean {
    return this.#state.at === "closed";
  }

  get address(): string | undefined {
    return addressOf(this.peer);
  }

  get sentAfter(): number {
    return this.intake.sentAfter;
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  identified(identity: Identity): void {
    const { clock } = this.node;
    const { expires } = identity;
    this.#identity = identity;
    clock.clearTimeout(this.#expiry);
    if (expires < Infinity && !this.closed) {
      this.#expiry = clock.setTimeout(
        () => this.close("token_expired", "the token has expired"),
        expires - clock.now(),
      );
    }
    // The connection ended while the app was asked whether it may begin. The app said yes, and so hears of the end too.
    if (this.#state.at === "closed") tellEnd(this, identity, this.#state.reason);
  }

  whenOpen(run: () => void): void {
    if (this.#state.at === "open") run();
    else if (!this.closed) (this.#onOpen ??= []).push(run);
  }

  receiveText(bytes: Buffer, from: number, to: number, ascii: boolean): void {
    if (this.closed) return;
    try {
      this.#take(readTextFrame(bytes, from, to, ascii, this.node.limits));
    } catch (error) {
      this.#unreadable(error);
    }
  }

  receiveBinary(frame: Uint8Array): void {
    if (this.closed) return;
    try {
      this.#take(readBinaryFrame(frame, this.node.limits));
    } catch (error) {
      this.#unreadable(error);
    }
  }

  /** A frame that somebody has read already. */
  receiveLines(lines: Line[]): void {
    if (this.closed) return;
    try {
      this.#take(lines);
    } catch (error) {
      this.#unreadable(error);
    }
  }

  #take(incoming: Incoming[]): void {
    if (incoming.length === 0) this.receiveNothing();
    else this.intake.take(incoming);
  }

  #unreadable(error: unknown): void {
    if (error instanceof FrameError) this.close("malformed", error.message);
    else this.abandon(error);
  }

  receiveNothing(): void {
    if (this.closed) return;
    const refusal = this.allowance.refuseFrame(this.#heard);
    if (refusal !== undefined) this.close("rate_limited", refusal);
  }

  /** Who has not connected has a time of its own for all that it sends. */
  unfinished(reason: string): void {
    if (this.#state.at !== "new") this.close("silent", reason);
  }

  /** When the process has stood still, this is where that is seen first: all connections end before anything is carried out. */
  alive(pinged?: number): void {
    const now = this.node.clock.monotonic();
    this.#heard = now;
    if (pinged !== undefined && pinged <= now) this.intake.nextSentAfter(pinged);
    this.node.stillness.look(now);
  }

  /** Whether the server has stopped listening, for reasons of its own: what the peer says would not be heard. */
  get deaf(): boolean {
    return (this.intake.paused && this.out.roomy) || this.#link.resting === true;
  }

  /** Whether nothing was heard of the peer since it was last pinged. */
  get silent(): boolean {
    return this.#pinged > this.#heard;
  }

  ping(): void {
    if (this.closed) return;
    this.#pinged = this.node.clock.monotonic();
    this.askAge(this.#pinged);
  }

  /** Sends a ping whose answer says how old what follows it is at most; the answer may take as long as it likes. */
  askAge(now: number): void {
    if (this.closed) return;
    try {
      this.#link.ping(now);
    } catch (error) {
      this.abandon(error);
    }
  }

  /** Tells the peer why and ends the connection. */
  close(name: CloseName, reason: string): void {
    if (this.closed) return;
    this.out.flush();
    // Writing may have found that the peer is gone.
    if (this.closed) return;
    try {
      this.#end(reason, 0);
      // The peer's part of the goodbye has to be read.
      if (this.intake.paused) this.#link.resume();
      this.#link.close(name, reason);
    } catch (error) {
      this.#cutOff(error);
    }
  }

  abandon(error: unknown): void {
    if (this.closed) return this.#cutOff(error);
    this.#logFailure(error);
    this.close("server_error", "the server failed; its log says why");
  }

  /** Nothing more can be said to the peer. */
  #cutOff(error: unknown): void {
    this.#logFailure(error);
    try {
      this.#link.terminate();
    } catch (second) {
      this.#logFailure(second);
    }
  }

  #logFailure(error: unknown): void {
    this.node.log.error({ client: this.client, error }, "the server failed at one connection, and ended it");
  }

  get asksAgain(): boolean {
    return this.#link.finish !== undefined;
  }

  /** Ends in good order an answer that the client asks for again, once the connection is open and in the middle of no message. */
  finish(): void {
    this.whenOpen(() =>
      this.out.whenWhole(() => {
        this.out.flush();
        this.#link.finish?.();
      }),
    );
  }

  transportClosed(reason: string, said: boolean, least = 0): void {
    if (this.closed) return;
    try {
      this.#end(reason, said ? "goodbye" : least);
    } catch (error) {
      this.#logFailure(error);
    }
  }

  hold(bytes: number): void {
    this.intake.hold(bytes);
  }

  reply(id: Id, ok: string, size = Buffer.byteLength(ok)): void {
    if (id !== undefined) {
      const text = `{"id":${digitsOf(id)},"ok":${ok}}`;
      this.#send(textChunk(text, text.length - ok.length + size + 1));
    }
    this.intake.answered();
  }

  fail(id: Id, error: TidemarkError): void {
    const body = JSON.stringify(errorBody(error));
    this.#send(textChunk(id === undefined ? `{"error":${body}}` : `{"id":${id},"error":${body}}`));
    this.intake.answered();
  }

  replyLarge(make: () => Promise<Answer | undefined>, onError: (thrown: unknown) => void): void {
    (this.#large ??= new LargeAnswers(this)).add(make, () => this.intake.answered(), onError);
  }

  tell(text: string): void {
    this.#send(textChunk(text));
  }

  #send(chunk: Chunk): void {
    if (this.closed || this.out.offer(chunk)) return;
    this.close("slow_replies", "replies are not being read");
  }

  /** Called once, by the connect command. */
  connect(command: Command & { do: "connect" }): void {
    this.node.newcomers.delete(this);
    this.#state = CONNECTING;
    const connected = connect(this, command).then(() => {
      if (this.closed) return;
      this.#state = OPEN;
      this.peer = peerToKeep(this.peer, this.node.hooks);
      const waiting = this.#onOpen ?? [];
      this.#onOpen = undefined;
      for (const run of waiting) run();
      this.intake.pump();
    });
    detach(connected, (error) => this.abandon(error));
  }

  #end(reason: string, how: "goodbye" | number): void {
    const identity = this.#identity;
    this.node.newcomers.delete(this);
    this.#state = { at: "closed", reason };
    this.node.clock.clearTimeout(this.#expiry);
    this.intake.clear();
    this.#onOpen = undefined;
    this.out.close();
    // Told first, so that whatever fails after that leaves nothing of the connection where it would be looked for.
    this.#onEnd(this);
    leaveAll(this, how);
    if (identity !== undefined) tellEnd(this, identity, reason);
  }
}
