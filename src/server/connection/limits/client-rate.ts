/** How often a client may do something: a user over all connections; who has none by the connection, and by its address, ten times as often. */
import type { Clock, ErrorCode } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { ChannelUser } from "./new-channels.js";
import { RateMemory } from "./rate-memory.js";
import { PER_ADDRESS, together, type RateOptions } from "./rate.js";

/** So many addresses' worth is for all whose address is not known. */
const UNKNOWN_ADDRESSES = 10;

/** Who does it: a connection. */
export type RatedClient = Pick<ChannelUser, "identity" | "address"> & { readonly client: string };

export interface ClientRateOptions {
  readonly rate: RateOptions | false;
  readonly clock: Pick<Clock, "monotonic">;
  /** What a client is told who does it too often. */
  readonly refusal: { readonly code: ErrorCode; readonly message: string };
}

/** So many a minute, and as many at once. */
export function aMinute(most: number | false): RateOptions | false {
  return most !== false && { perSecond: most / 60, burst: most };
}

export class ClientRate {
  readonly #options: ClientRateOptions;
  readonly #users: RateMemory;
  readonly #addresses: RateMemory;
  readonly #unknown: RateMemory;

  constructor(options: ClientRateOptions) {
    const { rate } = options;
    this.#options = options;
    this.#users = new RateMemory(rate);
    this.#addresses = new RateMemory(together(rate, PER_ADDRESS));
    this.#unknown = new RateMemory(together(rate, PER_ADDRESS * UNKNOWN_ADDRESSES), 1);
  }

  /** Counts it, before it is done. @throws {TidemarkError} the refusal, with when there is room again */
  use({ identity, address, client }: RatedClient): void {
    const now = this.#options.clock.monotonic();
    const id = identity?.userId;
    const rates =
      id === undefined
        ? [
            this.#users.of(`client ${client}`, now),
            address === undefined ? this.#unknown.of("", now) : this.#addresses.of(address, now),
          ]
        : [this.#users.of(`user ${id}`, now)];
    for (const rate of rates) {
      const after = rate?.take(now) ?? 0;
      if (after === 0) continue;
      const { code, message } = this.#options.refusal;
      throw new TidemarkError(code, message, { after });
    }
  }
}
