import type { Redis } from "ioredis";
import type { Clock } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";
import { toBrokerError } from "./errors.js";
import type { Topology } from "./topology.js";

/** WAIT gives up a little before the call that needs it. */
const SHARE_OF_TIMEOUT = 0.8;

/**
 * One WAIT lasts at most this long, in milliseconds. Redis asks its replicas once for each, and that can get lost: a
 * WAIT of 800 ms was seen to end in vain where a second one was answered at once.
 */
const ONE_WAIT_MS = 100;

/** What is known of one connection. */
interface Confirmations {
  /** Counts the times it was lost: WAIT answers only for what was written since. */
  losses: number;
  running: Promise<void> | undefined;
  next: Promise<void> | undefined;
}

/**
 * Waits until enough replicas hold what was written over a connection. One WAIT answers for everything before it, so
 * those who ask while one is under way share the next.
 */
export class Replication {
  readonly #topology: Topology;
  readonly #replicas: number;
  readonly #timeout: number;
  readonly #clock: Clock;
  readonly #connections = new WeakMap<Redis, Confirmations>();

  constructor(topology: Topology, replicas: number, { timeout, clock }: { timeout: number; clock: Clock }) {
    this.#topology = topology;
    this.#replicas = replicas;
    this.#timeout = timeout * SHARE_OF_TIMEOUT;
    this.#clock = clock;
  }

  /**
   * Resolves when the replicas have what was just written about `key`. Rejects with `unavailable` when they do not in
   * time, or nobody can tell any more.
   */
  confirm(key: string): Promise<void> {
    const redis = this.#topology.connectionFor(key);
    if (redis === undefined) return Promise.reject(lost());
    const known = this.#of(redis);
    if (known.next !== undefined) return known.next;
    const { losses } = known;
    const wait = (): Promise<void> => {
      known.next = undefined;
      const running = this.#wait(redis, known, losses).finally(() => {
        if (known.running === running) known.running = undefined;
      });
      return (known.running = running);
    };
    return known.running === undefined ? wait() : (known.next = known.running.then(wait, wait));
  }

  #of(redis: Redis): Confirmations {
    let known = this.#connections.get(redis);
    if (known === undefined) {
      const fresh: Confirmations = { losses: 0, running: undefined, next: undefined };
      redis.on("close", () => fresh.losses++);
      this.#connections.set(redis, fresh);
      known = fresh;
    }
    return known;
  }

  async #wait(redis: Redis, known: Confirmations, losses: number): Promise<void> {
    const until = this.#clock.monotonic() + this.#timeout;
    for (;;) {
      if (known.losses !== losses) throw lost();
      const left = until - this.#clock.monotonic();
      let held: number;
      try {
        held = await redis.wait(this.#replicas, Math.ceil(Math.min(Math.max(left, 1), ONE_WAIT_MS)));
      } catch (error) {
        throw toBrokerError(error);
      }
      if (held >= this.#replicas) return;
      if (left <= ONE_WAIT_MS) {
        const message = `only ${held} of ${this.#replicas} replicas hold it; retry with the same key`;
        throw new BrokerError("unavailable", message);
      }
    }
  }
}

function lost(): BrokerError {
  return new BrokerError("unavailable", "the connection to Redis was lost before its replicas were asked");
}
