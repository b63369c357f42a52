/** Several nodes that own rooms, over one broker in memory, in virtual time. */
import { BrokerError, type Broker } from "../../../../src/broker/index.js";
import { MemoryBroker } from "../../../../src/broker/memory/memory-broker.js";
import type { StoreSnapshot } from "../../../../src/broker/memory/store.js";
import { DEFAULT_MAX_KEYS } from "../../../../src/broker/log/key-memory.js";
import type { RoomDef } from "../../../../src/room/shape.js";
import { RoomMail } from "../../../../src/server/kinds/room/owner/mail.js";
import { Rooms } from "../../../../src/server/kinds/room/owner/rooms.js";
import type { RoomsDeps } from "../../../../src/server/kinds/room/owner/rooms-deps.js";
import { readRoom, type RoomRecord } from "../../../../src/server/kinds/room/owner/read-room.js";
import { BrokerSite } from "../../../../src/testing/sim/broker-site.js";
import { fork } from "../../../../src/testing/sim/fork.js";
import { SimProcess } from "../../../../src/testing/sim/process.js";
import { Recorder } from "../../../../src/testing/sim/recorder.js";
import { RecordingStore } from "../../../../src/testing/sim/store.js";
import { VirtualClock } from "../../../../src/testing/virtual-clock.js";
import { Journal } from "./journal.js";
import { Way } from "./way.js";

/** Shorter than in use, so that commands may be late by more. */
export const TIMES = { ttl: 1000, margin: 200 };
/** Every way is next door. */
const NEAR = { float: () => 0, id: () => "near" };

export type RoomsOptions = Partial<Pick<RoomsDeps, "most" | "marked" | "marks" | "onMarked" | "times">>;

export interface ClusterOptions {
  readonly nodes?: number;
  readonly seed?: number;
  /** The code of a room, by its channel. */
  readonly define: (channel: string) => RoomDef | undefined;
  readonly options?: RoomsOptions;
}

export interface Said {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestNode {
  readonly name: string;
  readonly process: SimProcess;
  readonly way: Way;
  readonly mail: RoomMail;
  readonly rooms: Rooms;
  readonly said: Said[];
}

export class Cluster {
  readonly clock = new VirtualClock();
  readonly store: RecordingStore;
  readonly site: BrokerSite;
  readonly nodes: TestNode[] = [];
  readonly journal: Journal;
  /** What was thrown where nothing may be. */
  readonly thrown: unknown[] = [];
  readonly #options: ClusterOptions;
  readonly #outside: Broker;
  #count = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { nodes = 2, seed = 1 } = options;
    const onError = (error: unknown): void => void this.thrown.push(error);
    this.store = new RecordingStore(
      {
        clock: this.clock,
        random: fork(seed, "store"),
        idle: 86_400_000,
        maxKeys: DEFAULT_MAX_KEYS,
        onError,
      },
      new Recorder(() => this.clock.monotonic()),
      { restored() {}, read() {}, changed() {} },
    );
    this.site = new BrokerSite(this.clock, this.clock, this.store, NEAR);
    this.#outside = new MemoryBroker(this.store, 1000, { id: "outside" });
    this.store.nodes.drop(1000);
    this.journal = new Journal(this.#outside);
    for (let i = 0; i < nodes; i++) this.add();
  }

  /** Another node. */
  add(own: RoomsOptions = {}): TestNode {
    const { seed = 1, define, options } = this.#options;
    const name = String.fromCharCode(97 + this.#count++);
    const process = new SimProcess(this.clock);
    const way = new Way(this.site, process, name);
    const { broker } = way;
    const said: Said[] = [];
    const say =
      (level: Said["level"]) =>
      (fields: Said["fields"], message: string): void => {
        said.push({ level, fields, message });
      };
    const { clock } = process;
    // A broker that is away is nothing to be told of here.
    const onError = (error: unknown): void => void (error instanceof BrokerError || this.thrown.push(error));
    const mail = new RoomMail({ broker, clock, onError });
    const rooms = new Rooms({
      broker,
      clock,
      mail,
      define,
      random: fork(seed, name),
      log: { info: say("info"), warn: say("warn"), error: say("error") },
      times: TIMES,
      ...options,
      ...own,
    });
    const node = { name, process, way, mail, rooms, said };
    this.nodes.push(node);
    return node;
  }

  node(at: number): TestNode {
    const node = this.nodes[at];
    if (node === undefined) throw new RangeError(`there is no node ${at}`);
    return node;
  }

  /** Its process ends without a word. */
  kill(node: TestNode): void {
    node.process.kill();
    node.way.broker.died();
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  /** The nodes that own a room, as they themselves say. */
  ownersOf(channel: string): TestNode[] {
    return this.nodes.filter(({ rooms }) => rooms.get(channel)?.reign !== undefined);
  }

  /** The only one. */
  ownerOf(channel: string): TestNode {
    const [owner, ...others] = this.ownersOf(channel);
    if (owner === undefined || others.length > 0)
      throw new Error(`${others.length + (owner === undefined ? 0 : 1)} nodes own ${channel}`);
    return owner;
  }

  /** What a replica of the broker holds now, as the journal counts. */
  snapshot(): { readonly store: StoreSnapshot; readonly journal: number } {
    return { store: this.store.snapshot(), journal: this.journal.length };
  }

  /** The broker fails over to a replica; without one, all is lost. */
  failOver(replica?: ReturnType<Cluster["snapshot"]>): void {
    this.journal.cutTo(replica?.journal ?? 0);
    this.site.failOver(replica?.store);
  }

  /** Another way to the logs, as a thread of some process has it. */
  writer(): Broker {
    return this.#outside;
  }

  /** What is in a room's log now. */
  logOf(channel: string): Promise<RoomRecord> {
    return readRoom(this.#outside, channel);
  }
}
