import type { Redis } from "ioredis";
import type { Topic } from "./topic.js";

/** The most topics in one command. */
const AT_ONCE = 500;

export interface SubscriberOptions {
  /** Whether one command may name topics of any slot. */
  readonly mixesTopics: boolean;
  /** Who is meant by a message. */
  readonly topic: (name: string) => Topic | undefined;
  /** This server would not have it: it is another one's. */
  readonly onRefused: (topic: Topic) => void;
  /** This server says that some of its topics are another one's now. */
  readonly onMoved: () => void;
}

/** One connection that hears topics of one server. It comes back by itself, and asks for all of them again. */
export class Subscriber {
  readonly #redis: Redis;
  readonly #options: SubscriberOptions;
  readonly #topics = new Map<string, Topic>();
  #closed = false;

  constructor(redis: Redis, options: SubscriberOptions) {
    this.#redis = redis;
    this.#options = options;
    redis.on("error", () => {
      // Every failure of this connection ends in "close", and whoever waits hears of it by the deadline.
    });
    redis.on("ready", () => this.#subscribe([...this.#topics.values()]));
    redis.on("close", () => {
      for (const topic of this.#topics.values()) topic.on = false;
    });
    // A slot has moved away and taken its topics with it. Which ones is not said: asking for all of them tells.
    redis.on("moved", () => {
      this.#options.onMoved();
      for (const topic of this.#topics.values()) topic.on = false;
      this.#subscribe([...this.#topics.values()]);
    });
    redis.on("smessageBuffer", (name: Buffer, message: Buffer) => {
      const topic = this.#options.topic(name.toString());
      if (topic?.wasOn === true) topic.listener.onMessage(message);
    });
    redis.connect().catch(() => undefined);
  }

  add(topics: readonly Topic[]): void {
    for (const topic of topics) this.#topics.set(topic.name, topic);
    if (this.#redis.status === "ready") this.#subscribe(topics);
  }

  remove(topic: Topic): void {
    if (this.#topics.get(topic.name) !== topic) return;
    this.#topics.delete(topic.name);
    topic.on = false;
    if (this.#redis.status !== "ready" || this.#closed) return;
    this.#redis.sunsubscribe(topic.name).catch(() => undefined);
  }

  ping(): void {
    // Without an answer the socket's own timeout cuts the connection.
    if (this.#redis.status === "ready") this.#redis.ping().catch(() => undefined);
  }

  reconnect(): void {
    if (this.#redis.status === "ready") this.#redis.disconnect(true);
  }

  close(): void {
    this.#closed = true;
    this.#topics.clear();
    this.#redis.disconnect();
  }

  #subscribe(topics: readonly Topic[]): void {
    const most = this.#options.mixesTopics ? AT_ONCE : 1;
    for (let i = 0; i < topics.length; i += most) {
      const some = topics.slice(i, i + most);
      this.#redis.ssubscribe(...some.map(({ name }) => name)).then(
        () => this.#confirm(some),
        () => this.#refuse(some),
      );
    }
  }

  #confirm(topics: readonly Topic[]): void {
    for (const topic of topics) {
      // It may have been let go meanwhile, and asked for again by somebody else.
      if (this.#topics.get(topic.name) !== topic || topic.on) continue;
      topic.on = true;
      if (topic.wasOn) topic.listener.onReset();
      topic.wasOn = true;
      topic.open();
    }
  }

  #refuse(topics: readonly Topic[]): void {
    // When the connection was lost, "ready" asks again.
    if (this.#closed || this.#redis.status !== "ready") return;
    for (const topic of topics) {
      if (this.#topics.get(topic.name) !== topic) continue;
      this.#topics.delete(topic.name);
      this.#options.onRefused(topic);
    }
  }
}
