/** How many rooms clients may make: each costs a log, and a server that runs it; and anybody can make up names. */
import type { Clock } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { ChannelUser } from "./new-channels.js";
import { RateMemory } from "./rate-memory.js";
import { PER_ADDRESS, together, type RateOptions } from "./rate.js";

/** So many addresses' worth is for all whose address is not known. */
const UNKNOWN_ADDRESSES = 10;

export class NewRooms {
  readonly #most: number | false;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #users: RateMemory;
  readonly #addresses: RateMemory;
  readonly #unknown: RateMemory;

  /** @param most for each user, a minute */
  constructor(most: number | false, clock: Pick<Clock, "monotonic">) {
    const rate: RateOptions | false = most !== false && { perSecond: most / 60, burst: most };
    this.#most = most;
    this.#clock = clock;
    this.#users = new RateMemory(rate);
    this.#addresses = new RateMemory(together(rate, PER_ADDRESS));
    this.#unknown = new RateMemory(together(rate, PER_ADDRESS * UNKNOWN_ADDRESSES), 1);
  }

  /**
   * Counts a room that is about to be made. A user is counted over all connections; who has none, by the connection and its address.
   *
   * @throws {TidemarkError} `limit_reached` when this client has made too many
   */
  use(user: Pick<ChannelUser, "identity" | "address"> & { readonly client: string }): void {
    const now = this.#clock.monotonic();
    const { identity, address, client } = user;
    const id = identity?.userId;
    const rates =
      id === undefined
        ? [
            this.#users.of(`client ${client}`, now),
            address === undefined ? this.#unknown.of("", now) : this.#addresses.of(address, now),
          ]
        : [this.#users.of(`user ${id}`, now)];
    if (rates.every((rate) => (rate?.take(now) ?? 0) === 0)) return;
    throw new TidemarkError("limit_reached", `more than ${String(this.#most)} new rooms a minute`);
  }
}
