/**
 * Pings, and the end of those who do not answer. Connections are dealt over as many groups as a ping period has
 * seconds; each second one group is pinged and an earlier one is looked at. So nothing comes in waves, and no
 * connection has a timer.
 */
import type { Clock, Timer } from "../../../protocol/index.js";
import type { Connection } from "../connection.js";
import type { Stillness } from "./stillness.js";

/** How long an answer to a ping may take, in milliseconds. */
const PATIENCE_MS = 10_000;
/**
 * How long a peer may leave unread what was sent before the ping, in milliseconds: the peer cannot answer a ping
 * that it has not come to. What the peer costs meanwhile is bounded.
 */
export const STALLED_MS = 120_000;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #groups: Set<Connection>[];
  readonly #tick: number;
  readonly #stillness: Stillness;
  #next = 0;
  #timer: Timer;
  /** The timer of the pings in between, which only ask for the age of what comes. */
  #ageTimer: Timer;
  #nextAge = 0;
  #dealt = 0;
  /** How far those peers were that are behind in reading, when that was last found to have changed. */
  readonly #progress = new WeakMap<Connection, { readonly drains: number; readonly at: number }>();

  /**
   * @param ping milliseconds between two pings of a connection
   * @param age milliseconds between two pings which only ask for the age of what comes; where that is less than `ping`
   */
  constructor(clock: Clock, ping: number, age: number, stillness: Stillness) {
    this.#clock = clock;
    this.#stillness = stillness;
    const groups = Math.max(2, Math.min(60, Math.round(ping / 1000)));
    this.#groups = Array.from({ length: groups }, () => new Set<Connection>());
    this.#tick = ping / groups;
    stillness.begin(this.#tick);
    this.#schedule();
    if (age < ping) this.#askAges(age / groups);
  }

  add(connection: Connection): void {
    connection.beat = this.#dealt++ % this.#groups.length;
    this.#groups[connection.beat]?.add(connection);
  }

  delete(connection: Connection): void {
    this.#groups[connection.beat]?.delete(connection);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#ageTimer);
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#schedule();
      this.#beat();
    }, this.#tick);
  }

  /** Asks one group after the other for the age of what comes, `ms` milliseconds apart. */
  #askAges(ms: number): void {
    this.#ageTimer = this.#clock.setTimeout(() => {
      this.#askAges(ms);
      const now = this.#clock.monotonic();
      for (const connection of this.#groups[this.#nextAge] as Set<Connection>) connection.askAge(now);
      this.#nextAge = (this.#nextAge + 1) % this.#groups.length;
    }, ms);
  }

  #beat(): void {
    this.#stillness.beat(this.#clock.monotonic());
    const { length } = this.#groups;
    const steps = Math.min(length - 1, Math.ceil(PATIENCE_MS / this.#tick));
    for (const connection of this.#groups[(this.#next - steps + length) % length] as Set<Connection>)
      this.#judge(connection);
    for (const connection of this.#groups[this.#next] as Set<Connection>) connection.ping();
    this.#next = (this.#next + 1) % length;
  }

  /** Ends a connection that did not answer its ping. What fails at one must not keep the others from their turn. */
  #judge(connection: Connection): void {
    try {
      if (connection.silent && !connection.deaf && !this.#isReading(connection))
        connection.close("silent", "nothing was heard since the last ping");
    } catch (error) {
      connection.abandon(error);
    }
  }

  /** Whether the peer has yet to read what was sent before the ping, and gets on with that. */
  #isReading(connection: Connection): boolean {
    const { drains, unsent } = connection.out;
    if (unsent === 0) return false;
    const now = this.#clock.monotonic();
    const last = this.#progress.get(connection);
    if (last?.drains !== drains) {
      this.#progress.set(connection, { drains, at: now });
      return true;
    }
    return now - last.at < STALLED_MS;
  }
}
