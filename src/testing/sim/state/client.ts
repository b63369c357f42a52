/** A client of the simulated world that knows channels of keys: it watches them, and asks for changes. */
import {
  formatCursor,
  type Cursor,
  type ErrorBody,
  type EventFrame,
  type Random,
  type ServerFrame,
  type SubscribeResult,
} from "../../../protocol/index.js";
import type { Line } from "../line.js";
import type { SimProcess } from "../process.js";
import type { Recorder } from "../recorder.js";
import type { ClientParts, WorldClient } from "../sim-kind.js";
import { CHANNELS } from "./channels.js";
import { ChangeOutbox } from "./change-outbox.js";
import { KeyViewer, type Seen } from "./key-viewer.js";
import { WireClient, type WireOwner } from "./wire-client.js";

const AGAIN_MS = 500;

/** What is to be changed, and what must be so for that. */
interface Wanted {
  readonly set?: object;
  readonly delete?: readonly string[];
  readonly if?: object;
}

export class StateClient implements WorldClient, WireOwner {
  readonly name: string;
  readonly process: SimProcess;
  readonly line: Line;
  readonly random: Random;
  readonly #recorder: Recorder;
  readonly #wire: WireClient;
  readonly #publisher: string;
  readonly #viewers = new Map<string, KeyViewer>();
  /** Those that the connect command on its way asks for. */
  #asked: readonly KeyViewer[] = [];
  readonly #outboxes = new Map<string, ChangeOutbox>();
  readonly #sequences = new Map<string, number>();
  #lives = 0;
  #closed = false;

  constructor({ name, process, network, recorder, fork }: ClientParts) {
    this.name = name;
    this.process = process;
    this.line = network.line(name, process);
    this.random = fork(name);
    this.#publisher = this.random.id();
    this.#recorder = recorder;
    this.#wire = new WireClient(this.line, process, this);
    this.#wire.open();
  }

  viewer(channel: string): KeyViewer | undefined {
    return this.#viewers.get(channel);
  }

  /** Watches a channel, unless it does; as one that goes on from another view, where that is given. */
  watch(channel: string, seen: Seen, from?: KeyViewer): void {
    if (this.#closed || this.#viewers.has(channel)) return;
    const name = `${this.name}#${++this.#lives} on ${channel} (${seen.view})`;
    const viewer = new KeyViewer(name, channel, seen, this.#recorder, (what) => this.wrong(what), from);
    this.#viewers.set(channel, viewer);
    this.#subscribe(viewer);
  }

  /** Watches it no more; returns who did. */
  unwatch(channel: string): KeyViewer | undefined {
    const viewer = this.#viewers.get(channel);
    if (viewer === undefined) return undefined;
    this.#viewers.delete(channel);
    this.#unsubscribe(viewer);
    viewer.end();
    return viewer;
  }

  /** Is cut off from a channel for a while, and comes back with its cursor. */
  pass(channel: string, ms: number): void {
    const viewer = this.#viewers.get(channel);
    if (viewer === undefined) return;
    this.#viewers.delete(channel);
    this.#unsubscribe(viewer);
    this.process.clock.setTimeout(() => {
      if (this.#closed || this.#viewers.has(channel)) return viewer.end();
      this.#viewers.set(channel, viewer);
      this.#subscribe(viewer);
      return undefined;
    }, ms);
  }

  /** Asks for changes that the history follows: they say who asks, and the how-manieth time. */
  change(channel: string, { set, ...rest }: Wanted): void {
    const outbox = this.#outbox(channel);
    if (this.#closed || outbox.isFull) return;
    const sequence = (this.#sequences.get(channel) ?? 0) + 1;
    this.#sequences.set(channel, sequence);
    const publisher = this.name;
    const id = `${publisher}@${channel}/${sequence}`;
    this.#recorder.add({ is: "asks", channel, publisher, sequence, id });
    outbox.add({ set: { ...set, [`last/${publisher}`]: sequence }, ...rest }, id);
  }

  /** Sets a key, if it has not changed since then. */
  revise(channel: string, slot: string, cursor: Cursor): void {
    const since = formatCursor(cursor);
    this.change(channel, { set: { [slot]: since }, if: { since, keys: [slot] } });
  }

  /** Says that it is still there. */
  beat(channel: string, ttl: number, value: number): void {
    const outbox = this.#outbox(channel);
    if (!this.#closed && !outbox.isFull) outbox.add({ set: { [`beat/${this.name}`]: value }, ttl });
  }

  speak(): void {
    for (const channel of CHANNELS) this.change(channel, {});
  }

  leave(): void {
    for (const channel of CHANNELS) this.unwatch(channel);
    this.#closed = true;
    for (const outbox of this.#outboxes.values()) outbox.close();
    this.#wire.close();
  }

  movedWithin(ms: number): boolean {
    return !this.#closed && this.#wire.movedWithin(ms);
  }

  hello(): string {
    this.#asked = [...this.#viewers.values()];
    const subs = this.#asked.map((viewer) => [viewer.channel, viewer.options]);
    const rest = { token: this.name, publisher: this.#publisher, subs: Object.fromEntries(subs) as object };
    return JSON.stringify(rest).slice(1, -1);
  }

  online({ subs = {} }: { readonly subs?: Readonly<Record<string, unknown>> }): void {
    this.#recorder.count("connections made");
    // Another node has answered, perhaps: its numbers are its own.
    for (const viewer of this.#viewers.values()) viewer.down();
    for (const viewer of this.#asked) {
      const answer = subs[viewer.channel] as SubscribeResult & { readonly error?: ErrorBody };
      const isWanted = this.#viewers.get(viewer.channel) === viewer;
      if (answer.error === undefined && isWanted) viewer.subscribed(answer);
      else if (answer.error === undefined) this.#unsubscribe(viewer);
      else if (isWanted) this.#refused(viewer, answer.error);
    }
    // Watched since the command was sent.
    for (const viewer of this.#viewers.values()) if (!this.#asked.includes(viewer)) this.#subscribe(viewer);
    for (const outbox of this.#outboxes.values()) outbox.pump();
  }

  down(): void {
    for (const viewer of this.#viewers.values()) viewer.down();
    for (const outbox of this.#outboxes.values()) outbox.down();
  }

  told({ message, event }: ServerFrame): void {
    const ch = message?.[0] ?? (event !== undefined && "ch" in event ? event.ch : undefined);
    const viewer = [...this.#viewers.values()].find((one) => one.ch === ch);
    if (viewer === undefined) return;
    if (message !== undefined) viewer.message(message);
    else if (event?.event === "gap") this.#told(viewer, event);
    else if (event?.event === "unsubscribed") {
      viewer.down();
      this.#recorder.count(`unsubscribed: ${event.code}`);
      this.#later(viewer);
    }
  }

  wrong(what: string): void {
    this.#recorder.add({ is: "complaint", who: this.name, what });
  }

  /** An application may still have the place that was lost. */
  #told(viewer: KeyViewer, gap: EventFrame & { event: "gap" }): void {
    const { channel, cursor } = viewer;
    viewer.gap(gap);
    if (cursor === undefined || (gap.reason !== "rollback" && gap.reason !== "epoch")) return;
    for (let i = 0; i < 3; i++) this.revise(channel, `k/${(gap.after + i * 7) % 40}`, cursor);
  }

  #subscribe(viewer: KeyViewer): void {
    if (this.#wire.oneWay) return this.#wire.renew();
    const command = JSON.stringify({ subscribe: viewer.channel, ...viewer.options }).slice(1, -1);
    this.#wire.ask(command, (error, ok) => {
      if (error !== undefined) return this.#refused(viewer, error);
      const result = ok as SubscribeResult;
      if (this.#viewers.get(viewer.channel) === viewer) viewer.subscribed(result);
      return undefined;
    });
  }

  #refused(viewer: KeyViewer, { code, message }: ErrorBody): void {
    this.#recorder.count(`refused: ${code}`);
    if (code === "bad_request" || code === "internal" || code === "wrong_kind")
      this.wrong(`${code}: ${message}`);
    this.#later(viewer);
  }

  #later(viewer: KeyViewer): void {
    this.process.clock.setTimeout(() => {
      if (this.#viewers.get(viewer.channel) === viewer && viewer.ch === undefined && this.#wire.online)
        this.#subscribe(viewer);
    }, AGAIN_MS);
  }

  #unsubscribe(viewer: KeyViewer): void {
    viewer.down();
    if (this.#wire.oneWay) return this.#wire.renew();
    this.#wire.ask(`"unsubscribe":${JSON.stringify(viewer.channel)}`, () => {});
  }

  #outbox(channel: string): ChangeOutbox {
    let outbox = this.#outboxes.get(channel);
    if (outbox === undefined) {
      outbox = new ChangeOutbox(channel, this.#wire, this.process, this.#recorder, (what) =>
        this.wrong(what),
      );
      this.#outboxes.set(channel, outbox);
    }
    return outbox;
  }
}
