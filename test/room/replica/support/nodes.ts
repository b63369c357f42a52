/** Nodes that share a store, in virtual time: each with the rooms that it owns and those that it has players in. */
import {
  createMemoryHub,
  type Broker,
  type Follower,
  type MemoryHub,
  type Signal,
} from "../../../../src/broker/index.js";
import type { Cursor, Random } from "../../../../src/protocol/index.js";
import type { RoomDef, RoomDefinition } from "../../../../src/room/shape.js";
import { Flusher } from "../../../../src/server/delivery/flusher.js";
import { guardedClock } from "../../../../src/server/guard.js";
import { silentLogger } from "../../../../src/server/logger.js";
import { RoomMail } from "../../../../src/server/kinds/room/owner/mail.js";
import { Rooms } from "../../../../src/server/kinds/room/owner/rooms.js";
import type { PlayerEnd } from "../../../../src/server/kinds/room/replica/joining.js";
import type { Player } from "../../../../src/server/kinds/room/replica/player.js";
import { RoomPlace } from "../../../../src/server/kinds/room/replica/room-place.js";
import { RoomPlaces } from "../../../../src/server/kinds/room/replica/room-places.js";
import { seatIdOf } from "../../../../src/server/kinds/room/replica/seat-id.js";
import { seededRandom, VirtualClock } from "../../../../src/testing/index.js";
import { Peer } from "./peer.js";

export const CHANNEL = "arena/1";

/** Between a node and the store: everything passes, unless a test says otherwise. */
export class Between {
  /** What becomes of signals that come. */
  onSignals: (signals: readonly Signal[], pass: (signals: readonly Signal[]) => void) => void = (
    signals,
    pass,
  ) => pass(signals);
  /** What becomes of texts that this node sends. */
  onSend: (node: string, text: string, pass: () => Promise<void>) => Promise<void> = (_node, _text, pass) =>
    pass();
  /** What becomes of hints of changes. */
  onChanges: (pass: () => void) => void = (pass) => pass();
  /** Texts that were sent. */
  readonly sent: { readonly node: string; readonly text: string }[] = [];
  /** How often a reign was read. */
  reads = 0;

  wrap(broker: Broker): Broker {
    return Object.assign(Object.create(broker) as Broker, {
      node: broker.node,
      durability: broker.durability,
      change: broker.change.bind(broker),
      reign: broker.reign.bind(broker),
      signal: broker.signal.bind(broker),
      nodes: broker.nodes.bind(broker),
      report: broker.report.bind(broker),
      listen: broker.listen.bind(broker),
      close: broker.close.bind(broker),
      readSlots: ((channel, from, options) => {
        if ("slots" in from) this.reads++;
        return broker.readSlots(channel, from, options);
      }) satisfies Broker["readSlots"],
      send: ((node, text) => {
        this.sent.push({ node, text });
        return this.onSend(node, text, () => broker.send(node, text));
      }) satisfies Broker["send"],
      follow: ((channel, follower: Follower) =>
        broker.follow(channel, {
          onEntries: (hint) => follower.onEntries(hint),
          onChanges: (hint) => this.onChanges(() => follower.onChanges?.(hint)),
          onSignals: (signals) => this.onSignals(signals, (passed) => follower.onSignals(passed)),
          onPresence: (change) => follower.onPresence(change),
          onReset: () => follower.onReset(),
        })) satisfies Broker["follow"],
    });
  }
}

/** Who plays, and what became of it. */
export interface Playing {
  readonly player: Player;
  readonly peer: Peer;
  readonly ends: { readonly why: PlayerEnd; readonly reason: string | undefined }[];
}

export interface JoinOptions {
  readonly join?: unknown;
  readonly cursor?: Cursor;
  readonly budget?: number;
  readonly user?: unknown;
  readonly had?: boolean;
}

export class TestNode {
  readonly between = new Between();
  readonly broker: Broker;
  readonly errors: unknown[] = [];
  readonly flusher: Flusher;
  readonly mail: RoomMail;
  readonly rooms: Rooms;
  readonly places = new RoomPlaces();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #def: RoomDef;
  #clients = 0;

  constructor(clock: VirtualClock, broker: Broker, def: RoomDef, seed: number, ownsRooms: boolean) {
    const onError = (error: unknown): void => void this.errors.push(error);
    this.#clock = clock;
    this.#random = seededRandom(seed);
    this.#def = def;
    this.broker = this.between.wrap(broker);
    this.flusher = new Flusher(clock, onError);
    this.mail = new RoomMail({ broker: this.broker, clock, onError });
    this.rooms = new Rooms({
      broker: this.broker,
      clock,
      random: this.#random,
      log: silentLogger,
      mail: this.mail,
      define: () => (ownsRooms ? def : undefined),
    });
    this.rooms.watch((channel, signal) => this.places.onTold(channel, signal));
    this.mail.listen(this.places.onItem);
  }

  /** This node's place of the room, opened. */
  async open({ ch = 7 } = {}): Promise<RoomPlace> {
    const onError = (error: unknown): void => void this.errors.push(error);
    const clock = guardedClock(this.#clock, onError);
    const place = new RoomPlace(
      { channel: CHANNEL, ch, def: this.#def, match: new Map() },
      {
        broker: this.broker,
        clock,
        random: this.#random,
        mail: this.mail,
        rooms: this.rooms,
        onError,
        collect: (flush) => this.flusher.collect(flush),
      },
    );
    this.places.add(place);
    await this.broker.follow(CHANNEL, {
      onEntries: () => {},
      onChanges: (hint) => place.onChanges(hint),
      onSignals: (signals) => place.onSignals(signals),
      onPresence: () => {},
      onReset: () => place.check(),
    });
    await place.open();
    return place;
  }

  /** Somebody joins, and looks. */
  async play(place: RoomPlace, name: string, options: JoinOptions = {}): Promise<Playing> {
    const ends: Playing["ends"] = [];
    const joining = place.join({
      seat: seatOf(name),
      client: `${this.broker.node}.${++this.#clients}`,
      user: options.user ?? { id: name },
      join: options.join ?? { name },
      had: options.had ?? false,
      onEnd: (why, reason) => void ends.push({ why, reason }),
    });
    const player = await joining;
    // Its client knows from the answer where it begins.
    const cursor = options.cursor ?? place.beginning;
    const peer = this.peer(cursor);
    player.begin(peer.subscriber, { cursor, budget: options.budget });
    return { player, peer, ends };
  }

  /** Somebody looks on. */
  watch(place: RoomPlace, cursor?: Cursor): Peer {
    const peer = this.peer(cursor);
    place.add(peer.subscriber);
    return peer;
  }

  /** Its process ends, without a word. */
  kill(): void {
    this.rooms.close();
    this.mail.close();
    void this.broker.close();
  }

  peer(cursor?: Cursor): Peer {
    return new Peer(this.#clock, this.flusher, this.#def.shape.state, cursor);
  }
}

/** The seat of a user of that name. */
export function seatOf(name: string): string {
  return seatIdOf(CHANNEL, { user: name });
}

export class Nodes {
  readonly clock = new VirtualClock();
  readonly hub: MemoryHub;
  readonly nodes: TestNode[];

  /** @param owners how many of the nodes own rooms: the first ones */
  constructor(definition: Pick<RoomDefinition, "def">, { count = 2, owners = 1, seed = 1 } = {}) {
    this.hub = createMemoryHub({ clock: this.clock, random: seededRandom(seed) });
    this.nodes = Array.from({ length: count }, (_, i) => {
      const broker = this.hub.broker({ id: `n${i}` });
      return new TestNode(this.clock, broker, definition.def, 1000 * seed + i, i < owners);
    });
  }

  node(index: number): TestNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }

  /** Lets time pass until it is there. */
  async wait<T>(promise: Promise<T>, most = 10_000): Promise<T> {
    let done = false;
    const settled = promise.finally(() => (done = true));
    settled.catch(() => {});
    for (let passed = 0; !done && passed < most; passed += 10) await this.clock.advance(10);
    return settled;
  }

  /** The node that owns the room. */
  get owner(): TestNode {
    const owner = this.nodes.find(({ rooms }) => rooms.get(CHANNEL)?.reign !== undefined);
    if (owner === undefined) throw new Error("nobody owns the room");
    return owner;
  }

  /** What failed anywhere. */
  get errors(): unknown[] {
    return this.nodes.flatMap(({ errors }) => errors);
  }
}
