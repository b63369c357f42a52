import {
  type ClientOptions,
  type Client,
  type PlatformEvent,
  type TransportName,
  TidemarkError,
} from "tidemark/client";
import { VirtualClock, seededRandom } from "tidemark/testing";
import { onTestFinished } from "vitest";
import {
  joinPart,
  readBinaryLines,
  splitTextLines,
  type Clock,
  type PartOwner,
} from "../../src/protocol/index.js";
import type { Transport, TransportEvents } from "../../src/client/transport.js";
import { chunksAtHand } from "../../src/client/chunks-at-hand.js";
import { connectIn } from "../../src/client/client.js";

/** A command as it came over the wire. */
export type Sent = Record<string, unknown> & { readonly id: number };

/** One connection as the server sees it: says what the test tells it to. */
export class Link implements Transport {
  readonly frames: (string | Uint8Array)[] = [];
  readonly url: string;
  readonly way: TransportName;
  /** Where it is one-way: whether what was sent is answered. */
  idle: (() => boolean) | undefined;
  closed = false;
  readonly #events: TransportEvents;
  #read = 0;
  /** Commands that are sent in parts, by their ids. */
  readonly #owners = new Map<number, PartOwner>();

  constructor(url: string, events: TransportEvents, way: TransportName) {
    this.url = url;
    this.way = way;
    if (way !== "websocket") this.idle = () => true;
    this.#events = events;
  }

  send(frame: string | Uint8Array): void {
    this.frames.push(frame);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.#events.open();
  }

  /** The commands since the last look, those in parts as they are put together again. */
  take(): Sent[] {
    const frames = this.frames.slice(this.#read);
    this.#read = this.frames.length;
    const lines = frames.flatMap((frame) =>
      typeof frame === "string" ? splitTextLines(frame) : readBinaryLines(frame),
    );
    return lines
      .flatMap((line) => joinPart(line, (value) => this.#ownerOf((value as Sent).id)) ?? [])
      .map(({ value, bytes }) => (bytes ? { ...(value as object), content: bytes } : value) as Sent);
  }

  #ownerOf(id: number): PartOwner {
    const owner = this.#owners.get(id) ?? {};
    this.#owners.set(id, owner);
    return owner;
  }

  /** One frame with these values, a line each. */
  say(...values: unknown[]): void {
    this.#events.frame(values.map((value) => JSON.stringify(value)).join("\n"));
  }

  sayBytes(frame: Uint8Array): void {
    this.#events.frame(frame);
  }

  sayText(frame: string): void {
    this.#events.frame(frame);
  }

  /** One-way: the answer has ended in good order. */
  over(): void {
    this.#events.over();
  }

  /** One-way: what was sent has been answered. */
  answered(): void {
    this.#events.idle();
  }

  /** Hands over a better transport, which the test then has as the newest link. */
  better(name: TransportName): Link | undefined {
    let better: Link | undefined;
    this.#events.better((events) => (better = new Link(this.url, events, name)));
    return better;
  }

  cut(code = 1006, reason = ""): void {
    this.#events.close(code, reason);
  }
}

export const PUBLISHER = /^[A-Za-z0-9_-]{22}$/;

/** A client in virtual time, with every connection that it makes. */
export class World {
  readonly clock = new VirtualClock();
  readonly links: Link[] = [];
  readonly reports: Error[] = [];
  readonly client: Client;
  #listener: (event: PlatformEvent) => void = () => {};
  listening = false;

  /** @param seen the clock as the client sees it */
  constructor(
    { transports = ["websocket"], ...options }: ClientOptions = {},
    seed = 1,
    seen: (clock: Clock) => Clock = (clock) => clock,
    chunks = chunksAtHand,
  ) {
    this.client = connectIn(
      {
        clock: seen(this.clock),
        random: seededRandom(seed),
        transport: (url, events, name) => {
          const link = new Link(url, events, name);
          this.links.push(link);
          return link;
        },
        listen: (listener) => {
          this.#listener = listener;
          this.listening = true;
          return () => (this.listening = false);
        },
        report: (error) => void this.reports.push(error),
      },
      chunks,
      "wss://example.test/connect",
      { ...options, transports },
    );
    onTestFinished(() => this.client.close());
  }

  get link(): Link {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("the client has not tried to connect yet");
    return link;
  }

  platform(event: PlatformEvent): void {
    this.#listener(event);
  }

  settle(): Promise<void> {
    return this.clock.settle();
  }

  pass(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Opens the newest link and returns the connect command's fields. */
  async shakeHands(): Promise<Sent & { connect: Record<string, unknown> }> {
    await this.settle();
    this.link.open();
    await this.settle();
    const [command] = this.link.take();
    return command as Sent & { connect: Record<string, unknown> };
  }

  /** Brings the newest link online; `subs` are the results for the subscriptions in the connect command. */
  async online(subs: Record<string, unknown> = {}, more: readonly unknown[] = []): Promise<Sent> {
    const command = await this.shakeHands();
    const ok = { client: `c${this.links.length}`, durability: "memory", ping: 25_000, subs };
    this.link.say({ id: command.id, ok }, ...more);
    await this.settle();
    return command;
  }

  /** Loses the connection and lets the client come back up to a new link, not opened yet. */
  async reconnect(): Promise<void> {
    this.link.cut();
    await this.pass(300);
  }
}

/** A stream's subscribe result that begins at `offset`. */
export function streamAt(ch: number, offset: number, more: object = {}): object {
  return { ch, kind: "stream", cursor: `e:${offset}`, ...more };
}

/** Collects what a listener is told. */
export function collect<T>(): { readonly all: T[]; readonly add: (value: T) => void } {
  const all: T[] = [];
  return { all, add: (value) => void all.push(value) };
}

/** The error a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<TidemarkError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TidemarkError) return error;
    throw error;
  }
  throw new Error("it did not reject");
}

/** What became of a promise so far. */
export function outcome(promise: Promise<unknown>): { value: unknown } {
  const seen: { value: unknown } = { value: "pending" };
  promise.then(
    (value) => (seen.value = value ?? "done"),
    (error: TidemarkError) => (seen.value = error.code),
  );
  return seen;
}
