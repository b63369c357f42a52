import type { Random } from "../../protocol/index.js";
import type { Lease } from "../contract.js";
import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";
import { buffer } from "./replies.js";
import { scripts } from "./scripts.js";

/** The leases that this node holds: keys that expire. */
export class Leases {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #random: Random;
  readonly #held = new Set<Lease>();

  constructor(link: RedisLink, keys: Keys, random: Random) {
    this.#link = link;
    this.#keys = keys;
    this.#random = random;
  }

  async take(name: string, ttl: number): Promise<Lease | undefined> {
    const key = this.#keys.lease(name);
    const reply = await this.#link.script(scripts.leaseTake, [key], [this.#random.id(), Math.ceil(ttl)]);
    if (reply === null) return undefined;
    const token = buffer(reply).toString();
    const lease: Lease = {
      token,
      renew: async () => {
        const renewed =
          Number(await this.#link.script(scripts.leaseRenew, [key], [token, Math.ceil(ttl)])) === 1;
        if (!renewed) this.#held.delete(lease);
        return renewed;
      },
      release: async () => {
        this.#held.delete(lease);
        await this.#link.script(scripts.leaseRelease, [key], [token]);
      },
    };
    this.#held.add(lease);
    return lease;
  }

  async releaseAll(): Promise<void> {
    await Promise.all(Array.from(this.#held, (lease) => lease.release()));
  }
}
