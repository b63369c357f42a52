/**
 * The feed of a channel that is kept by slots: what its {@link Replica} has, told to those who are subscribed. Live ones stand in a
 * {@link Lane}, with all others who see the same at the same rate; one who is behind, comes back or begins gets a cut, page by page
 * as its socket takes it, and is then where its lane is.
 */
import type { Broker, ChangesHint, Key } from "../../../broker/index.js";
import {
  parseCursor,
  type Clock,
  type Cursor,
  type SlotFilter,
  type SubscribeOptions,
} from "../../../protocol/index.js";
import type { Subscriber } from "../../delivery/audience.js";
import type { SlotsKind, SlotsMemory, SlotsPlace } from "../../kinds/slots-kind.js";
import {
  AT_BEGINNING,
  type ChannelFeed,
  type Snapshot,
  type Start,
  type Subscribers,
} from "../channel-feed.js";
import { CatchUp, type CatchUpOwner } from "./catch-up.js";
import { Expiry, type Contact } from "./expiry.js";
import { Lane, type LaneOwner } from "./lane.js";
import type { Memories } from "./memories.js";
import { rateOf, type Rate } from "./rates.js";
import { Replica, type ReplicaDeps, type ReplicaOwner } from "./replica.js";
import { seatOf, type Seat } from "./seat.js";
import { SlotsLog, type WalkPage } from "./slots-log.js";
import type { Standing } from "./standing.js";

export interface SlotsFeedDeps extends ReplicaDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  /** Has `flush` called at the end of this turn. */
  readonly collect: (flush: () => void) => void;
  readonly contact: Contact;
  /** What all such channels of this node hold. */
  readonly memories: Memories;
  /** A key that no other append has. */
  readonly key: () => Key;
  /** From 0 to 1. */
  readonly jitter: () => number;
  /** How much of a log is read at once; for tests. */
  readonly walkPage?: WalkPage | undefined;
}

export class SlotsFeed implements ChannelFeed, ReplicaOwner, LaneOwner, CatchUpOwner {
  readonly audience: Subscribers;
  readonly memory: SlotsMemory;
  readonly clock: Clock;
  readonly #kind: SlotsKind;
  readonly #deps: SlotsFeedDeps;
  readonly #channel: string;
  readonly #replica: Replica;
  readonly #expiry: Expiry;
  readonly #catchUp: CatchUp;
  readonly #seats = new Map<Subscriber, Seat>();
  /** By what they see and how often. */
  readonly #lanes = new Map<string, Lane>();
  readonly #mostRate: number | undefined;
  /** What the memory is known to hold, in bytes. */
  #held = 0;
  #isMoving = false;
  #isOpen = false;
  #closed = false;

  constructor(kind: SlotsKind, place: SlotsPlace, deps: SlotsFeedDeps) {
    const log = new SlotsLog(place, deps.broker, deps.walkPage);
    this.memory = kind.memory(place);
    this.clock = deps.clock;
    this.#kind = kind;
    this.#channel = place.channel;
    this.#mostRate = place.rate;
    this.#deps = deps;
    this.#replica = new Replica(kind, log, this.memory, this, deps);
    this.#expiry = new Expiry(log, deps);
    this.#catchUp = new CatchUp(this, this.#replica, place.ch);
    this.audience = new Seats(this.#seats, (subscriber) => this.#remove(subscriber));
  }

  async open(): Promise<void> {
    await this.#replica.open();
    if (await this.#expiry.open()) await this.#replica.catchUp();
    this.#isOpen = true;
    this.#account();
  }

  close(): void {
    this.#closed = true;
    this.#replica.close();
    this.#expiry.close();
    this.#catchUp.close();
    for (const lane of this.#lanes.values()) lane.close();
    this.#account();
  }

  get ready(): boolean {
    return this.#isOpen && this.#replica.ready && !this.#closed;
  }

  get cursor(): Cursor {
    return this.#replica.cursor;
  }

  get beginning(): Cursor {
    return { epoch: this.cursor.epoch, offset: 0 };
  }

  start(wanted: SubscribeOptions): Start {
    const view = this.#kind.view(wanted);
    const rate = rateOf(wanted.rate, this.#mostRate);
    const cursor = parseCursor(wanted.cursor ?? "");
    if (cursor === undefined) return { ...AT_BEGINNING, as: { view, rate } };
    // It says what was seen up to there of these slots, or of others: then all is told, and nothing older than that.
    return wanted.view === view.id ? { cursor, as: { view, rate } } : { seen: cursor, as: { view, rate } };
  }

  add(subscriber: Subscriber, { as, seen }: Start): void {
    const lane = this.#laneOf(as?.view ?? this.#kind.view({}), as?.rate ?? rateOf(undefined, this.#mostRate));
    const seat = seatOf(subscriber, lane, seen);
    this.#seats.set(subscriber, seat);
    lane.audience.addBehind(subscriber);
    this.#catchUp.serve(seat);
  }

  /** From here on it is told as often as that; from its own place, in which nothing changes. */
  tune(subscriber: Subscriber, wanted: number | undefined): Rate {
    const rate = rateOf(wanted, this.#mostRate);
    const seat = this.#seats.get(subscriber);
    if (seat === undefined || seat.lane.rate.perSecond === rate.perSecond) return rate;
    const { lane } = seat;
    seat.lane = this.#laneOf(lane.view, rate);
    lane.release(subscriber);
    // Whoever goes to and fro gets no more than the faster of the two gives.
    seat.notBefore = Math.max(seat.notBefore, seat.toldAt + Math.min(lane.rate.every, rate.every));
    seat.lane.audience.addBehind(subscriber);
    this.#tidy(lane);
    this.#catchUp.serve(seat);
    return rate;
  }

  async snapshot(filter: SlotFilter): Promise<Snapshot> {
    const view = this.#kind.view(filter);
    // It may be read anew between that and this.
    do await this.#replica.upToDate();
    while (!this.ready);
    return { cursor: this.cursor, slots: this.memory.cut(this.beginning, view)?.changes ?? [] };
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
    this.#catchUp.onMoved();
  }

  onDue(ms: number): void {
    this.#expiry.within(ms);
  }

  /** Everybody is judged from where they are: what some have lost, others never had. */
  onChanged(): void {
    this.#catchUp.onChanged();
    for (const lane of this.#lanes.values()) lane.disband();
    for (const seat of this.#seats.values()) this.#catchUp.serve(seat);
  }

  soon(): void {
    if (this.#isMoving) return;
    this.#isMoving = true;
    this.#deps.collect(() => {
      this.#isMoving = false;
      if (this.#closed) return;
      this.#account();
      for (const lane of this.#lanes.values()) lane.onMoved();
      this.#catchUp.onMoved();
    });
  }

  stand(subscriber: Subscriber, { toldAt, tally }: Standing): void {
    const seat = this.#seats.get(subscriber);
    if (seat === undefined) return;
    seat.toldAt = Math.max(seat.toldAt, toldAt);
    seat.tally = tally;
  }

  lag(subscriber: Subscriber): void {
    const seat = this.#seats.get(subscriber);
    if (seat === undefined) return;
    subscriber.state = "behind";
    subscriber.trusted = true;
    this.#catchUp.whenRoomy(seat);
  }

  failed(error: unknown): void {
    this.#deps.onError(error, this.#channel);
  }

  #laneOf(view: Lane["view"], rate: Rate): Lane {
    const key = `${rate.every} ${view.key}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      this.#lanes.set(key, (lane = new Lane(this, view, rate, key)));
      this.memory.follow(view);
    }
    return lane;
  }

  #tidy({ audience, key, view }: Lane): void {
    if (audience.size > 0 || !this.#lanes.delete(key)) return;
    this.memory.unfollow(view);
  }

  #account(): void {
    const bytes = this.#closed ? 0 : this.memory.bytes;
    this.#deps.memories.add(bytes - this.#held);
    this.#held = bytes;
  }

  #remove(subscriber: Subscriber): void {
    const seat = this.#seats.get(subscriber);
    if (seat === undefined) return void (subscriber.state = "gone");
    this.#seats.delete(subscriber);
    this.#catchUp.remove(seat);
    seat.lane.remove(subscriber);
    this.#tidy(seat.lane);
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
