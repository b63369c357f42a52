/** Several servers without connections, in virtual time: players are found rooms, and sit down in them. */
import { onTestFinished } from "vitest";
import { DEFAULT_MAX_KEYS } from "../../../../src/broker/log/key-memory.js";
import { table, text, u16 } from "../../../../src/room/columns.js";
import { listChannel } from "../../../../src/room/match.js";
import { room } from "../../../../src/room/shape.js";
import { ChannelRegistry } from "../../../../src/server/channels/registry.js";
import { DEFAULT_BUDGET } from "../../../../src/server/delivery/budget.js";
import { Engine } from "../../../../src/server/engine.js";
import type { Finding, Found } from "../../../../src/server/feed/matching.js";
import type { Seated } from "../../../../src/server/feed/room-part.js";
import type { RoomNode } from "../../../../src/server/kinds/room/room-node.js";
import { DEFAULT_LIMITS } from "../../../../src/server/options.js";
import { BrokerSite } from "../../../../src/testing/sim/broker-site.js";
import { fork } from "../../../../src/testing/sim/fork.js";
import { SimProcess } from "../../../../src/testing/sim/process.js";
import { Recorder } from "../../../../src/testing/sim/recorder.js";
import { RecordingStore } from "../../../../src/testing/sim/store.js";
import { VirtualClock } from "../../../../src/testing/virtual-clock.js";
import { Way } from "../../owner/support/way.js";

/** A dead node stays among those that are there for so long, in milliseconds. */
const LEASE_MS = 5000;
/** Every way is next door. */
const NEAR = { float: () => 0, id: () => "near" };

export const hall = room({
  rate: 2,
  seats: 10,
  grace: "2s",
  match: ["mode"],
  state: { guests: table({ name: text(32), n: u16 }) },
});

/** Whoever sits down is shown. */
export const Hall = hall.code<{ readonly id: string }>({
  join: (r, seat) => void r.state.guests.set(seat.id, { name: seat.user.id, n: r.tick }),
  leave: (r, seat) => void r.state.guests.delete(seat.id),
});

export interface Server {
  readonly name: string;
  readonly process: SimProcess;
  readonly way: Way;
  readonly engine: Engine;
  readonly rooms: RoomNode;
  readonly errors: unknown[];
}

/** Somebody who has a seat. */
export interface Guest {
  readonly name: string;
  readonly channel: string;
  readonly server: Server;
  readonly seated: Seated;
  readonly ends: string[];
}

export const LIST = listChannel("hall", hall.match, { mode: "ffa" });

export class Town {
  readonly clock = new VirtualClock();
  readonly site: BrokerSite;
  readonly servers: Server[] = [];
  /** How often somebody was asked whether a room may be made. */
  asked = 0;
  #count = 0;
  readonly #seed: number;

  constructor({ servers = 3, seed = 1 } = {}) {
    this.#seed = seed;
    const store = new RecordingStore(
      {
        clock: this.clock,
        random: fork(seed, "store"),
        idle: 86_400_000,
        maxKeys: DEFAULT_MAX_KEYS,
        onError: (error) => {
          throw error;
        },
      },
      new Recorder(() => this.clock.monotonic()),
      { restored() {}, read() {}, changed() {} },
    );
    this.site = new BrokerSite(this.clock, this.clock, store, NEAR);
    for (let i = 0; i < servers; i++) this.add();
    onTestFinished(() => {
      for (const { engine } of this.servers) engine.close("the test is over");
    });
  }

  /** Another server. */
  add(): Server {
    const name = String.fromCharCode(97 + this.#count++);
    const process = new SimProcess(this.clock);
    const way = new Way(this.site, process, name);
    const errors: unknown[] = [];
    const engine = new Engine({
      clock: process.clock,
      random: fork(this.#seed, name),
      broker: way.broker,
      log: {
        info: () => {},
        warn: () => {},
        error: (fields, message) => void errors.push({ message, ...fields }),
      },
      registry: new ChannelRegistry([["hall/:id", Hall.def]]),
      methods: new Map(),
      hooks: { authenticate: undefined, onConnect: undefined, onDisconnect: undefined },
      limits: DEFAULT_LIMITS,
      budget: DEFAULT_BUDGET,
    });
    const { rooms } = engine;
    if (rooms === undefined) throw new Error("there are no rooms");
    const server = { name, process, way, engine, rooms, errors };
    this.servers.push(server);
    return server;
  }

  server(at: number): Server {
    const server = this.servers[at];
    if (server === undefined) throw new RangeError(`there is no server ${at}`);
    return server;
  }

  /** Lets time pass until it is settled. */
  async until<T>(promise: Promise<T>, most = 30_000): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => {});
    for (let passed = 0; passed < most && !isSettled; passed += 10) await this.clock.advance(10);
    if (!isSettled) throw new Error(`nothing came of it in ${most} ms`);
    return settled;
  }

  /** Lets time pass until it is so. */
  async untilSo(isSo: () => boolean, most = 30_000): Promise<void> {
    for (let passed = 0; passed < most; passed += 10) {
      if (isSo()) return;
      await this.clock.advance(10);
    }
    throw new Error(`it was not so in ${most} ms`);
  }

  /** Somebody is found a room. */
  find(server: Server, name: string, finding: Partial<Finding> = {}): Promise<Found> {
    const { matching } = server.engine.node;
    if (matching === undefined) throw new Error("there is no matchmaking");
    return matching.find({
      name: "hall",
      match: { mode: "ffa" },
      owner: { user: name },
      how: "fill",
      mayUse: () => {},
      mayMake: async () => void this.asked++,
      ...finding,
    });
  }

  /** Somebody sits down. */
  async join(server: Server, name: string, channel: string): Promise<Guest> {
    const { hub, registry } = server.engine.node;
    const resolved = registry.resolve(channel);
    if (resolved === undefined) throw new Error(`there is no channel ${channel}`);
    const active = await hub.acquire(resolved);
    const part = active.feed.room;
    if (part === undefined) throw new Error(`${channel} is no room`);
    const ends: string[] = [];
    const seated = await part.join({
      seat: part.seatOf({ user: name }),
      client: `${name}@${server.name}`,
      user: { id: name },
      join: null,
      match: new Map([["mode", "ffa"]]),
      onEnd: (why) => void ends.push(why),
    });
    return { name, channel, server, seated, ends };
  }

  /** Somebody is found a room and sits down in it. */
  async play(server: Server, name: string, finding: Partial<Finding> = {}): Promise<Guest> {
    const { channel } = await this.find(server, name, finding);
    return this.join(server, name, channel);
  }

  /** Its process ends without a word. */
  kill(server: Server): void {
    server.process.kill();
    server.way.broker.died();
    this.servers.splice(this.servers.indexOf(server), 1);
    this.clock.setTimeout(() => this.site.leased(server.name, false), LEASE_MS);
  }

  /** The server that owns a room, as it itself says. */
  ownerOf(channel: string): Server | undefined {
    return this.servers.find(({ rooms }) => rooms.rooms.get(channel)?.reign !== undefined);
  }

  /** The list, as the room that matches has it: how many play in which room. */
  list(channel = LIST): ReadonlyMap<string, number> {
    const state = this.ownerOf(channel)?.rooms.rooms.get(channel)?.run.state["rooms"];
    return new Map([...(state ?? [])].map(([id, row]) => [`hall/${id}`, Number(row["players"])]));
  }

  /** The rooms that there are, and how many play in each. */
  halls(): ReadonlyMap<string, number> {
    const halls = new Map<string, number>();
    for (const { rooms } of this.servers)
      for (const { channel, run } of rooms.rooms.owned())
        if (channel.startsWith("hall/")) halls.set(channel, run.seats.size);
    return halls;
  }

  /** The broker fails over, and has lost everything. */
  loseAll(): void {
    this.site.failOver();
  }

  get errors(): unknown[] {
    return this.servers.flatMap(({ errors }) => errors);
  }
}
