/** Everything of one scenario that has to end with it: processes, folders, connections. */
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Broker } from "tidemark/broker";
import { redisBroker, type RedisBrokerOptions } from "tidemark/broker/redis";
import type { Random } from "tidemark/protocol";
import { seededRandom, type HistoryEvent } from "tidemark/testing";
import { RedisServer, type Settings as RedisSettings } from "../lib/redis-server.js";
import { Remote } from "../lib/remote.js";
import { eventsOf, type Note } from "./account.js";
import type { Crowd } from "./crowd.js";
import type { Node } from "./node.js";

export const CHANNEL = "chat/faults";
/** How long stragglers have, in milliseconds. */
const PATIENCE_MS = 60_000;

export interface FaultSettings {
  /** Clients on each node. */
  readonly clients: number;
  /** Messages a second, by the clients of each node. */
  readonly rate: number;
  readonly seconds: number;
  readonly seed: number;
  /** Where the built programs of this folder are. */
  readonly built: string;
  readonly say: (line: string) => void;
}

/** A server in a process of its own. */
export interface ServedNode {
  readonly port: number;
  readonly pid: number;
  readonly kill: () => void;
}

export class Scene {
  readonly settings: FaultSettings;
  readonly random: Random;
  readonly folder = mkdtempSync(join(tmpdir(), "tidemark-faults-"));
  readonly #ends: (() => unknown)[] = [];
  readonly #crowds: Remote<Crowd>[] = [];

  constructor(settings: FaultSettings) {
    this.settings = settings;
    this.random = seededRandom(settings.seed);
    this.onEnd(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** Done at the end, the last one first. */
  onEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).toReversed()) await end();
  }

  async redis(settings: RedisSettings = {}): Promise<RedisServer> {
    const server = await RedisServer.start(settings);
    this.onEnd(() => server.remove());
    return server;
  }

  /** A server on Redis; 0 is any port. */
  async node(redis: RedisBrokerOptions, port = 0, dedupe?: number): Promise<ServedNode> {
    const remote = await Remote.start<Node>("node.js", this.settings.built);
    this.onEnd(() => remote.kill());
    return {
      port: await remote.call("listen", { redis, port, dedupe }),
      pid: remote.pid,
      kill: () => remote.kill(),
    };
  }

  /** A process with clients, subscribed. */
  async crowd(url: string): Promise<Remote<Crowd>> {
    const { built, clients } = this.settings;
    const remote = await Remote.start<Crowd>("crowd.js", built);
    this.onEnd(() => remote.kill());
    await remote.call("join", { url, clients, first: this.#crowds.length * clients });
    this.#crowds.push(remote);
    return remote;
  }

  /** Whether a subscriber belongs to the crowd of that number. */
  isOf(crowd: number, subscriber: string): boolean {
    return Math.floor(Number(subscriber.slice("client ".length)) / this.settings.clients) === crowd;
  }

  /** All crowds publish. */
  async publish(): Promise<void> {
    for (const crowd of this.#crowds) await crowd.call("publish", this.settings.rate);
  }

  /** Nobody publishes any more, everything is answered, and everybody has what is there; else how many have not. */
  async settle(): Promise<number> {
    const heads = await Promise.all(this.#crowds.map((crowd) => crowd.call("rest")));
    const head = Math.max(...heads);
    const behind = await Promise.all(
      this.#crowds.map((crowd) => crowd.call("settled", { head, patience: PATIENCE_MS })),
    );
    return behind.reduce((sum, count) => sum + count, 0);
  }

  /** What all clients saw; they go. */
  async accounts(): Promise<HistoryEvent[]> {
    const notes: Note[] = [];
    for (const [i, crowd] of this.#crowds.entries()) {
      const file = join(this.folder, `crowd-${i}`);
      await crowd.call("leave", file);
      for await (const line of createInterface(createReadStream(file))) notes.push(JSON.parse(line) as Note);
    }
    notes.sort(([, a], [, b]) => a - b);
    return eventsOf(CHANNEL, notes);
  }

  /** A look into the broker from outside of all nodes. */
  async observer(options: RedisBrokerOptions): Promise<Broker> {
    const broker = await redisBroker({ ...options, onWarning: () => {} });
    this.onEnd(() => broker.close());
    return broker;
  }
}

/**
 * One history of what clients saw and what the log was: publishes come first and appends before everything that
 * can follow from them, since only clients' events have exact times.
 */
export function tell(accounts: readonly HistoryEvent[], log: readonly HistoryEvent[]): HistoryEvent[] {
  const rank = ({ is }: HistoryEvent): number =>
    is === "publish" ? 0 : is === "append" || is === "loss" ? 1 : 2;
  const publishes = accounts.filter((event) => event.is === "publish");
  const others = [...log, ...accounts.filter((event) => event.is !== "publish")];
  others.sort((a, b) => a.time - b.time || rank(a) - rank(b));
  const time = others.at(-1)?.time ?? 0;
  return [...publishes, ...others, { time, is: "quiet", final: true }];
}
