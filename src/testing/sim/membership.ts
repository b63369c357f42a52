/** Who is present through one node, under a lease that the node renews and that ends when it does not. */
import type { Clock, Member, Timer } from "../../protocol/index.js";
import type { MemoryBroker } from "../../broker/memory/memory-broker.js";
import type { BrokerSite } from "./broker-site.js";

interface Joined {
  readonly channel: string;
  readonly member: Member;
  readonly instance: string;
}

/** How long a node's members outlive it, in milliseconds of the broker's time. */
export const LEASE_MS = 5000;
const RENEW_MS = LEASE_MS / 3;

export class Membership {
  readonly #site: BrokerSite;
  readonly #clock: Clock;
  readonly #node: string;
  readonly #call: <T>(run: () => Promise<T>) => Promise<T>;
  /** What the node means to be joined, and joins again under a new incarnation when its lease was lost. */
  readonly #joined = new Map<string, Joined>();
  /** The node's incarnation at the broker, as the broker knows it. */
  #there: MemoryBroker;
  #lapsed = false;
  #expiry: Timer;
  #over = false;

  constructor(site: BrokerSite, clock: Clock, node: string, call: <T>(run: () => Promise<T>) => Promise<T>) {
    this.#site = site;
    this.#clock = clock;
    this.#node = node;
    this.#call = call;
    this.#there = site.connectUnlisted();
    this.#renewed();
    this.#renewLater();
  }

  async join(channel: string, member: Member, instance: string): Promise<void> {
    const joined = { channel, member, instance };
    this.#joined.set(keyOf(joined), joined);
    try {
      await this.#call(() => this.#there.join(channel, member, instance));
    } catch (error) {
      // It may have arrived; the caller has been told that it has not.
      this.#joined.delete(keyOf(joined));
      throw error;
    }
  }

  async leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    this.#joined.delete(keyOf({ channel, member: { id }, instance }));
    await this.#call(() => this.#there.leave(channel, id, instance, grace));
  }

  goodbye(): void {
    this.#over = true;
    this.#site.brokerClock.clearTimeout(this.#expiry);
    void this.#there.close();
  }

  /** Nobody renews any more; the rest is the lease's. */
  abandoned(): void {
    this.#over = true;
  }

  #renewLater(): void {
    this.#clock.setTimeout(() => {
      if (this.#over) return;
      this.#renewLater();
      this.#call(() => this.#renew()).catch(() => {});
    }, RENEW_MS);
  }

  /** At the broker. */
  async #renew(): Promise<void> {
    if (this.#over) return;
    this.#renewed();
    if (!this.#lapsed) return;
    this.#lapsed = false;
    this.#there = this.#site.connectUnlisted();
    for (const { channel, member, instance } of this.#joined.values())
      await this.#there.join(channel, member, instance);
  }

  /** At the broker: the lease runs from now. */
  #renewed(): void {
    const { brokerClock } = this.#site;
    brokerClock.clearTimeout(this.#expiry);
    this.#site.leased(this.#node, true);
    this.#expiry = brokerClock.setTimeout(() => this.#expire(), LEASE_MS);
  }

  #expire(): void {
    // A broker that was away itself gives everybody another lease before it judges.
    if (this.#site.wasDownWithin(LEASE_MS)) {
      this.#renewed();
      return;
    }
    this.#lapsed = true;
    this.#site.leased(this.#node, false);
    void this.#there.close();
  }
}

function keyOf({ channel, member, instance }: Joined): string {
  return JSON.stringify([channel, member.id, instance]);
}
