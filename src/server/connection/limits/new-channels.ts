/**
 * How fast clients may use channels that are new to this server: each costs memory here and in the broker, and anybody can
 * make up names. A channel that is open here, or was used lately, costs nothing.
 */
import type { Clock } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import { RateMemory } from "./rate-memory.js";
import { PER_ADDRESS, TokenBucket, together, type RateOptions } from "./rate.js";
import { RecentNames } from "./recent-names.js";
import type { RefusedCounters } from "./refused.js";

/** How long a name is remembered at least, in milliseconds, and how many names are. */
const LATELY_MS = 300_000;
const MOST_NAMES = 20_000;
/** So many addresses' worth is for all whose address is not known: those behind a proxy that nobody has named. */
const UNKNOWN_ADDRESSES = 10;

/** Who uses a channel: a connection. */
export interface ChannelUser {
  readonly identity: { readonly userId: string | undefined } | undefined;
  readonly address: string | undefined;
  readonly asksAgain: boolean;
  /** How many new channels a connection may use that has no user to go by; made when one is used. */
  newChannels: TokenBucket | undefined;
}

export interface NewChannelsDeps {
  readonly clock: Clock;
  /** The channels that are open here. */
  readonly hub: { get(name: string): unknown };
  readonly refused: Pick<RefusedCounters, "channels">;
}

export class NewChannels {
  readonly #limit: RateOptions | false;
  readonly #deps: NewChannelsDeps;
  readonly #lately: RecentNames;
  #last = "";
  readonly #users: RateMemory;
  readonly #addresses: RateMemory;
  readonly #unknown: RateMemory;

  constructor(limit: RateOptions | false, deps: NewChannelsDeps) {
    this.#limit = limit;
    this.#deps = deps;
    this.#lately = new RecentNames(MOST_NAMES, LATELY_MS, deps.clock.monotonic());
    this.#users = new RateMemory(limit);
    this.#addresses = new RateMemory(together(limit, PER_ADDRESS));
    this.#unknown = new RateMemory(together(limit, PER_ADDRESS * UNKNOWN_ADDRESSES), 1);
  }

  /** A channel is in use, or was until now. */
  note(name: string): void {
    if (this.#limit !== false) this.#lately.note(name, this.#deps.clock.monotonic());
  }

  /**
   * Counts the use of a channel, before whatever would open it.
   *
   * @throws {TidemarkError} `rate_limited` when this client has used too many new ones
   */
  use(user: ChannelUser, name: string): void {
    const limit = this.#limit;
    // Hot path: publishes to a channel come one after the other.
    if (limit === false || name === this.#last || this.#deps.hub.get(name) !== undefined) return;
    const now = this.#deps.clock.monotonic();
    if (!this.#lately.has(name, now)) {
      let wait = this.#own(user, limit, now)?.take(now) ?? 0;
      if (wait === 0) wait = this.#shared(user, now)?.take(now) ?? 0;
      if (wait > 0) {
        this.#deps.refused.channels++;
        const message = `more than ${limit.perSecond} new channels a second; ${JSON.stringify(name)} is one`;
        throw new TidemarkError("rate_limited", message, { after: wait });
      }
    }
    this.#lately.note(name, now);
    this.#last = name;
  }

  /** The rate of a user, over all connections, or of a connection without one. A request has none of its own. */
  #own(user: ChannelUser, limit: RateOptions, now: number): TokenBucket | undefined {
    const id = user.identity?.userId;
    if (id !== undefined) return this.#users.of(id, now);
    if (user.asksAgain) return undefined;
    return (user.newChannels ??= new TokenBucket(limit, now));
  }

  #shared({ address }: ChannelUser, now: number): TokenBucket | undefined {
    return address === undefined ? this.#unknown.of("", now) : this.#addresses.of(address, now);
  }
}
