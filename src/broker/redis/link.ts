/** The way to Redis for commands. Waits for a connection up to the deadline; what was sent is never sent again. */
import type { Writable } from "node:stream";
import type { Cluster, Redis } from "ioredis";
import type { Clock } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";
import { within } from "./deadline.js";
import { mayBeRepeated, replyCode, toBrokerError } from "./errors.js";
import type { Script } from "./scripts.js";
import type { Topology } from "./topology.js";
import { CALL_AGAIN_MS } from "./retry-times.js";

export type Arg = string | Buffer | number;

export interface LinkOptions {
  readonly clock: Clock;
  readonly timeout: number;
}

/** A call that waits for a connection. */
interface Waiting {
  readonly key: string;
  readonly until: number;
  readonly go: (redis: Redis | Cluster) => void;
}

export class RedisLink {
  readonly #topology: Topology;
  readonly #clock: Clock;
  /** Milliseconds that a call may take, unless it says otherwise. */
  readonly timeout: number;
  /** By the group of their keys, each in the order of the calls. */
  readonly #waiting = new Map<number, Waiting[]>();
  /** Connections that hold back what is sent in this turn. */
  readonly #corked = new Set<Writable>();
  /** What is to be done when this turn ends, before they let go of it. */
  #last: (() => void)[] = [];
  #ending = false;
  #looking = false;
  #closed = false;

  constructor(topology: Topology, { clock, timeout }: LinkOptions) {
    this.#topology = topology;
    this.#clock = clock;
    this.timeout = timeout;
    topology.onReady(() => this.#resume());
  }

  /** Runs a script on the server that has `keys`, all of one slot. Rejects with a {@link BrokerError}. */
  script(
    script: Script,
    keys: readonly string[],
    args: readonly Arg[],
    timeout = this.timeout,
  ): Promise<unknown> {
    const call = [keys.length, ...keys, ...args];
    return this.#run(keys[0] ?? "", script.name, timeout, (redis) => this.#evaluate(redis, script, call));
  }

  async #evaluate(redis: Redis | Cluster, { sha, text }: Script, call: readonly Arg[]): Promise<unknown> {
    try {
      return await redis.callBuffer("evalsha", [sha, ...call]);
    } catch (error) {
      if (replyCode(error) !== "NOSCRIPT") throw error;
      return redis.callBuffer("eval", [text, ...call]);
    }
  }

  /**
   * Runs a script as {@link script} does, up to `until` on the steady clock. Its arguments are asked for whenever it is sent.
   * `learns` is told what Redis says against them, and says whether they are other ones now: then it is sent again at once.
   */
  scriptUntil(
    script: Script,
    keys: readonly string[],
    args: () => readonly Arg[],
    until: number,
    learns: (error: unknown) => boolean,
  ): Promise<unknown> {
    const left = until - this.#clock.monotonic();
    return this.#run(keys[0] ?? "", script.name, left, async (redis) => {
      for (;;) {
        try {
          return await this.#evaluate(redis, script, [keys.length, ...keys, ...args()]);
        } catch (error) {
          if (!learns(error) || this.#clock.monotonic() >= until) throw error;
        }
      }
    });
  }

  /** Runs one command on the server that has `key`. Rejects with a {@link BrokerError}. */
  command(key: string, name: string, ...args: Arg[]): Promise<unknown> {
    return this.#run(key, name, this.timeout, (redis) => redis.callBuffer(name, args));
  }

  /** Keys of one group may be in one script. */
  groupOf(key: string): number {
    return this.#topology.groupOf(key);
  }

  /** Calls `run` at the end of this turn, in order. What it sends goes in the same write as what was sent before. */
  atEndOfTurn(run: () => void): void {
    this.#last.push(run);
    this.#endTurn();
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
  }

  async #run(
    key: string,
    what: string,
    timeout: number,
    send: (redis: Redis | Cluster) => Promise<unknown>,
  ): Promise<unknown> {
    const until = this.#clock.monotonic() + timeout;
    for (;;) {
      const left = until - this.#clock.monotonic();
      const redis =
        this.#ready(key) ?? (await within(this.#clock, left, `come back to ${what}`, this.#wait(key, until)));
      if (this.#closed) throw new BrokerError("closed", "this broker was closed");
      this.#cork(key);
      try {
        return await within(this.#clock, until - this.#clock.monotonic(), what, send(redis));
      } catch (error) {
        if (!mayBeRepeated(error) || until - this.#clock.monotonic() <= CALL_AGAIN_MS)
          throw toBrokerError(error);
      }
      await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, CALL_AGAIN_MS));
    }
  }

  /** All commands of a turn go to their server in one write; one each would cost both sides more than the commands. */
  #cork(key: string): void {
    const stream = this.#topology.connectionFor(key)?.stream;
    if (stream === undefined || this.#corked.has(stream)) return;
    this.#endTurn();
    stream.cork();
    this.#corked.add(stream);
  }

  #endTurn(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#clock.setImmediate(() => {
      for (const run of this.#last) run();
      this.#last = [];
      this.#ending = false;
      for (const stream of this.#corked) stream.uncork();
      this.#corked.clear();
    });
  }

  /** Nobody overtakes those who wait: the appends of a channel keep the order of their calls. */
  #ready(key: string): Redis | Cluster | undefined {
    return this.#waiting.has(this.groupOf(key)) ? undefined : this.#topology.ready(key);
  }

  #wait(key: string, until: number): Promise<Redis | Cluster> {
    return new Promise((resolve) => {
      const group = this.groupOf(key);
      const waiting = this.#waiting.get(group);
      if (waiting === undefined) this.#waiting.set(group, [{ key, until, go: resolve }]);
      else waiting.push({ key, until, go: resolve });
      this.#look();
    });
  }

  /** Those whose server is there go on; those whose time is over are forgotten. */
  #resume(): void {
    const now = this.#clock.monotonic();
    for (const [group, waiting] of this.#waiting) {
      const redis = this.#topology.ready(waiting[0]?.key ?? "");
      const left = redis === undefined ? waiting.filter(({ until }) => until > now) : [];
      if (left.length > 0) this.#waiting.set(group, left);
      else this.#waiting.delete(group);
      if (redis !== undefined) for (const { go } of waiting) go(redis);
    }
    if (this.#waiting.size > 0) this.#look();
  }

  /** Not everything that makes a server ready again is announced: a cluster's slots move silently. */
  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#clock.setTimeout(() => {
      this.#looking = false;
      if (!this.#closed) this.#resume();
    }, CALL_AGAIN_MS);
  }
}
