/** A node of the simulated cluster: the rooms that it owns, and those that it has players in, in a process that can be stopped and killed. */
import { BrokerError } from "../../../broker/index.js";
import type { Clock, Random } from "../../../protocol/index.js";
import type { RoomDef } from "../../../room/shape.js";
import { Budget } from "../../../server/delivery/budget.js";
import { Flusher } from "../../../server/delivery/flusher.js";
import { guardedClock } from "../../../server/guard.js";
import { RoomMail } from "../../../server/kinds/room/owner/mail.js";
import { STUCK, roomLogOptions } from "../../../server/kinds/room/owner/room-log.js";
import { Rooms } from "../../../server/kinds/room/owner/rooms.js";
import type { TenureOptions } from "../../../server/kinds/room/owner/tenure.js";
import { RoomPlace } from "../../../server/kinds/room/replica/room-place.js";
import { RoomPlaces } from "../../../server/kinds/room/replica/room-places.js";
import type { Logger } from "../../../server/logger.js";
import type { VirtualClock } from "../../virtual-clock.js";
import type { BrokerSite } from "../broker-site.js";
import { SimBroker } from "../broker.js";
import type { TroubledNode } from "../node-faults.js";
import { SimProcess } from "../process.js";
import type { Recorder } from "../recorder.js";
import { codeFor } from "./code.js";
import type { RoomFindings } from "./findings.js";
import { kindOf } from "./shapes.js";
import type { Truths } from "./truths.js";

/** Small enough to be reached by who does not read. */
export const UNSENT = { perConnection: 96 * 1024, total: 64 * 1024 * 1024 } as const;
/** A place that nobody uses is closed after so long, in milliseconds. */
const LINGER_MS = 1500;
const FILL_MS = 500;
/** A process that has ended of a room is started again after so long, in milliseconds. */
const RESTART_MS = 800;
/** What is logged as an error where nothing is wrong with the server. */
const EXPECTED = /^a hook of a room threw/;

/** What a node is told of a connection of its own. */
export interface NodeLink {
  /** Its process is gone. With `silently` nobody says so. */
  nodeDied(silently: boolean): void;
  /** It stops in good order. */
  goAway(): void;
}

interface OpenPlace {
  readonly opening: Promise<RoomPlace>;
  users: number;
  readonly close: () => void;
}

export interface RoomNodeOptions {
  readonly name: string;
  readonly site: BrokerSite;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly findings: RoomFindings;
  readonly truths: Truths;
  readonly times: TenureOptions;
  /** Whether it always owns a room that nobody plays in. */
  readonly isFilled: boolean;
}

/** One life of a node, from its start to its end. */
export class NodeLife {
  readonly process: SimProcess;
  readonly broker: SimBroker;
  readonly clock: Clock;
  readonly flusher: Flusher;
  readonly budget = new Budget(UNSENT);
  readonly mail: RoomMail;
  readonly rooms: Rooms;
  readonly places = new RoomPlaces();
  readonly links = new Set<NodeLink>();
  readonly define: (channel: string) => RoomDef | undefined;
  readonly #options: RoomNodeOptions;
  readonly #open = new Map<string, OpenPlace>();
  #filled = "";
  #numbers = 0;

  constructor(options: RoomNodeOptions, onDoom: (life: NodeLife, channel: string) => void) {
    const { site, clock: base, random, truths, times } = options;
    this.#options = options;
    this.process = new SimProcess(base);
    this.broker = new SimBroker(site, this.process, { isMailLossy: true });
    const { broker } = this;
    this.clock = guardedClock(this.process.clock, (error) => this.failed(error));
    const { clock } = this;
    const onError = (error: unknown): void => this.failed(error);
    this.define = codeFor((channel) => onDoom(this, channel));
    this.flusher = new Flusher(clock, onError);
    this.mail = new RoomMail({ broker, clock, onError });
    this.rooms = new Rooms({
      broker,
      clock,
      random,
      times,
      mail: this.mail,
      log: this.#logger(),
      define: this.define,
    });
    this.rooms.watch((channel, signal) => {
      const run = this.rooms.get(channel)?.run;
      if (run !== undefined && this.isRunning) truths.of(channel).told(signal, run, broker.node);
    });
    this.rooms.watch((channel, signal) => this.places.onTold(channel, signal));
    this.mail.listen(this.places.onItem);
    if (options.isFilled) this.#fill();
  }

  get isRunning(): boolean {
    return this.process.state === "running";
  }

  /** A name for something of this node that nothing else has. */
  newName(): string {
    return `${this.broker.node}.${++this.#numbers}`;
  }

  /** This node's place of a room; to be given back with {@link leave}. Rejects with the broker's error. */
  async enter(channel: string): Promise<RoomPlace> {
    let open = this.#open.get(channel);
    if (open === undefined) {
      open = this.#openPlace(channel);
      this.#open.set(channel, open);
    }
    open.users++;
    try {
      return await open.opening;
    } catch (error) {
      open.users--;
      if (this.#open.get(channel) === open) this.#open.delete(channel);
      throw error;
    }
  }

  leave(channel: string): void {
    const open = this.#open.get(channel);
    if (open === undefined) return;
    open.users--;
    if (open.users > 0) return;
    this.clock.setTimeout(() => {
      if (open.users > 0 || this.#open.get(channel) !== open) return;
      this.#open.delete(channel);
      open.close();
    }, LINGER_MS);
  }

  /** How many play in a room here, as its place has it. */
  async playersOf(channel: string): Promise<number> {
    return (await this.#open.get(channel)?.opening)?.players ?? 0;
  }

  /** Lets go of everything, as the end of a server in good order. */
  end(): void {
    for (const { close } of this.#open.values()) close();
    this.#open.clear();
    this.rooms.close();
    this.clock.setImmediate(() => {
      this.mail.close();
      void this.broker.close();
    });
  }

  /** Something failed. Brokers that are away are nothing to be told of here. */
  failed(error: unknown): void {
    const { recorder, findings, name } = this.#options;
    if (error instanceof BrokerError) return recorder.count(`failed: ${error.code}`);
    findings.add("no complaints", `${name}: ${textOf(error)}`);
  }

  #openPlace(channel: string): OpenPlace {
    const { broker, clock, mail, rooms } = this;
    const { random } = this.#options;
    const def = this.define(channel);
    if (def === undefined) throw new TypeError(`${channel} is no room`);
    const place = new RoomPlace(
      { channel, ch: 7, def, match: new Map() },
      {
        broker,
        clock,
        random,
        mail,
        rooms,
        onError: (error) => this.failed(error),
        collect: (flush) => this.flusher.collect(flush),
      },
    );
    this.places.add(place);
    let stop: (() => void) | undefined;
    let isClosed = false;
    const close = (): void => {
      isClosed = true;
      stop?.();
      this.places.delete(place);
      place.close();
    };
    const open = async (): Promise<RoomPlace> => {
      try {
        stop = await broker.follow(channel, {
          onEntries: () => {},
          onChanges: (hint) => place.onChanges(hint),
          onSignals: (signals) => place.onSignals(signals),
          onPresence: () => {},
          onReset: () => place.check(),
        });
        if (isClosed) stop();
        await place.open();
        return place;
      } catch (error) {
        close();
        throw error;
      }
    };
    return { opening: open(), users: 0, close };
  }

  /** Has a room that nobody plays in, always, so that no other one is alone. */
  #fill(): void {
    const { name } = this.#options;
    if (this.rooms.get(this.#filled) === undefined) {
      const channel = `fill/${name}.${this.newName()}`;
      this.#filled = channel;
      this.mail.post(this.broker.node, {
        is: "place",
        id: channel,
        channel,
        match: new Map(),
        was: undefined,
      });
    }
    this.clock.setTimeout(() => this.#fill(), FILL_MS);
  }

  #logger(): Logger {
    const { recorder, findings, name } = this.#options;
    return {
      info() {},
      warn: (_fields, message) => recorder.count(`warning: ${message}`),
      error: (fields, message) => {
        recorder.count(`error: ${message}`);
        if (!EXPECTED.test(message) && this.process.state !== "dead")
          findings.add("no complaints", `${name}: ${message}: ${textOf(fields["error"])}`);
      },
    };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

export class RoomNode implements TroubledNode {
  readonly name: string;
  readonly #options: RoomNodeOptions;
  #life: NodeLife | undefined;
  #isDraining = false;

  constructor(options: RoomNodeOptions) {
    this.name = options.name;
    this.#options = options;
    this.start();
  }

  get life(): NodeLife | undefined {
    return this.#life;
  }

  /** Whether it takes connections. */
  get up(): boolean {
    return this.#life !== undefined && !this.#isDraining;
  }

  get process(): SimProcess | undefined {
    return this.#life?.process;
  }

  get broker(): SimBroker | undefined {
    return this.#life?.broker;
  }

  /** Whether this is its name at the broker, and it is to let go of its rooms. */
  isLeaving(node: string): boolean {
    return this.#isDraining && this.#life?.broker.node === node;
  }

  start(): void {
    if (this.#life !== undefined) return;
    this.#life = new NodeLife(this.#options, (life, channel) => this.#doom(life, channel));
  }

  crash(silently: boolean): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#isDraining = false;
    life.process.kill();
    life.broker.died();
    for (const link of life.links) link.nodeDied(silently);
    life.links.clear();
  }

  drain(grace: number, stopped: () => void): void {
    const life = this.#life;
    if (life === undefined || this.#isDraining) return;
    this.#isDraining = true;
    const end = (): void => {
      if (this.#life !== life) return;
      this.#life = undefined;
      this.#isDraining = false;
      life.end();
      this.#options.clock.setTimeout(() => {
        life.process.kill();
        for (const link of life.links) link.nodeDied(false);
        life.links.clear();
      }, 500);
      stopped();
    };
    // Rooms first, and then connections.
    void life.rooms.drain().then(() => {
      for (const link of life.links) life.process.run(() => link.goAway());
      this.#options.clock.setTimeout(end, 300);
    });
    this.#options.clock.setTimeout(end, grace + 1000);
  }

  /** A room is the end of its process: what watches over that says so in its log, and kills it (R9). */
  #doom(life: NodeLife, channel: string): never {
    const { site, recorder, truths } = this.#options;
    if (life.process.state !== "dead") {
      recorder.count("doomed");
      truths.of(channel).doomed();
      const token = life.rooms.get(channel)?.token;
      const key = { scope: `watchdog/${life.broker.node}`, id: life.newName(), print: 0 };
      const changes = [{ slot: STUCK, data: '{"why":"it stood still"}' }];
      if (token !== undefined && kindOf(channel) !== undefined)
        void site.outside.change(channel, [{ key, reign: token, changes }], roomLogOptions()).catch(() => {});
      if (this.#life === life) {
        this.crash(false);
        this.#options.clock.setTimeout(() => this.start(), RESTART_MS);
      }
    }
    throw new Error("the process has ended");
  }
}
