import type { Clock } from "../../../../protocol/index.js";
import type { Logger } from "../../../logger.js";
import type { Made } from "./turn.js";

/** So many errors of one room's hooks are logged in so many milliseconds; the others are counted. */
const MOST_LOGGED = 10;
const WITHIN_MS = 10_000;

type Thrown = Made["threw"][number];

/** Tells the operator of hooks that threw: which, in which tick, and of which input; not what that was, since a log gets no payloads. */
export class ThrowLog {
  readonly #channel: string;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #log: Logger;
  #since = -Infinity;
  #logged = 0;
  #left = 0;

  constructor(channel: string, clock: Pick<Clock, "monotonic">, log: Logger) {
    this.#channel = channel;
    this.#clock = clock;
    this.#log = log;
  }

  add({ threw, entered }: Thrown): void {
    const now = this.#clock.monotonic();
    if (now - this.#since >= WITHIN_MS) {
      this.#since = now;
      this.#logged = 0;
    }
    if (this.#logged >= MOST_LOGGED) {
      this.#left++;
      return;
    }
    this.#logged++;
    const { tick, hook, seat, which, error } = threw;
    const left = this.#left;
    this.#left = 0;
    this.#log.error(
      {
        room: this.#channel,
        tick,
        hook,
        ...(seat !== undefined && { seat }),
        ...(which !== undefined && { which }),
        entered: entered.map((one) =>
          "seat" in one ? `${one.is} ${one.seat}${one.is === "input" ? ` ${one.n}` : ""}` : one.is,
        ),
        ...(left > 0 && { unlogged: left }),
        error,
      },
      "a hook of a room threw; what it had done was taken back",
    );
  }
}
