/**
 * The feed of a channel that is kept by slots: what its {@link Replica} has, told to those who are subscribed. Live ones stand in a
 * {@link Lane}, with all others who see the same at the same rate; one who is behind, comes back or begins gets a cut, page by page
 * as its socket takes it, and is then where its lane is.
 */
import type { Broker, ChangesHint, Key } from "../../../broker/index.js";
import { judge } from "../../../broker/log/judge.js";
import {
  parseCursor,
  type Clock,
  type Cursor,
  type GapReason,
  type SubscribeOptions,
} from "../../../protocol/index.js";
import type { Subscriber } from "../../delivery/audience.js";
import { textChunk, type Chunk } from "../../delivery/chunk.js";
import { gapLine } from "../../delivery/encode.js";
import type { SlotsKind, SlotsMemory, SlotsPlace } from "../../kinds/slots-kind.js";
import { AT_BEGINNING, type ChannelFeed, type Start, type Subscribers } from "../channel-feed.js";
import { RETRY_MS } from "../retry.js";
import { Cuts, type SharedCut } from "./cuts.js";
import { Expiry, type Contact } from "./expiry.js";
import { Lane, type LaneOwner } from "./lane.js";
import { rateOf, type Rate } from "./rates.js";
import { Replica, type ReplicaDeps, type ReplicaOwner } from "./replica.js";
import { SlotsLog, type WalkPage } from "./slots-log.js";

export interface SlotsFeedDeps extends ReplicaDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  /** Has `flush` called at the end of this turn. */
  readonly collect: (flush: () => void) => void;
  readonly contact: Contact;
  /** A key that no other append has. */
  readonly key: () => Key;
  /** From 0 to 1. */
  readonly jitter: () => number;
  /** How much of a log is read at once; for tests. */
  readonly walkPage?: WalkPage | undefined;
}

/** A subscriber's place in its channel. */
interface Seat {
  readonly subscriber: Subscriber;
  readonly lane: Lane;
  /** What it is being sent, and which page of it comes next. */
  sending: SharedCut | undefined;
  page: number;
  /** Whether it has had all there is: at the beginning of the log one stands before that and after it. */
  isServed: boolean;
  /** Whether the broker was asked about its cursor, which this node does not know. */
  isChecked: boolean;
  /** Whether it goes on by itself when there is room. */
  waitsForRoom: boolean;
}

export class SlotsFeed implements ChannelFeed, ReplicaOwner, LaneOwner {
  readonly audience: Subscribers;
  readonly memory: SlotsMemory;
  readonly clock: Clock;
  readonly #kind: SlotsKind;
  readonly #ch: number;
  readonly #deps: SlotsFeedDeps;
  readonly #channel: string;
  readonly #replica: Replica;
  readonly #expiry: Expiry;
  readonly #cuts: Cuts;
  readonly #seats = new Map<Subscriber, Seat>();
  /** Those whose cursor is beyond what is known here. */
  readonly #ahead = new Set<Seat>();
  /** By what they see and how often. */
  readonly #lanes = new Map<string, Lane>();
  #isMoving = false;
  #isOpen = false;
  #closed = false;
  /** The last gap that somebody was told, for the next one who stands where that one stood. */
  #lastGap: { readonly key: string; readonly chunk: Chunk } | undefined;

  constructor(kind: SlotsKind, place: SlotsPlace, deps: SlotsFeedDeps) {
    const log = new SlotsLog(place, deps.broker, deps.walkPage);
    this.memory = kind.memory(place);
    this.clock = deps.clock;
    this.#kind = kind;
    this.#ch = place.ch;
    this.#channel = place.channel;
    this.#deps = deps;
    this.#replica = new Replica(kind, log, this.memory, this, deps);
    this.#expiry = new Expiry(log, deps);
    this.#cuts = new Cuts(this.memory, deps.clock);
    this.audience = new Seats(this.#seats, (subscriber) => this.#remove(subscriber));
  }

  async open(): Promise<void> {
    await this.#replica.open();
    if (await this.#expiry.open()) await this.#replica.catchUp();
    this.#isOpen = true;
  }

  close(): void {
    this.#closed = true;
    this.#replica.close();
    this.#expiry.close();
    for (const lane of this.#lanes.values()) lane.close();
  }

  get ready(): boolean {
    return this.#replica.ready && !this.#closed;
  }

  get cursor(): Cursor {
    return this.#replica.cursor;
  }

  get beginning(): Cursor {
    return { epoch: this.cursor.epoch, offset: 0 };
  }

  start(wanted: SubscribeOptions): Start {
    const view = this.#kind.view(wanted);
    const rate = rateOf(wanted.rate);
    // A cursor says what was seen up to there by whoever saw the same slots.
    const cursor = wanted.view === view.id ? parseCursor(wanted.cursor ?? "") : undefined;
    return { ...AT_BEGINNING, ...(cursor !== undefined && { cursor }), as: { view, rate } };
  }

  add(subscriber: Subscriber, { as }: Start): void {
    const lane = this.#laneOf(as?.view ?? this.#kind.view({}), as?.rate ?? rateOf(undefined));
    const seat: Seat = {
      subscriber,
      lane,
      sending: undefined,
      page: 0,
      isServed: false,
      isChecked: false,
      waitsForRoom: false,
    };
    this.#seats.set(subscriber, seat);
    lane.audience.addBehind(subscriber);
    this.#serve(seat);
  }

  onEntries(): void {}

  /** Signals are for channels without a log. */
  onSignals(): void {}

  /** Hot path: once per append, not per subscriber. */
  onChanges(hint: ChangesHint): void {
    for (const entry of hint.entries) this.#expiry.onEntry(entry);
    this.#replica.onChanges(hint);
  }

  check(): void {
    this.#replica.check();
  }

  onMoved(): void {
    this.soon();
  }

  onChecked(): void {
    for (const seat of [...this.#ahead]) this.#serve(seat);
  }

  onDue(ms: number): void {
    this.#expiry.within(ms);
  }

  /** Everybody is judged from where they are: what some have lost, others never had. */
  onChanged(): void {
    this.#cuts.dropVoid(this.#replica.place);
    for (const lane of this.#lanes.values()) lane.disband();
    for (const seat of this.#seats.values()) this.#serve(seat);
  }

  soon(): void {
    if (this.#isMoving) return;
    this.#isMoving = true;
    this.#deps.collect(() => {
      this.#isMoving = false;
      if (this.#closed) return;
      for (const lane of this.#lanes.values()) lane.onMoved();
      for (const seat of [...this.#ahead]) this.#serve(seat);
    });
  }

  lag(subscriber: Subscriber): void {
    const seat = this.#seats.get(subscriber);
    if (seat === undefined) return;
    subscriber.state = "behind";
    subscriber.trusted = true;
    this.#whenRoomy(seat);
  }

  failed(error: unknown): void {
    this.#deps.onError(error, this.#channel);
  }

  #laneOf(view: Lane["view"], rate: Rate): Lane {
    const key = `${rate.every} ${view.key}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, (lane = new Lane(this, view, rate, key)));
    return lane;
  }

  #remove(subscriber: Subscriber): void {
    const seat = this.#seats.get(subscriber);
    subscriber.state = "gone";
    if (seat === undefined) return;
    this.#seats.delete(subscriber);
    this.#ahead.delete(seat);
    this.#stopSending(seat);
    seat.lane.remove(subscriber);
    if (seat.lane.audience.size === 0) this.#lanes.delete(seat.lane.key);
  }

  #whenRoomy(seat: Seat): void {
    if (seat.waitsForRoom) return;
    seat.waitsForRoom = true;
    seat.subscriber.out.whenRoomy(() => {
      seat.waitsForRoom = false;
      this.#serve(seat);
    });
  }

  /** Sends what one gets who is behind, as its socket takes it, until it is where its lane is. */
  #serve(seat: Seat): void {
    try {
      let isOn = true;
      while (isOn) isOn = this.#step(seat);
    } catch (error) {
      // Others who are behind on this channel come after this one.
      this.failed(error);
      this.clock.setTimeout(() => this.#serve(seat), RETRY_MS);
    }
  }

  /** One line or page of it; whether the next can follow at once. */
  #step(seat: Seat): boolean {
    const { subscriber, lane } = seat;
    if (this.#closed || subscriber.state === "gone" || subscriber.state === "live") return false;
    if (!this.ready || !this.#isOpen || lane.rate.every === Infinity) return false;
    if (lane.isWaiting(subscriber)) return false;
    subscriber.state = "behind";
    this.#ahead.delete(seat);
    if (seat.sending?.isDropped === true) this.#stopSending(seat);
    if (seat.sending === undefined) return this.#begin(seat);
    return this.#sendPage(seat, seat.sending);
  }

  /** Finds out what it gets next; whether it gets anything now. */
  #begin(seat: Seat): boolean {
    const { subscriber, lane } = seat;
    const { cursor } = subscriber;
    const { place } = this.#replica;
    const standing = judge(cursor, place);
    if (standing === "ahead" || (standing === "epoch" && !subscriber.trusted && !seat.isChecked))
      return this.#ask(seat);
    const newest = place.epochs.at(-1);
    const isOfNow = newest?.epoch === cursor.epoch || newest?.earlier === cursor.epoch;
    if (standing !== "on" || !isOfNow) return this.#tellGap(seat, standing === "on" ? "failover" : standing);
    if (newest !== undefined && newest.epoch !== cursor.epoch)
      subscriber.cursor = { epoch: newest.epoch, offset: cursor.offset };
    if ((cursor.offset > 0 || seat.isServed) && lane.admit(subscriber)) return false;
    seat.sending = this.#cuts.take(subscriber.cursor, lane.view);
    seat.page = 0;
    return seat.sending !== undefined;
  }

  /** Its cursor is beyond what is known here: the broker knows. */
  #ask(seat: Seat): boolean {
    seat.subscriber.state = "ahead";
    this.#ahead.add(seat);
    if (seat.isChecked) return false;
    seat.isChecked = true;
    this.#replica.check();
    return false;
  }

  #tellGap(seat: Seat, reason: GapReason): boolean {
    const { subscriber } = seat;
    const after = subscriber.cursor.offset;
    // Only with the epoch does what was told still stand; otherwise all is told anew.
    const until = reason === "failover" ? after : 0;
    if (!subscriber.out.roomy || !subscriber.out.offer(this.#gap(after, until, reason))) {
      this.#whenRoomy(seat);
      return false;
    }
    subscriber.cursor = { epoch: this.cursor.epoch, offset: until };
    subscriber.trusted = true;
    seat.isServed = seat.isServed && until > 0;
    return true;
  }

  #gap(after: number, until: number, reason: GapReason): Chunk {
    const { epoch } = this.cursor;
    const key = `${after} ${epoch} ${reason}`;
    if (this.#lastGap?.key !== key)
      this.#lastGap = { key, chunk: textChunk(gapLine(this.#ch, { after, until, epoch, reason }).text) };
    return this.#lastGap.chunk;
  }

  #sendPage(seat: Seat, sending: SharedCut): boolean {
    const { subscriber } = seat;
    const { cut } = sending;
    const chunk = cut.page(seat.page);
    if (!subscriber.out.roomy || (chunk !== undefined && !subscriber.out.offer(chunk))) {
      this.#whenRoomy(seat);
      return false;
    }
    seat.page++;
    if (seat.page < cut.pages) return true;
    subscriber.cursor = cut.end;
    seat.isServed = true;
    this.#stopSending(seat);
    return true;
  }

  #stopSending(seat: Seat): void {
    if (seat.sending === undefined) return;
    this.#cuts.leave(seat.sending);
    seat.sending = undefined;
  }
}

/** All subscribers of a channel, whichever their lane. */
class Seats implements Subscribers {
  readonly #seats: ReadonlyMap<Subscriber, Seat>;
  readonly delete: (subscriber: Subscriber) => void;

  constructor(seats: ReadonlyMap<Subscriber, Seat>, remove: (subscriber: Subscriber) => void) {
    this.#seats = seats;
    this.delete = remove;
  }

  get size(): number {
    return this.#seats.size;
  }

  [Symbol.iterator](): Iterator<Subscriber> {
    return this.#seats.keys();
  }
}
