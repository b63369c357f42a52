/** A worker's end of the socket. When it breaks, it is made again; what was under way then fails as unavailable. */
import { connect, type Socket } from "node:net";
import type { Clock, Member, Random } from "../../protocol/index.js";
import {
  BrokerError,
  type Appended,
  type Durability,
  type LogOptions,
  type NodeInfo,
  type PresenceChange,
} from "../contract.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import type { Changed, SlotsOptions } from "../slots-contract.js";
import type { AnswerFrame, CallName, Calls } from "./calls.js";
import type { Batch } from "./disk-log.js";
import type { WriterLink, LinkEvents, NodeName } from "./link.js";
import { PendingCalls, type Call } from "./pending-calls.js";
import { packChanges, readChanged } from "./slots/changes-codec.js";
import type { ChangesBatch } from "./slots/disk-slots.js";
import { socketPath } from "./socket-path.js";
import { LEASE_MS, WIRE_VERSION, type WorkerHello, type WriterHello } from "./socket-terms.js";
import {
  FRAME,
  FrameReader,
  FrameWriter,
  packAppend,
  packJson,
  packNumber,
  packNumberAndTime,
  packText,
  readJson,
  readOutcomes,
  readText,
  type FrameType,
} from "./wire.js";

export interface SocketLinkOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds that a call may take, a wait for the writer included. */
  readonly timeout: number;
  readonly name: NodeName;
  readonly events: LinkEvents;
}

const PING_MS = LEASE_MS / 5;
const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 1000;

export class SocketLink implements WriterLink {
  readonly #options: SocketLinkOptions;
  readonly #calls = new PendingCalls();
  readonly #onReady: { readonly resolve: () => void; readonly reject: (error: BrokerError) => void }[] = [];
  #durability: Durability = "memory";
  #incarnation = "";
  /** By how much the writer's clock is ahead of ours, at least; both go at the same pace. */
  #ahead = -Infinity;
  #socket: Socket | undefined;
  /** While there is a writer that knows us. */
  #frames: FrameWriter | undefined;
  #wasConnected = false;
  #heardAt = 0;
  #backoff = FIRST_BACKOFF_MS;
  #refusal: BrokerError | undefined;
  #closed = false;

  constructor(options: SocketLinkOptions) {
    this.#options = options;
    this.#connect();
    this.#watch();
  }

  get durability(): Durability {
    return this.#durability;
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  get patience(): number {
    return this.#options.timeout;
  }

  /** Resolves once there is a writer; rejects when there is none in time. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#frames !== undefined) return resolve();
      this.#onReady.push({ resolve, reject });
      this.#options.clock.setTimeout(() => reject(this.#unavailable()), this.#options.timeout);
    });
  }

  append(channel: string, batch: Batch, options: LogOptions): Promise<Appended[]> {
    return new Promise((resolve, reject) => {
      const done = (outcomes: unknown): void => resolve(outcomes as Appended[]);
      this.#call(FRAME.append, packAppend(channel, batch, options, this.patience), done, reject);
    });
  }

  change(channel: string, batch: ChangesBatch, options: SlotsOptions): Promise<Changed[]> {
    return new Promise((resolve, reject) => {
      const done = (outcomes: unknown): void => resolve(outcomes as Changed[]);
      this.#call(FRAME.change, [packChanges(channel, batch, options, this.patience)], done, reject);
    });
  }

  async open(channel: string, options: LogOptions | SlotsOptions): Promise<void> {
    await this.#ask("open", channel, options);
  }

  reign(channel: string, step: ReignStep, options: LogOptions | SlotsOptions): Promise<ReignAnswer> {
    return this.#askAs(FRAME.callInTime, "reign", channel, step, options);
  }

  async signal(channel: string, signals: Buffer): Promise<void> {
    if (this.#frames === undefined) throw this.#unavailable();
    this.#frames.send(FRAME.signals, packText(channel), signals);
  }

  follow(channel: string, done: (error?: BrokerError) => void): void {
    this.#call(FRAME.call, [packJson({ name: "follow", args: [channel] })], () => done(), done);
  }

  unfollow(channel: string): void {
    this.#tell("unfollow", channel);
  }

  async join(channel: string, member: Member, instance: string): Promise<void> {
    await this.#ask("join", channel, member, instance);
  }

  async leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    await this.#ask("leave", channel, id, instance, grace);
  }

  members(channel: string): Promise<{ members: Member[]; version: number }> {
    return this.#ask("members", channel);
  }

  async lease(name: string, ttl: number): Promise<string | undefined> {
    return (await this.#ask("lease", name, ttl)) ?? undefined;
  }

  renew(name: string, token: string, ttl: number): Promise<boolean> {
    return this.#ask("renew", name, token, ttl);
  }

  async release(name: string, token: string): Promise<void> {
    await this.#ask("release", name, token);
  }

  doubt(channel: string, epoch: string, offset: number): void {
    this.#tell("doubt", channel, epoch, offset);
  }

  nodes(): Promise<NodeInfo[]> {
    return this.#ask("nodes");
  }

  report(load: NodeInfo["load"]): void {
    this.#tell("report", load);
  }

  async send(node: string, text: string): Promise<void> {
    await this.#ask("send", node, text);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    // The writer hears it before this resolves, unless it is away.
    if (this.#frames !== undefined) await this.#ask("close").catch(() => {});
    this.#closed = true;
    this.#socket?.destroy();
    this.#frames = undefined;
    this.#calls.fail(() => true, new BrokerError("closed", "this broker was closed"));
  }

  #ask<Name extends CallName>(name: Name, ...args: Calls[Name]["args"]): Promise<Calls[Name]["result"]> {
    return this.#askAs(FRAME.call, name, ...args);
  }

  #askAs<Name extends CallName>(
    type: Call["type"],
    name: Name,
    ...args: Calls[Name]["args"]
  ): Promise<Calls[Name]["result"]> {
    return new Promise((resolve, reject) => {
      const done = (result: unknown): void => resolve(result as Calls[Name]["result"]);
      this.#call(type, [packJson({ name, args })], done, reject);
    });
  }

  /** What a writer that is away need not hear: it is said again, or void, when it is back. */
  #tell<Name extends CallName>(name: Name, ...args: Calls[Name]["args"]): void {
    if (this.#frames !== undefined) this.#ask(name, ...args).catch(() => {});
  }

  #call(type: Call["type"], body: readonly Buffer[], done: Call["done"], fail: Call["fail"]): void {
    if (this.#closed) return fail(new BrokerError("closed", "this broker was closed"));
    if (this.#calls.isFull) return fail(new BrokerError("unavailable", "too many calls wait for the writer"));
    const deadline = this.#options.clock.monotonic() + this.#options.timeout;
    const call: Call = { type, body, deadline, sent: false, done, fail };
    const id = this.#calls.add(call);
    if (this.#frames !== undefined) this.#send(this.#frames, id, call);
  }

  #send(frames: FrameWriter, id: number, call: Call): void {
    call.sent = true;
    const head =
      call.type === FRAME.call ? packNumber(id) : packNumberAndTime(id, this.#ahead + call.deadline);
    frames.send(call.type, head, ...call.body);
  }

  #connect(): void {
    if (this.#closed) return;
    const { clock, dir, name } = this.#options;
    const socket = connect(socketPath(dir));
    this.#socket = socket;
    this.#heardAt = clock.monotonic();
    const frames = new FrameWriter(socket, clock);
    const reader = new FrameReader((type, body) => this.#onFrame(frames, type, body));
    socket.on("connect", () => {
      const hello: WorkerHello = { wire: WIRE_VERSION, pid: process.pid, ...name };
      frames.send(FRAME.hello, packJson(hello));
    });
    socket.on("data", (chunk: Buffer) => {
      this.#heardAt = clock.monotonic();
      try {
        reader.push(chunk);
      } catch {
        socket.destroy();
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => this.#lost());
  }

  #lost(): void {
    if (this.#closed) return;
    this.#frames = undefined;
    this.#calls.fail(
      (call) => call.sent,
      new BrokerError("unavailable", "the link to the writer broke; retry"),
    );
    const wait = this.#backoff * (0.5 + this.#options.random.float() / 2);
    this.#backoff = Math.min(this.#backoff * 2, MAX_BACKOFF_MS);
    this.#options.clock.setTimeout(() => this.#connect(), wait);
  }

  #onFrame(frames: FrameWriter, type: number, body: Buffer): void {
    const { events } = this.#options;
    switch (type as FrameType) {
      case FRAME.hello:
        return this.#greeted(frames, readJson(body) as WriterHello);
      case FRAME.appended:
        return this.#calls.take(body)?.done(readOutcomes(body.subarray(4)));
      case FRAME.changed:
        return this.#calls.take(body)?.done(readChanged(body.subarray(4)));
      case FRAME.answer:
        return this.#answered(body);
      case FRAME.entries:
      case FRAME.changes: {
        const channel = readText(body, 0);
        const epoch = readText(body, channel.end);
        const news = [body.subarray(epoch.end)];
        if (type === FRAME.entries) events.entries(channel.text, epoch.text, news);
        else events.changes(channel.text, epoch.text, news);
        return;
      }
      case FRAME.signals: {
        const { text: channel, end } = readText(body, 0);
        return events.signals(channel, body.subarray(end));
      }
      case FRAME.presence: {
        const { channel, change } = readJson(body) as { channel: string; change: PresenceChange };
        return events.presence(channel, change);
      }
      case FRAME.call:
        return events.text(readJson(body, 4) as string);
      case FRAME.reset:
        return events.reset();
      case FRAME.pong:
        return this.#learn(body.readDoubleBE(0));
      case FRAME.ping:
      case FRAME.append:
      case FRAME.change:
      case FRAME.callInTime:
      default:
        throw new RangeError(`no frame of type ${type} is for a worker`);
    }
  }

  /** It was so late there when that was sent, and is later now. */
  #learn(time: number): void {
    this.#ahead = Math.max(this.#ahead, time - this.#options.clock.monotonic());
  }

  #greeted(frames: FrameWriter, { wire, durability, incarnation, time }: WriterHello): void {
    if (wire !== WIRE_VERSION) {
      this.#refusal = new BrokerError(
        "unavailable",
        `the writer of ${this.#options.dir} runs another version of Tidemark`,
      );
      for (const { reject } of this.#onReady.splice(0)) reject(this.#refusal);
      return;
    }
    this.#durability = durability;
    this.#incarnation = incarnation;
    this.#ahead = -Infinity;
    this.#learn(time);
    this.#frames = frames;
    this.#backoff = FIRST_BACKOFF_MS;
    if (this.#wasConnected) this.#options.events.restored();
    this.#wasConnected = true;
    this.#calls.sendAll((id, call) => this.#send(frames, id, call));
    for (const { resolve } of this.#onReady.splice(0)) resolve();
  }

  #answered(body: Buffer): void {
    const call = this.#calls.take(body);
    if (call === undefined) return;
    const answer = readJson(body, 4) as AnswerFrame;
    if ("result" in answer) call.done(answer.result);
    else call.fail(new BrokerError(answer.code, answer.message));
  }

  /** Shows that we are alive, sees whether the writer is, and ends calls that took too long. */
  #watch(): void {
    this.#options.clock.setTimeout(() => {
      if (this.#closed) return;
      const now = this.#options.clock.monotonic();
      if (this.#frames !== undefined && now - this.#heardAt > LEASE_MS) this.#socket?.destroy();
      this.#frames?.send(FRAME.ping);
      this.#calls.fail((call) => call.deadline <= now, this.#unavailable());
      this.#watch();
    }, PING_MS);
  }

  #unavailable(): BrokerError {
    return (
      this.#refusal ??
      new BrokerError("unavailable", `the writer of ${this.#options.dir} does not answer; retry`)
    );
  }
}
