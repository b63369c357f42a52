/**
 * One client's connection: a state machine between a transport and the channels. It is given frames and told
 * when the transport has closed; what it has to do comes through its {@link Intake}, its answers go through its
 * {@link Outgoing}.
 */
import {
  CommandError,
  FrameError,
  NotACommand,
  decodeCommand,
  readBinaryLines,
  readTextLines,
  type CloseName,
  type Command,
  type Id,
  type Line,
  type Timer,
} from "../../protocol/index.js";
import { digitsOf } from "../../protocol/digits.js";
import { MOST_LINES } from "../../protocol/lines.js";
import { textChunk, type Chunk, type EncodedLine } from "../delivery/chunk.js";
import { TidemarkError, errorBody } from "../errors.js";
import { detach } from "../guard.js";
import type { Arrival } from "./limits/admission.js";
import { Allowance } from "./limits/allowance.js";
import type { Caller, Identity } from "./caller.js";
import { runCommand, withCanonicalName, type RealCommand } from "./commands/commands.js";
import { connect } from "./connect.js";
import { Intake, type Incoming, type IntakeOwner } from "./commands/intake.js";
import { LargeAnswers, type LargeAnswersOwner } from "./channels/large-answers.js";
import type { Link, Peer } from "./link.js";
import type { ServerNode } from "./node.js";
import { Outgoing, type OutgoingOwner } from "../delivery/outgoing.js";
import { addressOf, peerToKeep } from "./peer.js";
import { readPlainCommands } from "./commands/plain-commands.js";
import { presentable } from "./presentable.js";
import { rateOverHttp } from "./limits/http-rate.js";
import { refusePublish } from "./publish/publish.js";
import type { TokenBucket } from "./limits/rate.js";
import { ChannelSession, type SessionOwner } from "./channels/session.js";
import { leaveAll } from "./channels/subscribe.js";

const PONG = textChunk("{}");

type State =
  | { readonly at: "new" }
  | { readonly at: "connecting" }
  | { readonly at: "open" }
  | { readonly at: "closed"; readonly reason: string };

const NEW: State = { at: "new" };
const CONNECTING: State = { at: "connecting" };
const OPEN: State = { at: "open" };
const NONE: ReadonlySet<string> = new Set();

/** There is one for each client: what a quiet one does not need is made when it is used. */
export class Connection implements Caller, IntakeOwner, LargeAnswersOwner, OutgoingOwner, SessionOwner {
  readonly node: ServerNode;
  peer: Peer;
  readonly out: Outgoing;
  readonly client: string;
  readonly arrival: Arrival;
  missed = 0;
  readonly sessions = new Map<string, ChannelSession>();
  subscriptions = 0;
  calls = 0;
  newChannels: TokenBucket | undefined;
  /** When the peer was last heard of, on the monotonic clock. */
  heard: number;
  /** When it was last pinged. */
  pinged = 0;
  sentAfter: number;
  /** The same for what comes after what waits to be carried out. Both in whole milliseconds: others take twice the memory. */
  #nextSentAfter = -1;
  /** In which of the heartbeat's groups it is. */
  beat = 0;
  /** Called whenever all commands that came have been answered. */
  onIdle: (() => void) | undefined;
  readonly #link: Link;
  readonly #allowance: Allowance;
  #large: LargeAnswers | undefined;
  #state: State = NEW;
  #identity: Identity | undefined;
  #expiry: Timer;
  #onOpen: (() => void)[] | undefined;
  readonly #intake: Intake;
  #granted: Set<string> | undefined;
  readonly #onEnd: (connection: Connection) => void;

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
    this.#intake = new Intake(this, link, this.out, node.limits.unanswered, node.turns);
    this.heard = now;
    this.sentAfter = Math.floor(arrived ?? now);
    this.#allowance = new Allowance(node, now);
    node.newcomers.add(this, now);
  }

  get closed(): boolean {
    return this.#state.at === "closed";
  }

  get address(): string | undefined {
    return addressOf(this.peer);
  }

  get granted(): ReadonlySet<string> {
    return this.#granted ?? NONE;
  }

  grant(channel: string): void {
    (this.#granted ??= new Set()).add(channel);
  }

  revoke(channel: string): void {
    this.#granted?.delete(channel);
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  identified(identity: Identity): void {
    const { clock } = this.node;
    const { expires } = identity;
    this.#identity = identity;
    if (this.asksAgain) {
      const now = clock.monotonic();
      const { address } = this;
      const ofAddress = address === undefined ? undefined : this.node.addressRates.of(address, now);
      this.#allowance.share(rateOverHttp(this, identity, now), ofAddress);
    }
    clock.clearTimeout(this.#expiry);
    if (expires < Infinity && !this.closed) {
      this.#expiry = clock.setTimeout(
        () => this.close("token_expired", "the token has expired"),
        expires - clock.now(),
      );
    }
    // It ended while the app was asked whether it may begin. The app said yes, and so has to hear of the end too.
    if (this.#state.at === "closed") this.#tellEnd(identity, this.#state.reason);
  }

  whenOpen(run: () => void): void {
    if (this.#state.at === "open") run();
    else if (!this.closed) (this.#onOpen ??= []).push(run);
  }

  /** A text frame: valid UTF-8, from `from` up to `to` in bytes that are overwritten afterwards. */
  receiveText(bytes: Buffer, from: number, to: number, ascii: boolean): void {
    if (this.closed) return;
    try {
      const commands = readPlainCommands(bytes, from, to, ascii);
      if (commands === undefined)
        this.#receive(readTextLines, bytes.toString(ascii ? "latin1" : "utf8", from, to));
      else this.#take(commands);
    } catch (error) {
      this.abandon(error);
    }
  }

  /** A frame that somebody has read already. */
  receiveLines(lines: Line[]): void {
    if (this.closed) return;
    try {
      this.#take(lines);
    } catch (error) {
      this.abandon(error);
    }
  }

  /** A frame came without a command: a ping, a pong, a blank one, a piece of a message. */
  receiveNothing(): void {
    if (this.closed) return;
    const refusal = this.#allowance.refuseFrame(this.heard);
    if (refusal !== undefined) this.close("rate_limited", refusal);
  }

  /** A message is under way for too long. Who has not connected has a time of its own for all it does. */
  unfinished(reason: string): void {
    if (this.#state.at !== "new") this.close("silent", reason);
  }

  receiveBinary(frame: Uint8Array): void {
    try {
      this.#receive(readBinaryLines, frame);
    } catch (error) {
      this.abandon(error);
    }
  }

  /** Whether the server has stopped listening, for reasons of its own: what the peer says would not be heard. */
  get deaf(): boolean {
    return (this.#intake.paused && this.out.roomy) || this.#link.resting === true;
  }

  /**
   * Something came, if only a part of a frame, or the answer to the ping that was sent at `pinged`. When the process has
   * stood still, this is where it is seen first, and all connections end before anything of them is carried out.
   */
  alive(pinged = -Infinity): void {
    const now = this.node.clock.monotonic();
    this.heard = now;
    if (pinged > this.#nextSentAfter && pinged <= now) this.#nextSentAfter = Math.floor(pinged);
    this.node.stillness.look(now);
  }

  ping(): void {
    if (this.closed) return;
    this.pinged = this.node.clock.monotonic();
    this.askAge(this.pinged);
  }

  /** A ping whose answer says how old what follows is at most; it may take as long as it likes. */
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
    // Writing may have found that it is over.
    if (this.closed) return;
    try {
      this.#end(reason, 0);
      // The peer's part of the goodbye has to be read.
      if (this.#intake.paused) this.#link.resume();
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

  get allowance(): Allowance {
    return this.#allowance;
  }

  /** Whether it has asked for something and not been answered yet. */
  get busy(): boolean {
    return this.#intake.busy;
  }

  get asksAgain(): boolean {
    return this.#link.finish !== undefined;
  }

  /** Ends in good order what the client asks for again, once it has begun. */
  finish(): void {
    this.whenOpen(() => {
      this.out.flush();
      try {
        this.#link.finish?.();
      } catch (error) {
        this.abandon(error);
      }
    });
  }

  /** The server stops, and the client is to come back elsewhere in so many milliseconds. Nothing is said over HTTP. */
  askToMove(after: number, reason: string): void {
    if (this.#state.at === "new") this.close("going_away", reason);
    else if (!this.asksAgain) this.whenOpen(() => this.tell(JSON.stringify({ event: "goaway", after })));
  }

  /** Ends it as soon as all that was asked for is answered; nothing further is carried out. */
  closeWhenIdle(name: CloseName, reason: string): void {
    this.#intake.shut();
    if (!this.busy) return this.close(name, reason);
    this.onIdle = () => this.close(name, reason);
  }

  /**
   * The transport has closed. `said` is true when the peer said goodbye, rather than vanished. For `least` milliseconds it
   * is expected to come back by itself.
   */
  transportClosed(reason: string, said: boolean, least = 0): void {
    if (this.closed) return;
    try {
      this.#end(reason, said ? "goodbye" : least);
    } catch (error) {
      this.#logFailure(error);
    }
  }

  session(channel: string): ChannelSession {
    let session = this.sessions.get(channel);
    if (session === undefined) this.sessions.set(channel, (session = new ChannelSession(this, channel)));
    return session;
  }

  tidy(channel: string): void {
    if (this.sessions.get(channel)?.idle === true) this.sessions.delete(channel);
  }

  hold(bytes: number): void {
    this.#intake.hold(bytes);
  }

  reply(id: Id, ok: string, size = Buffer.byteLength(ok)): void {
    if (id !== undefined) {
      const text = `{"id":${digitsOf(id)},"ok":${ok}}`;
      this.#send(textChunk(text, text.length - ok.length + size + 1));
    }
    this.#intake.answered();
  }

  fail(id: Id, error: TidemarkError): void {
    const body = JSON.stringify(errorBody(error));
    this.#send(textChunk(id === undefined ? `{"error":${body}}` : `{"id":${id},"error":${body}}`));
    this.#intake.answered();
  }

  failWith(id: Id, thrown: unknown, doing: string): void {
    this.fail(id, this.presentable(thrown, doing));
  }

  presentable(thrown: unknown, doing: string): TidemarkError {
    return presentable(this.node, this.client, thrown, doing);
  }

  replyLarge(make: () => Promise<EncodedLine | undefined>, onError: (thrown: unknown) => void): void {
    (this.#large ??= new LargeAnswers(this)).add(make, () => this.#intake.answered(), onError);
  }

  tell(text: string): void {
    this.#send(textChunk(text));
  }

  #send(chunk: Chunk): void {
    if (this.closed || this.out.offer(chunk)) return;
    this.close("slow_replies", "replies are not being read");
  }

  #receive<F>(read: (frame: F, most: number) => Line[], frame: F): void {
    if (this.closed) return;
    let lines: Line[];
    try {
      lines = read(frame, this.node.limits.commands === false ? Infinity : MOST_LINES);
    } catch (error) {
      this.close("malformed", error instanceof FrameError ? error.message : "unreadable frame");
      return;
    }
    if (lines.length === 0) this.receiveNothing();
    else this.#take(lines);
  }

  /** What waits was sent before the latest answer to a ping. */
  #take(incoming: Incoming[]): void {
    if (this.#nextSentAfter > this.sentAfter && !this.#intake.waits) this.sentAfter = this.#nextSentAfter;
    this.#intake.take(incoming);
  }

  /** For the intake only. */
  get ready(): boolean {
    return !this.closed && this.#state.at !== "connecting";
  }

  /** For the intake only: what came meanwhile is yet to be read. */
  resumed(): void {
    this.alive();
  }

  /** For the intake only. */
  idled(): void {
    if (this.#state.at === "open") this.onIdle?.();
  }

  /** For the intake only. */
  carryOut(incoming: Incoming): void {
    try {
      const command = "do" in incoming ? incoming : decodeCommand(incoming);
      this.#intake.begun();
      if (command.do === "ping") this.#answerPing();
      else if (this.#mayRun(command)) this.#run(withCanonicalName(command, this.node.registry));
    } catch (error) {
      if (error instanceof NotACommand) return this.close("policy", error.message);
      if (!(error instanceof CommandError)) throw error;
      this.#intake.begun();
      this.fail(error.id, this.#overRate() ?? new TidemarkError(error.code, error.message));
    }
  }

  /** A client's `{}` asks whether anybody is there. Where there is no room for an answer, there is one on its way. */
  #answerPing(): void {
    const refusal = this.#overRate();
    if (refusal !== undefined) return this.fail(undefined, refusal);
    this.out.offer(PONG);
    this.#intake.answered();
  }

  #mayRun(command: RealCommand): boolean {
    const { id } = command;
    const refusal = this.#overRate();
    if (this.closed) return false;
    // Whoever unsubscribes is not held to what it wants to be rid of; it costs no more than a refusal.
    if (refusal !== undefined && command.do !== "unsubscribe") {
      const known = withCanonicalName(command, this.node.registry);
      if (known.do === "publish") refusePublish(this, known, refusal);
      else this.fail(id, refusal);
      return false;
    }
    if ((command.do === "connect") === (this.#state.at === "new")) return true;
    const error =
      command.do === "connect"
        ? new TidemarkError("already_connected", "this connection is connected already")
        : new TidemarkError("connect_first", 'send {"id":1,"connect":{}} first');
    this.fail(id, error);
    return false;
  }

  /** Why a command may not be run now; the connection is closed if it keeps being told so. */
  #overRate(): TidemarkError | undefined {
    const refusal = this.#allowance.refuse(this.node.clock.monotonic());
    if (refusal !== undefined && this.#allowance.isSpent)
      this.close("rate_limited", `${refusal.message}, and on after being refused`);
    return refusal;
  }

  #run(command: RealCommand): void {
    if (command.do === "connect") this.#connect(command);
    else runCommand(this, command);
  }

  #connect(command: Command & { do: "connect" }): void {
    this.node.newcomers.delete(this);
    this.#state = CONNECTING;
    const connected = connect(this, command).then(() => {
      if (this.closed) return;
      this.#state = OPEN;
      this.peer = peerToKeep(this.peer, this.node.hooks);
      const waiting = this.#onOpen ?? [];
      this.#onOpen = undefined;
      for (const run of waiting) run();
      this.#intake.pump();
    });
    detach(connected, (error) => this.abandon(error));
  }

  #end(reason: string, how: "goodbye" | number): void {
    const identity = this.#identity;
    this.node.newcomers.delete(this);
    this.#state = { at: "closed", reason };
    this.node.clock.clearTimeout(this.#expiry);
    this.#intake.clear();
    this.#onOpen = undefined;
    this.out.close();
    // First, so that whatever fails behind it leaves nothing of the connection where it would be looked for.
    this.#onEnd(this);
    leaveAll(this, how);
    if (identity !== undefined) this.#tellEnd(identity, reason);
  }

  #tellEnd(identity: Identity, reason: string): void {
    const info = { client: this.client, user: identity.user, request: this.peer, reason };
    const telling = (async () => this.node.hooks.onDisconnect?.(info))();
    detach(telling, (error) => this.node.log.error({ client: this.client, error }, "onDisconnect failed"));
  }
}
