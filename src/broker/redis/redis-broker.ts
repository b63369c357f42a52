import type { Member } from "../../protocol/index.js";
import {
  BrokerError,
  type Appended,
  type Broker,
  type Draft,
  type Durability,
  type Follower,
  type Lease,
  type LogOptions,
  type NodeInfo,
  type Page,
  type ReadFrom,
  type Signal,
} from "../contract.js";
import { takeReign } from "../log/reign.js";
import type { HeldBy, Reign, ReignRequest } from "../reign-contract.js";
import type { Changed, ChangesDraft, SlotsFrom, SlotsOptions, SlotsPage } from "../slots-contract.js";
import type { ThreadEntry } from "../thread-contract.js";
import { AppendCalls } from "./append-calls.js";
import { ChangeCalls } from "./change-calls.js";
import { encodeSignals } from "./entry-codec.js";
import { EpochNames } from "./epoch-names.js";
import { checkFormat } from "./format.js";
import { Follows } from "./follows.js";
import { forOtherThread } from "./for-other-thread.js";
import { Keys } from "./keys.js";
import { Leases } from "./leases.js";
import { RedisLink } from "./link.js";
import { LogCalls } from "./log-calls.js";
import { list } from "./replies.js";
import { ReignCalls } from "./reign-calls.js";
import { readMember } from "./member-codec.js";
import { Messages } from "./messages.js";
import { NodeLife } from "./node-life.js";
import type { Settings } from "./options.js";
import { PresentMembers } from "./present-members.js";
import { Replication } from "./replication.js";
import { scripts } from "./scripts.js";
import { checkServers } from "./server-check.js";
import { ServerTimes } from "./server-times.js";
import { Sweeper } from "./sweeper.js";
import { Topics } from "./topics.js";
import type { Topology } from "./topology.js";

/** One node's broker on a Redis that it is connected to. */
export class RedisBroker implements Broker {
  readonly node: string;
  readonly #settings: Settings;
  readonly #topology: Topology;
  readonly #keys: Keys;
  readonly #link: RedisLink;
  readonly #appends: AppendCalls;
  readonly #changes: ChangeCalls;
  readonly #reigns: ReignCalls;
  readonly #log: LogCalls;
  readonly #topics: Topics;
  readonly #follows: Follows;
  readonly #present: PresentMembers;
  readonly #life: NodeLife;
  readonly #leases: Leases;
  readonly #messages: Messages;
  #durability: Durability;
  #closing: Promise<void> | undefined;

  constructor(topology: Topology, durability: Durability, settings: Settings) {
    const { prefix, nodeId, version, lease, clock, random, timeout, replicas, maxKeys, idle, onError } =
      settings;
    this.node = nodeId;
    this.#settings = settings;
    this.#durability = durability;
    this.#topology = topology;
    const keys = (this.#keys = new Keys(prefix));
    const link = (this.#link = new RedisLink(topology, { clock, timeout }));
    const topics = (this.#topics = new Topics(topology, { clock, timeout }));
    const replication = replicas > 0 ? new Replication(topology, replicas, { timeout, clock }) : undefined;
    const logOptions = { epochNames: new EpochNames(random), maxKeys, idle };
    const times = new ServerTimes(clock, topology);
    const callParts = { link, replication, times, options: logOptions };
    this.#appends = new AppendCalls(keys, callParts);
    this.#changes = new ChangeCalls(keys, callParts);
    this.#reigns = new ReignCalls(keys, callParts, random);
    this.#log = new LogCalls(link, keys, logOptions);
    this.#follows = new Follows(topics, keys, onError);
    this.#leases = new Leases(link, keys, random);
    this.#messages = new Messages(link, keys, topics, onError);
    const present = (this.#present = new PresentMembers(link, keys, clock, random.id()));
    const parts = {
      topology,
      link,
      keys,
      topics,
      present,
      sweeper: new Sweeper(link, keys),
      onAnother: () => this.#checkAgain(),
    };
    this.#life = new NodeLife(parts, { id: nodeId, version, lease, clock, random });
  }

  /** It may change with a failover, to a server that is set up in another way. */
  get durability(): Durability {
    return this.#durability;
  }

  get otherThread(): ThreadEntry {
    const module = new URL("./thread-writer.js", import.meta.url).href;
    return { module, data: forOtherThread(this.#settings) };
  }

  /** How many messages about channels were passed over because they are of a kind that only a newer version knows. */
  get unknownMessages(): number {
    return this.#follows.unknown;
  }

  /** Becomes a node among the others, where the key space is one that this version can read. */
  async start(): Promise<void> {
    await checkFormat(this.#link, this.#keys);
    await Promise.all([this.#messages.open(this.node), this.#life.start()]);
  }

  append(channel: string, drafts: readonly Draft[], options: LogOptions): Promise<Appended[]> {
    // Hot path: no function and no promise of its own.
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return this.#appends.append(channel, drafts, options);
  }

  read(channel: string, from: ReadFrom, options: LogOptions): Promise<Page> {
    return this.#open(() => this.#log.read(channel, from, options));
  }

  change(channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Promise<Changed[]> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return this.#changes.change(channel, drafts, options);
  }

  readSlots(channel: string, from: SlotsFrom, options: SlotsOptions): Promise<SlotsPage> {
    return this.#open(() => this.#log.readSlots(channel, from, options));
  }

  reign(channel: string, request: ReignRequest, options: LogOptions | SlotsOptions): Promise<Reign | HeldBy> {
    return takeReign(request, (step) => this.#open(() => this.#reigns.step(channel, step, options)));
  }

  signal(channel: string, signals: readonly Signal[]): Promise<void> {
    return this.#open(async () => {
      if (signals.length === 0) return;
      const topic = this.#keys.topic(channel);
      await this.#link.command(topic, "spublish", topic, encodeSignals(signals));
    });
  }

  follow(channel: string, follower: Follower): Promise<() => void> {
    return this.#open(() => this.#follows.follow(channel, follower));
  }

  join(channel: string, member: Member, instance: string): Promise<void> {
    return this.#open(() => this.#present.join(channel, member, instance));
  }

  leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    return this.#open(() => this.#present.leave(channel, id, instance, grace));
  }

  members(channel: string): Promise<{ members: Member[]; version: number }> {
    return this.#open(async () => {
      const keys = this.#keys.presence(channel, this.#present.incarnation);
      const [version, nextGrace, owners, members] = list(await this.#link.script(scripts.members, keys, []));
      this.#life.saw(channel, list(owners).map(String));
      // The node that began it looks at it in time; when it is gone, whoever asks does.
      if (nextGrace === 0) this.#present.lookAfter(channel, 0);
      const parsed = list(members).map((text) => readMember(JSON.parse(String(text))));
      return { members: parsed, version: Number(version) };
    });
  }

  lease(name: string, ttl: number): Promise<Lease | undefined> {
    return this.#open(() => this.#leases.take(name, ttl));
  }

  nodes(): Promise<NodeInfo[]> {
    return this.#open(() => this.#life.nodes());
  }

  report(load: Readonly<Record<string, number>>): void {
    this.#life.report(load);
  }

  send(node: string, text: string): Promise<void> {
    return this.#open(() => this.#messages.send(node, text));
  }

  listen(listener: (text: string) => void): () => void {
    return this.#closing === undefined ? this.#messages.listen(listener) : () => {};
  }

  /** As the contract has it; closing again waits for the same end. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#follows.close();
    this.#messages.close();
    this.#topics.closeAll();
    this.#present.close();
    // Where Redis is away, leases and members end by themselves.
    await Promise.allSettled([this.#life.stop(), this.#leases.releaseAll()]);
    this.#link.close();
    this.#topology.close();
  }

  /** Redis is another one: so may its settings be, and connections that have not noticed are with the one before. */
  #checkAgain(): void {
    if (!this.#topology.endsOldTopics) this.#topics.reconnect();
    // It may have lost the number. Who is here stays, whatever it says now: the refusal is for who comes.
    checkFormat(this.#link, this.#keys).catch(() => undefined);
    checkServers(this.#topology, { ...this.#settings, eviction: "warn" }).then(
      (durability) => {
        if (durability === this.#durability) return;
        this.#settings.onWarning(
          `acknowledgements of Redis mean ${durability} now, and meant ${this.#durability} before`,
        );
        this.#durability = durability;
      },
      // It went away again; when it comes back it is looked at again.
      () => undefined,
    );
  }

  async #open<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw closedError();
    return call();
  }
}

function closedError(): BrokerError {
  return new BrokerError("closed", "this broker was closed");
}
