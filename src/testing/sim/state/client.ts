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
import { aboutOf } from "../../../protocol/lines.js";
import type { Line } from "../line.js";
import type { SimProcess } from "../process.js";
import type { Recorder } from "../recorder.js";
import type { ClientParts, WorldClient } from "../sim-kind.js";
import { Acks } from "./acks.js";
import { CHANNELS, viewFor } from "./channels.js";
import { ChangeOutbox } from "./change-outbox.js";
import { KeyViewer, type Seen } from "./key-viewer.js";
import { WireClient, type WireOwner } from "./wire-client.js";

const AGAIN_MS = 500;

/** Who watches, and how it says what has come. */
interface Watching {
  readonly viewer: KeyViewer;
  readonly acks: Acks;
  /** Whether it is to be told nothing from the middle of the next message on that has several parts. */
  breaksOff: boolean;
  /** The rate that the server was last asked for. */
  rate: number | undefined;
}

/** What is to be changed, and what must be so for that. */
interface Wanted {
  readonly set?: object;
  readonly merge?: object;
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
  readonly #viewers = new Map<string, Watching>();
  /** Those that the connect command on its way asks for. */
  #asked: readonly Watching[] = [];
  readonly #outboxes = new Map<string, ChangeOutbox>();
  readonly #sequences = new Map<string, number>();
  /** How often it has counted, by channel and key. */
  readonly #counts = new Map<string, number>();
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
    return this.#viewers.get(channel)?.viewer;
  }

  /** Watches a channel, unless it does; as one that goes on from another view, where that is given. */
  watch(channel: string, seen: Seen, from?: KeyViewer): void {
    if (this.#closed || this.#viewers.has(channel)) return;
    const name = `${this.name}#${++this.#lives} on ${channel} (${seen.view})`;
    const wrong = (what: string): void => this.wrong(`${name}: ${what}`);
    const sees = viewFor(this.name, seen.view);
    // What nobody lets it see it does not ask for.
    const asked = seen.view === "beats" ? sees : seen.view;
    const viewer = new KeyViewer(name, channel, { ...seen, view: asked }, sees, this.#recorder, wrong, from);
    const acks = new Acks(seen.acks ?? "half", this.process, wrong);
    this.#begin({ viewer, acks, breaksOff: false, rate: undefined });
  }

  /** Watches it no more; returns who did. */
  unwatch(channel: string): KeyViewer | undefined {
    const one = this.#viewers.get(channel);
    if (one === undefined) return undefined;
    this.#viewers.delete(channel);
    this.#unsubscribe(one);
    one.viewer.end();
    return one.viewer;
  }

  /** Is told as often as that from now on; `undefined`: as things come. */
  tune(channel: string, rate: number | undefined): void {
    const one = this.#viewers.get(channel);
    if (one === undefined || one.viewer.rate === rate) return;
    one.viewer.tune(rate);
    if (this.#wire.oneWay) return this.#wire.renew();
    this.#tune(one);
  }

  /** Is told nothing any more from the middle of the next message of several parts on. */
  breakOff(channel: string): void {
    const one = this.#viewers.get(channel);
    if (one !== undefined) one.breaksOff = true;
  }

  /** Is cut off from a channel for a while, and comes back with its cursor. */
  pass(channel: string, ms: number): void {
    const one = this.#viewers.get(channel);
    // What it comes with is what it has been told, so that it waits for the answer that it is told by.
    if (one?.viewer.ch === undefined) return;
    this.#viewers.delete(channel);
    this.#unsubscribe(one);
    this.process.clock.setTimeout(() => {
      if (this.#closed || this.#viewers.has(channel)) one.viewer.end();
      else this.#begin(one);
    }, ms);
  }

  /** Asks for changes that the history follows: they say who asks, and the how-manieth time. */
  change(channel: string, wanted: Wanted): void {
    this.#ask(channel, `last/${this.name}`, wanted);
  }

  /** Under `slot` it says which publish this is. Not all of them under one, since those about one key wait for each other. */
  #ask(channel: string, slot: string, { set, ...rest }: Wanted): void {
    const outbox = this.#outbox(channel);
    if (this.#closed || outbox.isFull) return;
    const sequence = (this.#sequences.get(channel) ?? 0) + 1;
    this.#sequences.set(channel, sequence);
    const publisher = this.name;
    const id = `${publisher}@${channel}/${sequence}`;
    this.#recorder.add({ is: "asks", channel, publisher, sequence, id });
    outbox.add({ set: { ...set, [slot]: sequence }, ...rest }, id);
  }

  /** Counts once more, in a field of its own of a key that others count in too. */
  count(channel: string, slot: string): void {
    const outbox = this.#outbox(channel);
    if (this.#closed || outbox.isFull) return;
    const name = `${channel} ${slot}`;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    this.#ask(channel, `merged/${this.name}`, { merge: { [slot]: { [this.name]: count } } });
  }

  /** Puts a field beside what somebody says about itself for a while. */
  remark(channel: string, about: string): void {
    const slot = `beat/${about}`;
    this.#ask(channel, `merged/${this.name}`, { merge: { [slot]: { by: this.name } } });
  }

  /** Sets a key, if it has not changed since then. */
  revise(channel: string, slot: string, cursor: Cursor): void {
    const since = formatCursor(cursor);
    this.change(channel, { set: { [slot]: since }, if: { since, keys: [slot] } });
  }

  /** Says that it is still there. */
  beat(channel: string, ttl: number, value: number): void {
    const outbox = this.#outbox(channel);
    if (!this.#closed && !outbox.isFull) outbox.add({ set: { [`beat/${this.name}`]: { n: value } }, ttl });
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
    const subs = this.#asked.map((one) => [one.viewer.channel, optionsOf(one)]);
    const rest = { token: this.name, publisher: this.#publisher, subs: Object.fromEntries(subs) as object };
    return JSON.stringify(rest).slice(1, -1);
  }

  online({ subs = {} }: { readonly subs?: Readonly<Record<string, unknown>> }): void {
    this.#recorder.count("connections made");
    // Another node has answered, perhaps: its numbers are its own.
    for (const one of this.#viewers.values()) down(one);
    for (const one of this.#asked) {
      const answer = subs[one.viewer.channel] as SubscribeResult & { readonly error?: ErrorBody };
      const isWanted = this.#isWanted(one);
      if (answer.error === undefined && isWanted) this.#subscribed(one, answer);
      else if (answer.error === undefined) this.#unsubscribe(one);
      else if (isWanted) this.#refused(one, answer.error);
    }
    // Watched since the command was sent.
    for (const one of this.#viewers.values()) if (!this.#asked.includes(one)) this.#subscribe(one);
    for (const outbox of this.#outboxes.values()) outbox.pump();
  }

  down(): void {
    for (const one of this.#viewers.values()) down(one);
    for (const outbox of this.#outboxes.values()) outbox.down();
  }

  told({ message, event }: ServerFrame, size: number): void {
    const ch = message?.[0] ?? (event !== undefined && "ch" in event ? event.ch : undefined);
    const one = this.#of(ch);
    if (one === undefined) return;
    const { viewer, acks } = one;
    if (message !== undefined) {
      viewer.message(message);
      if (one.breaksOff && viewer.isWithin) {
        one.breaksOff = false;
        this.tune(viewer.channel, 0);
      }
      acks.line(size, Number(aboutOf(message).part ?? 0) > 0);
    } else if (event?.event === "gap") this.#told(viewer, event);
    else if (event?.event === "unsubscribed") {
      down(one);
      this.#recorder.count(`unsubscribed: ${event.code}`);
      this.#later(one);
    }
  }

  /** Says who was told a part of a message, and has waited for the others since long ago. */
  noteQuiet(): void {
    for (const { viewer } of this.#viewers.values())
      if (viewer.isWithin)
        this.#recorder.add({ is: "within", channel: viewer.channel, subscriber: viewer.name });
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

  #of(ch: number | undefined): Watching | undefined {
    for (const one of this.#viewers.values()) if (one.viewer.ch === ch) return one;
    return undefined;
  }

  #isWanted(one: Watching): boolean {
    return this.#viewers.get(one.viewer.channel) === one;
  }

  #begin(one: Watching): void {
    this.#viewers.set(one.viewer.channel, one);
    this.#subscribe(one);
  }

  #subscribe(one: Watching): void {
    if (this.#wire.oneWay) return this.#wire.renew();
    const command = JSON.stringify({ subscribe: one.viewer.channel, ...optionsOf(one) }).slice(1, -1);
    this.#wire.ask(command, (error, ok) => {
      if (error !== undefined) return this.#refused(one, error);
      if (this.#isWanted(one)) this.#subscribed(one, ok as SubscribeResult);
      return undefined;
    });
  }

  #subscribed(one: Watching, result: SubscribeResult): void {
    const { viewer, acks } = one;
    viewer.subscribed(result);
    acks.begin(result.window ?? 0, (lines) => this.#wire.say(`"ack":${result.ch},"n":${lines}`));
    // Tuned since the command was sent.
    if (one.rate !== viewer.rate) this.#tune(one);
  }

  #tune(one: Watching): void {
    const { channel, rate } = one.viewer;
    const isSent = this.#wire.ask(`"tune":${JSON.stringify(channel)},"rate":${rate ?? null}`, (error) => {
      // It may have gone, or be about to come back, with the rate that it has then.
      if (error !== undefined && error.code !== "not_subscribed") this.wrong(`tune: ${error.code}`);
    });
    if (isSent) one.rate = rate;
  }

  #refused(one: Watching, { code, message }: ErrorBody): void {
    this.#recorder.count(`refused: ${code}`);
    if (code === "bad_request" || code === "internal" || code === "wrong_kind")
      this.wrong(`${code}: ${message}`);
    this.#later(one);
  }

  #later(one: Watching): void {
    this.process.clock.setTimeout(() => {
      if (this.#isWanted(one) && one.viewer.ch === undefined && this.#wire.online) this.#subscribe(one);
    }, AGAIN_MS);
  }

  #unsubscribe(one: Watching): void {
    down(one);
    if (this.#wire.oneWay) return this.#wire.renew();
    this.#wire.ask(`"unsubscribe":${JSON.stringify(one.viewer.channel)}`, () => {});
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

/** What to subscribe with. */
function optionsOf(one: Watching): object {
  one.rate = one.viewer.rate;
  return one.viewer.options;
}

function down({ viewer, acks }: Watching): void {
  viewer.down();
  acks.end();
}
