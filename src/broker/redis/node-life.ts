/**
 * That this node lives, as the others know it: a lease on its incarnation, renewed several times within its length.
 * A node that Redis has declared dead, or whose Redis may have lost what it was told, goes on as another incarnation
 * and joins all of its members again. The same beat finds dead nodes and sweeps them.
 */
import type { Clock, Random, Timer } from "../../protocol/index.js";
import type { NodeInfo } from "../contract.js";
import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";
import { list } from "./replies.js";
import type { PresentMembers } from "./present-members.js";
import { scripts } from "./scripts.js";
import type { Sweeper } from "./sweeper.js";
import type { Topics } from "./topics.js";
import type { Topology } from "./topology.js";

/** Beats within a lease. */
const BEATS = 3;
/** How often Redis is reminded of members that nothing happens to: within the life of presence keys, in milliseconds. */
const REMIND_MS = 8 * 3_600_000;
/** How long the list of an incarnation's channels outlives its last beat, in milliseconds. */
const LIST_LIFE_MS = 86_400_000;

export interface NodeLifeOptions {
  readonly id: string;
  readonly version: string;
  readonly lease: number;
  readonly clock: Clock;
  readonly random: Random;
}

export interface NodeLifeParts {
  readonly topology: Topology;
  readonly link: RedisLink;
  readonly keys: Keys;
  readonly topics: Topics;
  readonly present: PresentMembers;
  readonly sweeper: Sweeper;
  /** Told when a server of Redis was promoted or started again. */
  readonly onAnother: () => void;
}

export class NodeLife {
  readonly #options: NodeLifeOptions;
  readonly #parts: NodeLifeParts;
  readonly #since: number;
  readonly #replicationIds = new Set<string>();
  /** Dead incarnations of this node that nobody has swept yet. */
  readonly #former = new Set<string>();
  /** Incarnations with members on a channel that no list of nodes names, and since when. */
  readonly #suspects = new Map<
    string,
    { readonly channel: string; readonly incarnation: string; readonly since: number }
  >();
  #load: Readonly<Record<string, number>> = {};
  #timer: Timer;
  #beating: Promise<void> = Promise.resolve();
  /** Since when every beat has succeeded, on the steady clock: before a lease of that nobody else is declared dead. */
  #wellSince: number | undefined;
  #remindedAt: number;
  #isNew = true;
  #stopped = false;

  constructor(parts: NodeLifeParts, options: NodeLifeOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#since = options.clock.now();
    this.#remindedAt = options.clock.monotonic();
  }

  /** The first beat, and the promise of all others. Rejects when it fails. */
  async start(): Promise<void> {
    await this.#beat();
    // After a reconnection Redis may be another one: not waiting for the next beat ends ghosts sooner.
    this.#parts.topology.onReady(() => this.#beatSoon(0));
    this.#beatSoon(this.#interval);
  }

  report(load: Readonly<Record<string, number>>): void {
    this.#load = { ...load };
  }

  async nodes(): Promise<NodeInfo[]> {
    const { link, keys } = this.#parts;
    const [nodes] = list(await link.script(scripts.nodeList, keys.nodes(), []));
    const found = new Map<string, NodeInfo>();
    for (const text of list(nodes)) {
      const info = readInfo(String(text));
      const other = found.get(info.id);
      if (other === undefined || other.since <= info.since) found.set(info.id, info);
    }
    // What it says of itself is newer than what Redis has.
    if (found.has(this.#options.id)) found.set(this.#options.id, this.#info());
    return [...found.values()];
  }

  /** Notes who has members on a channel: an incarnation that no node answers for is swept in a while. */
  saw(channel: string, owners: readonly string[]): void {
    for (const incarnation of owners) {
      const key = `${incarnation} ${channel}`;
      if (incarnation === this.#parts.present.incarnation || this.#suspects.has(key)) continue;
      this.#suspects.set(key, { channel, incarnation, since: this.#options.clock.monotonic() });
    }
  }

  /** Stops beating, and says goodbye. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
    const { sweeper, present } = this.#parts;
    const { incarnation } = present;
    await sweeper.bury(incarnation, true);
    await sweeper.sweep(incarnation);
  }

  get #interval(): number {
    return this.#options.lease / BEATS;
  }

  #beatSoon(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.#beating = this.#beating
        .then(() => this.#beat())
        .then(
          () => this.#beatSoon(this.#interval),
          () => {
            this.#wellSince = undefined;
            this.#beatSoon(this.#interval / 2);
          },
        );
    }, ms);
  }

  async #beat(): Promise<void> {
    if (this.#stopped) return;
    const { clock } = this.#options;
    this.#parts.topics.ping();
    const { another, complete } = await this.#lookAtRedis();
    if (another) {
      this.#startOver();
      this.#parts.onAnother();
    }
    let renewal = await this.#renew();
    if (!renewal.lives) {
      this.#startOver();
      renewal = await this.#renew();
    }
    this.#wellSince = complete ? (this.#wellSince ?? clock.monotonic()) : undefined;
    this.#remind();
    void this.#bringOutTheDead(renewal.dead, renewal.expired).catch(() => undefined);
  }

  /**
   * Whether one of the servers was promoted or started again: it may have lost what it was told last. And whether all
   * of them have answered.
   */
  async #lookAtRedis(): Promise<{ another: boolean; complete: boolean }> {
    const asked = this.#parts.topology.primaries().map((redis) => redis.info("replication"));
    const answers = await Promise.allSettled(asked);
    const known = this.#replicationIds.size > 0;
    let another = false;
    for (const answer of answers) {
      if (answer.status === "rejected") continue;
      const id = /master_replid:(\w+)/.exec(answer.value)?.[1] ?? "";
      if (!this.#replicationIds.has(id)) another = known;
      this.#replicationIds.add(id);
    }
    return { another, complete: answers.every(({ status }) => status === "fulfilled") };
  }

  #startOver(): void {
    const { present } = this.#parts;
    this.#former.add(present.incarnation);
    this.#isNew = true;
    present.rejoin(this.#options.random.id());
  }

  async #renew(): Promise<{ lives: boolean; dead: string[]; expired: string[] }> {
    const { link, keys, present } = this.#parts;
    const { lease } = this.#options;
    const { incarnation } = present;
    const args = [incarnation, Math.ceil(lease), JSON.stringify(this.#info()), this.#isNew ? "1" : ""];
    // A beat that takes longer than the lease is of no use.
    const [lives, dead, expired] = list(await link.script(scripts.nodeRenew, keys.nodes(), args, lease));
    if (incarnation === present.incarnation) this.#isNew = false;
    return { lives: Number(lives) === 1, dead: list(dead).map(String), expired: list(expired).map(String) };
  }

  #info(): NodeInfo {
    const { id, version } = this.#options;
    return { id, version, load: this.#load, since: this.#since };
  }

  #remind(): void {
    const { link, keys, present } = this.#parts;
    const list_ = keys.channelsOf(present.incarnation);
    link.command(list_, "pexpire", list_, LIST_LIFE_MS).catch(() => undefined);
    const now = this.#options.clock.monotonic();
    if (now - this.#remindedAt < REMIND_MS) return;
    this.#remindedAt = now;
    present.renew();
  }

  /** Sweeps who is dead, and declares dead whose lease has run out, unless it may be Redis that was away. */
  async #bringOutTheDead(dead: readonly string[], expired: readonly string[]): Promise<void> {
    const { clock, lease, id } = this.#options;
    const { sweeper, present } = this.#parts;
    if (this.#former.size > 0 && present.settled) {
      for (const incarnation of this.#former) {
        await sweeper.bury(incarnation, true);
        // It may have joined some more after others had swept it.
        if ((await sweeper.sweep(incarnation, present.channels)) < 0) this.#former.delete(incarnation);
      }
    }
    const isWell = this.#wellSince !== undefined && clock.monotonic() - this.#wellSince >= lease;
    for (const incarnation of isWell ? [...dead, ...expired] : dead) {
      if (incarnation === present.incarnation || this.#former.has(incarnation) || this.#stopped) continue;
      if (!(await sweeper.claim(incarnation, id, this.#interval))) continue;
      if (await sweeper.bury(incarnation, false)) await sweeper.sweep(incarnation);
    }
    if (isWell && this.#suspects.size > 0) await this.#judgeSuspects();
  }

  async #judgeSuspects(): Promise<void> {
    const { link, keys, sweeper } = this.#parts;
    const { clock, lease } = this.#options;
    const [, all] = list(await link.script(scripts.nodeList, keys.nodes(), []));
    const known = new Set(list(all).map(String));
    for (const [key, { channel, incarnation, since }] of this.#suspects) {
      if (known.has(incarnation)) this.#suspects.delete(key);
      else if (clock.monotonic() - since >= 2 * lease) {
        this.#suspects.delete(key);
        await sweeper.sweepChannel(channel, incarnation);
      }
    }
  }
}

function readInfo(text: string): NodeInfo {
  const { id, version, load, since } = Object(JSON.parse(text)) as Record<keyof NodeInfo, unknown>;
  const numbers = Object.entries(Object(load) as Record<string, unknown>).map(([name, value]) => [
    name,
    Number(value),
  ]);
  return {
    id: String(id),
    version: String(version),
    load: Object.fromEntries(numbers) as Record<string, number>,
    since: Number(since),
  };
}
