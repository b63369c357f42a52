/** A client of the simulated world: the real client library, and an application that writes down what it sees. */
import {
  connect,
  type Client,
  type Stream,
  type TidemarkError,
  type Transient,
} from "../../client/index.node.js";
import {
  offsetAt,
  parseCursor,
  type HistoryOptions,
  type Member,
  type Random,
} from "../../protocol/index.js";
import type { Place } from "../history/events.js";
import { DEDUPE_MS, DENIED, STREAMS } from "./channels.js";
import { REFUSED } from "./methods.js";
import type { Line } from "./line.js";
import type { Network } from "./network.js";
import { contentOf, idOfData } from "./payload.js";
import type { SimProcess } from "./process.js";
import type { Recorder } from "./recorder.js";
import type { WorldClient } from "./sim-kind.js";

/** Refusals after which a message is certainly not in the log, as the client's documentation has it. */
const NEVER_SENT = new Set(["offline", "timeout", "outbox_full", "invalid"]);
/** How far the clocks of all who measure a window may be apart when it is over, in milliseconds. */
const CLOCKS_APART_MS = 3000;
/** Errors that nobody may ever be given here: something did what it must not. */
const WRONG = new Set([
  "handler_failed",
  "malformed",
  "key_conflict",
  "bad_request",
  "internal",
  "policy",
  "not_found",
  "already_subscribed",
  "wrong_kind",
]);

/** How an application begins on a channel. */
export type Start = { readonly last?: number; readonly since?: number; readonly cursor?: string };

/** Where pages of history go, and from where: back from the end, or on from an offset or a time. */
export type Direction = "back" | { readonly after: number } | { readonly since: number };

export class SimClient implements WorldClient {
  readonly name: string;
  readonly process: SimProcess;
  readonly line: Line;
  readonly rt: Client;
  readonly streams = new Map<string, Stream>();
  readonly transients = new Map<string, Transient>();
  readonly #recorder: Recorder;
  readonly #sequences = new Map<string, number>();
  readonly #rosters = new Map<string, Set<string>>();
  #lives = 0;
  #calls = 0;
  #moved = 0;
  closed = false;

  constructor(name: string, process: SimProcess, network: Network, random: Random, recorder: Recorder) {
    this.name = name;
    this.process = process;
    this.line = network.line(name, process);
    this.#recorder = recorder;
    this.rt = connect("ws://cluster/connect", {
      token: name,
      backoff: { min: 100, max: 4000 },
      dedupeWindow: DEDUPE_MS,
      outbox: { messages: 400 },
      transports: this.line.ways.transports,
      environment: {
        clock: process.clock,
        random,
        transport: this.line.transport,
        memory: () => this.line.ways.memory,
        listen: () => () => {},
        report: (error) => this.#onError(error as TidemarkError),
      },
    });
    this.rt.on("error", (error) => this.#onError(error));
    this.rt.on("status", (status) => {
      this.#recorder.count("status changes");
      this.#moved = process.clock.monotonic();
      if (status === "closed" && !this.closed) this.#givenUp();
    });
  }

  /** Opens a stream unless it is open. */
  open(channel: string, start: Start = {}): void {
    if (this.closed || this.streams.has(channel)) return;
    const handle = this.rt.stream(channel as never, start as never) as unknown as Stream;
    this.streams.set(channel, handle);
    const subscriber = this.#newSubscriber(channel);
    const { last, since } = start;
    const asked = {
      ...(last !== undefined && { last }),
      ...(since !== undefined && { since: offsetAt(since) }),
      ...((last ?? since) !== undefined && { asked: this.#recorder.time }),
    };
    let begun = false;
    handle.on("subscribed", ({ complete }) => {
      const at = placeOf(handle);
      if (begun) this.#recorder.add({ is: "resume", subscriber, at });
      else this.#recorder.add({ is: "open", subscriber, channel, at, ...asked, complete });
      begun = true;
    });
    handle.on("message", ({ data }) => {
      this.#recorder.add({ is: "message", subscriber, at: placeOf(handle), id: idOfData(data) });
    });
    handle.on("gap", ({ after, reason }) => {
      this.#recorder.count(`gap: ${reason}`);
      this.#recorder.add({ is: "gap", subscriber, after, at: placeOf(handle), reason });
    });
    this.#watchMembers(handle, channel, subscriber);
    this.#whenDenied(handle, () => this.streams.get(channel) === handle && void this.shut(channel));
  }

  /** Ends the subscription; returns where it stood. */
  shut(channel: string): string | undefined {
    const handle = this.streams.get(channel);
    if (handle === undefined) return undefined;
    const { cursor } = handle;
    handle.close();
    this.streams.delete(channel);
    if (cursor !== undefined) this.#recorder.add({ is: "close", subscriber: this.#subscriber(channel) });
    return cursor;
  }

  listen(channel: string): void {
    if (this.closed || this.transients.has(channel)) return;
    const handle = this.rt.transient(channel as never) as unknown as Transient;
    this.transients.set(channel, handle);
    const subscriber = this.#newSubscriber(channel);
    handle.on("message", ({ data }) => {
      this.#recorder.add({
        is: "heard",
        subscriber,
        connection: this.#connection,
        channel,
        id: idOfData(data),
      });
    });
    this.#watchMembers(handle, channel, subscriber);
    this.#whenDenied(handle, () => {
      handle.close();
      if (this.transients.get(channel) === handle) this.transients.delete(channel);
    });
  }

  publish(channel: string, size: number, bytes: boolean): void {
    const handle = this.streams.get(channel);
    if (handle === undefined) return;
    const publisher = this.name;
    const sequence = this.#next(channel);
    const label = `${publisher}@${channel}`;
    const id = `${label}/${sequence}`;
    this.#recorder.add({ is: "publish", channel, publisher, sequence, id });
    handle.publish(contentOf(label, sequence, size, bytes)).then(
      ({ offset }) => this.#recorder.add({ is: "ack", channel, id, offset }),
      (error: TidemarkError) => {
        const outcome = NEVER_SENT.has(error.code) ? "never" : "unknown";
        this.#recorder.count(`refused: ${error.code}`);
        const within = outcome === "unknown" ? { within: DEDUPE_MS + CLOCKS_APART_MS } : {};
        this.#recorder.add({ is: "refused", channel, id, outcome, code: error.code, ...within });
        if (WRONG.has(error.code)) this.#onError(error);
      },
    );
  }

  signal(channel: string, size = 0): void {
    const handle = this.transients.get(channel);
    if (handle === undefined || this.rt.status !== "online") return;
    const label = `${this.name}@${channel}`;
    const sequence = this.#next(channel);
    this.#recorder.add({ is: "signal", channel, connection: this.#connection, id: `${label}/${sequence}` });
    handle.publish(contentOf(label, sequence, size, false)).catch(() => {});
  }

  /** Reads through the history, page by page, until there is no more. */
  async page(channel: string, limit: number, direction: Direction): Promise<void> {
    const handle = this.streams.get(channel);
    if (handle === undefined) return;
    const isBack = direction === "back";
    let from: HistoryOptions = isBack ? {} : direction;
    try {
      for (let pages = 0; pages < 20; pages++) {
        const { messages, complete, more } = await handle.history({ ...from, limit });
        const entries = messages.map(({ offset, data }) => ({ offset, id: idOfData(data) }));
        const { since, ...place } = from;
        const asked = since === undefined ? place : { since: offsetAt(since) };
        this.#recorder.add({ is: "page", reader: this.name, channel, entries, complete, more, ...asked });
        const edge = entries.at(isBack ? 0 : -1)?.offset;
        if (!more || edge === undefined) return;
        from = isBack ? { before: edge } : { after: edge };
      }
    } catch {
      this.#recorder.count("history failed");
    }
  }

  /** Calls the method `note`, which takes `ms` milliseconds; every so-manieth says no. */
  call(ms: number): void {
    const id = `${this.name}/call ${++this.#calls}`;
    const isRefused = this.#calls % 7 === 0;
    this.#recorder.add({ is: "call", caller: this.name, id });
    this.rt.call("note" as never, { id, ms, isRefused }).then(
      (value) => this.#recorder.add({ is: "answer", id, outcome: "ok", value: String(value) }),
      ({ code }: TidemarkError) => {
        const outcome = code === REFUSED ? "failed" : NEVER_SENT.has(code) ? "never" : "unknown";
        this.#recorder.count(`call refused: ${code}`);
        this.#recorder.add({ is: "answer", id, outcome, code });
      },
    );
  }

  speak(): void {
    for (const channel of STREAMS) this.publish(channel, 60, false);
  }

  /** The time on its own clock, in milliseconds since 1970. */
  get now(): number {
    return this.process.clock.now();
  }

  /** Whether it lost its connection, or has another one, since `ms` milliseconds ago. */
  movedWithin(ms: number): boolean {
    return this.process.clock.monotonic() - this.#moved < ms;
  }

  /** Goes for good; what is unanswered stays unanswered. */
  leave(): void {
    if (this.closed) return;
    for (const channel of this.streams.keys()) this.shut(channel);
    this.closed = true;
    this.rt.close();
  }

  /** Writes down who it thinks is there, beside who is. */
  noteMembers(channel: string, expected: readonly string[]): void {
    const handle = this.streams.get(channel) ?? this.transients.get(channel);
    if (handle === undefined) return;
    this.#recorder.add({
      is: "members",
      subscriber: this.#subscriber(channel),
      channel,
      seen: idsOf(handle.members),
      expected,
    });
  }

  get #connection(): string {
    return this.rt.id ?? "none";
  }

  #watchMembers(handle: Pick<Transient, "on">, channel: string, subscriber: string): void {
    const told = new Set<string>();
    this.#rosters.set(channel, told);
    handle.on("join", (members) => members.forEach(({ id }) => told.add(id)));
    handle.on("leave", (members) => members.forEach(({ id }) => told.delete(id)));
    handle.on("members", (members) => {
      this.#recorder.add({ is: "roster", subscriber, channel, told: [...told], seen: idsOf(members) });
    });
  }

  /** The server has ended a subscription, or ends it while it begins. */
  #whenDenied(handle: Pick<Transient, "on">, denied: () => void): void {
    handle.on("unsubscribed", ({ code }) => {
      this.#recorder.count(`unsubscribed: ${code}`);
      denied();
    });
    // Without a listener it would be an error of the whole client.
    handle.on("error", (error) => {
      this.#onError(error);
      if (error.code === DENIED) denied();
    });
  }

  /** Nothing here is a reason to. */
  #givenUp(): void {
    this.closed = true;
    const what = `closed for good: ${String(this.rt.reason)}`;
    this.#recorder.add({ is: "complaint", who: this.name, what });
  }

  #onError(error: TidemarkError): void {
    this.#recorder.count(`client error: ${error.code}`);
    if (WRONG.has(error.code) || !("code" in error)) {
      this.#recorder.add({
        is: "complaint",
        who: this.name,
        what: `${error.code} ${error.message} ${String((error.cause as Error | undefined)?.stack ?? "")}`,
      });
    }
  }

  #next(channel: string): number {
    const next = (this.#sequences.get(channel) ?? 0) + 1;
    this.#sequences.set(channel, next);
    return next;
  }

  #subscriber(channel: string): string {
    return `${this.name}#${this.#subscribers.get(channel) ?? 0} on ${channel}`;
  }

  readonly #subscribers = new Map<string, number>();

  #newSubscriber(channel: string): string {
    this.#subscribers.set(channel, ++this.#lives);
    return this.#subscriber(channel);
  }
}

function placeOf(handle: Stream): Place {
  return parseCursor(handle.cursor ?? "") ?? { epoch: "?", offset: 0 };
}

function idsOf(members: readonly Member[]): string[] {
  return members.map(({ id }) => id);
}
