/** Logs whose keys are remembered. Bounded: clients choose channels. */
const REMEMBERED = 10_000;

/**
 * How things are named in Redis. What stands in the first braces of a name decides its cluster slot, so everything
 * of one channel shares one, and channels spread evenly. It is never empty, whatever a channel is called.
 */
export class Keys {
  readonly #prefix: string;
  /** Those of logs that were used lately: a busy one's are not put together for each message. */
  readonly #logs = new Map<string, readonly string[]>();
  readonly #slots = new Map<string, readonly string[]>();

  /** @throws {TypeError} when the prefix has braces: they would decide the slot of everything */
  constructor(prefix: string) {
    if (/[{}]/.test(prefix)) throw new TypeError(`prefix must not contain braces: ${JSON.stringify(prefix)}`);
    this.#prefix = prefix;
  }

  /** Where everything about a channel is published. */
  topic(channel: string): string {
    return `${this.#prefix}:{c:${channel}}`;
  }

  /** The keys of a log as `lua/log-keys.lua` has them, and the topic. */
  log(channel: string): readonly string[] {
    const known = this.#logs.get(channel);
    if (known !== undefined) return known;
    const topic = this.topic(channel);
    const keys = [
      `${topic}:meta`,
      `${topic}:log`,
      `${topic}:t0`,
      `${topic}:t1`,
      `${topic}:s0`,
      `${topic}:s1`,
      topic,
    ];
    if (this.#logs.size >= REMEMBERED) this.#logs.clear();
    this.#logs.set(channel, keys);
    return keys;
  }

  /** The keys of a log that is kept by slots, as `lua/slots-keys.lua` has them: those of a log, and four more. */
  slots(channel: string): readonly string[] {
    const known = this.#slots.get(channel);
    if (known !== undefined) return known;
    const topic = this.topic(channel);
    const more = [`${topic}:slots`, `${topic}:order`, `${topic}:graves`, `${topic}:dues`];
    const keys = [...this.log(channel), ...more];
    if (this.#slots.size >= REMEMBERED) this.#slots.clear();
    this.#slots.set(channel, keys);
    return keys;
  }

  /** Where the key space says its format. */
  format(): string {
    return `${this.#prefix}:{format}`;
  }

  /** The keys of a channel's presence as `lua/presence-keys.lua` has them, and the topic. */
  presence(channel: string, incarnation: string): string[] {
    const topic = this.topic(channel);
    const p = `${topic}:p`;
    return [
      `${p}:version`,
      `${p}:members`,
      `${p}:counts`,
      `${p}:graces`,
      `${p}:owners`,
      `${p}:i:${incarnation}`,
      topic,
    ];
  }

  lease(name: string): string {
    return `${this.#prefix}:{l:${name}}`;
  }

  /** The leases of nodes, and what they say of themselves. */
  nodes(): string[] {
    return [`${this.#prefix}:{nodes}:leases`, `${this.#prefix}:{nodes}:info`];
  }

  /** The channels on which an incarnation may have members. */
  channelsOf(incarnation: string): string {
    return `${this.#prefix}:{n:${incarnation}}:channels`;
  }

  /** Held by the node that sweeps an incarnation. */
  sweepOf(incarnation: string): string {
    return `${this.#prefix}:{n:${incarnation}}:sweep`;
  }

  /** Where messages to one node are published. */
  inbox(node: string): string {
    return `${this.#prefix}:{m:${node}}`;
  }

  /** Where messages to all nodes are published. */
  everybody(): string {
    return `${this.#prefix}:{nodes}`;
  }
}
