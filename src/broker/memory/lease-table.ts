import type { Clock, Random } from "../../protocol/index.js";
import type { Lease } from "../contract.js";

interface Held {
  readonly node: number;
  readonly token: string;
  /** On the clock's steady face. */
  until: number;
}

/** Looking for expired leases among fewer than this many is not worth it. */
const LEAST_PURGED = 64;

/** Who holds which lease, until when. */
export class LeaseTable {
  readonly #clock: Clock;
  readonly #random: Random;
  #held = new Map<string, Held>();
  #purgeAt = LEAST_PURGED;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The lease for `node`, or `undefined` when it is held. */
  take(node: number, name: string, ttl: number): Lease | undefined {
    const now = this.#clock.monotonic();
    const other = this.#held.get(name);
    if (other !== undefined && other.until > now) return undefined;
    if (this.#held.size >= this.#purgeAt) this.#purge(now);
    const token = `${this.#clock.now().toString(36)}-${this.#random.id()}`;
    this.#held.set(name, { node, token, until: now + ttl });
    return {
      token,
      renew: () => Promise.resolve(this.renew(name, token, ttl)),
      release: () => Promise.resolve(this.release(name, token)),
    };
  }

  /** Releases all leases of a node. */
  drop(node: number): void {
    for (const [name, held] of this.#held) if (held.node === node) this.#held.delete(name);
  }

  /** What a replica would know at this moment. */
  snapshot(): ReadonlyMap<string, Readonly<Held>> {
    return copyOf(this.#held);
  }

  restore(held: ReadonlyMap<string, Readonly<Held>>): void {
    this.#held = copyOf(held);
  }

  /** What {@link Lease.renew} does. */
  renew(name: string, token: string, ttl: number): boolean {
    const now = this.#clock.monotonic();
    const held = this.#held.get(name);
    // One that has run out is lost even when nobody else has taken it: its holder has stopped.
    if (held?.token !== token || held.until <= now) return false;
    held.until = now + ttl;
    return true;
  }

  /** What {@link Lease.release} does. */
  release(name: string, token: string): void {
    if (this.#held.get(name)?.token === token) this.#held.delete(name);
  }

  #purge(now: number): void {
    for (const [name, held] of this.#held) if (held.until <= now) this.#held.delete(name);
    this.#purgeAt = Math.max(LEAST_PURGED, this.#held.size * 2);
  }
}

function copyOf(held: ReadonlyMap<string, Readonly<Held>>): Map<string, Held> {
  return new Map(Array.from(held, ([name, lease]) => [name, { ...lease }]));
}
