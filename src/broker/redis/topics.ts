/**
 * What this node hears of Redis' published messages: one subscription for each topic that somebody here wants. After
 * every cut, and whenever a topic moves to another server, it is subscribed again and its owner is told.
 */
import type { Clock } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";
import { within } from "./deadline.js";
import { Subscriber } from "./subscriber.js";
import type { Listener, Topic } from "./topic.js";
import type { Topology } from "./topology.js";
import { TOPICS_AGAIN_MS } from "./retry-times.js";

export interface TopicsOptions {
  readonly clock: Clock;
  readonly timeout: number;
}

export class Topics {
  readonly #topology: Topology;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #topics = new Map<string, Topic>();
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #unsettled = new Set<Topic>();
  #settling = false;
  #retrying = false;
  #closed = false;

  constructor(topology: Topology, { clock, timeout }: TopicsOptions) {
    this.#topology = topology;
    this.#clock = clock;
    this.#timeout = timeout;
    topology.onReady(() => this.#settleSoon());
    topology.onMoved(() => this.#reconsider());
  }

  /** Resolves when Redis has confirmed that everything published from now on is heard. A topic has one listener. */
  async open(name: string, listener: Listener): Promise<void> {
    if (this.#topics.has(name)) throw new Error(`topic ${name} is open already`);
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const topic: Topic = { name, listener, home: undefined, on: false, wasOn: false, opened, open };
    this.#topics.set(name, topic);
    this.#unsettled.add(topic);
    this.#settleSoon();
    try {
      await within(this.#clock, this.#timeout, `subscribe to ${name}`, opened);
    } catch (error) {
      if (this.#topics.get(name) === topic) this.close(name);
      throw error;
    }
    if (this.#closed) throw new BrokerError("closed", "this broker was closed");
  }

  close(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    this.#topics.delete(name);
    this.#unsettled.delete(topic);
    if (topic.home !== undefined) this.#subscribers.get(topic.home)?.remove(topic);
  }

  /** Asks every connection for a sign of life; one that gives none is cut, and comes back. */
  ping(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.ping();
  }

  /** Connects anew, as after a failover that the connections themselves have not noticed. */
  reconnect(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.reconnect();
  }

  closeAll(): void {
    this.#closed = true;
    this.#topics.clear();
    this.#unsettled.clear();
    for (const subscriber of this.#subscribers.values()) subscriber.close();
    this.#subscribers.clear();
  }

  /** Everything that is wished for in one turn is asked for at once. */
  #settleSoon(): void {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => {
      this.#settling = false;
      if (!this.#closed) this.#settle();
    });
  }

  /** Brings every topic without a home to the server that publishes it. */
  #settle(): void {
    const arrivals = new Map<Subscriber, Topic[]>();
    for (const topic of this.#unsettled) {
      const home = this.#topology.homeOf(topic.name);
      const subscriber = home === undefined ? undefined : this.#subscriberAt(home);
      if (home === undefined || subscriber === undefined) continue;
      topic.home = home;
      this.#unsettled.delete(topic);
      const others = arrivals.get(subscriber);
      if (others === undefined) arrivals.set(subscriber, [topic]);
      else others.push(topic);
    }
    for (const [subscriber, topics] of arrivals) subscriber.add(topics);
    if (this.#unsettled.size > 0) this.#retry();
  }

  #retry(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    this.#topology.refresh();
    this.#clock.setTimeout(() => {
      this.#retrying = false;
      if (!this.#closed) this.#settle();
    }, TOPICS_AGAIN_MS);
  }

  #subscriberAt(home: string): Subscriber | undefined {
    const known = this.#subscribers.get(home);
    if (known !== undefined) return known;
    const redis = this.#topology.subscriber(home);
    if (redis === undefined) return undefined;
    const subscriber = new Subscriber(redis, {
      mixesTopics: this.#topology.mixesTopics,
      topic: (name) => this.#topics.get(name),
      onRefused: (topic) => this.#unsettle(topic),
      onMoved: () => this.#topology.refresh(),
    });
    this.#subscribers.set(home, subscriber);
    return subscriber;
  }

  #unsettle(topic: Topic): void {
    topic.on = false;
    topic.home = undefined;
    if (this.#topics.get(topic.name) !== topic) return;
    this.#unsettled.add(topic);
    this.#retry();
  }

  /** Slots may have moved: topics follow them, and servers that have none any more are let go. */
  #reconsider(): void {
    for (const topic of this.#topics.values()) {
      if (topic.home === undefined || this.#topology.homeOf(topic.name) === topic.home) continue;
      this.#subscribers.get(topic.home)?.remove(topic);
      this.#unsettle(topic);
    }
    const homes = new Set(Array.from(this.#topics.values(), ({ home }) => home));
    for (const [home, subscriber] of this.#subscribers) {
      if (homes.has(home)) continue;
      subscriber.close();
      this.#subscribers.delete(home);
    }
    this.#settleSoon();
  }
}
