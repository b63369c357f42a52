/**
 * The end of a node, without haste. Clients are told to move, each in a slot of its own, so that the nodes which take
 * them are not overrun. Everything that was asked for is answered first; a client that waits for a call, which it could
 * not make again, is told to move later.
 */
import type { Clock, Random, Timer } from "../../../protocol/index.js";
import type { Connection } from "../connection.js";

/** How many clients a second are told to move, where the grace is long enough for that. */
const PACE = 50;
/** The share of the grace in which clients are told to move; the rest is for those who take their time. */
const SPREAD = 0.8;
/** How often it is looked who is due, in milliseconds. */
const TICK_MS = 100;
/** How long before its slot a client that still waits for a call is given a later one, in milliseconds. */
const LEAD_MS = 300;
/** How much later that slot is, in milliseconds. */
const POSTPONED_MS = 1000;
/** How long after its slot a client that has not moved is made to, in milliseconds. */
const OVERDUE_MS = 1000;

interface Leaving {
  readonly connection: Connection;
  /** When it is told to move: its slot, on the monotonic clock. */
  at: number;
}

export class Drain {
  /** Resolves when everybody has left, or the grace is over. */
  readonly done: Promise<void>;
  readonly #clock: Clock;
  readonly #end: number;
  readonly #reason: string;
  readonly #leaving = new Map<Connection, Leaving>();
  #resolve: () => void = () => {};
  #timer: Timer;

  /** @param grace milliseconds that clients may take to leave, all together */
  constructor(
    connections: Iterable<Connection>,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    grace: number,
    reason: string,
  ) {
    this.#clock = clock;
    this.#reason = reason;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    const now = clock.monotonic();
    this.#end = now + grace;
    // Commands sent over HTTP beside a connection end by themselves.
    const all = [...connections].filter(({ arrival }) => arrival !== "aside");
    const span = Math.min((all.length / PACE) * 1000, grace * SPREAD);
    for (const [i, connection] of all.entries()) {
      const at = now + (span * (i + random.float())) / all.length;
      attempt(connection, () => askToMove(connection, Math.ceil(at - now), reason));
      // A connection that had not connected is gone by now.
      if (!connection.closed) this.#leaving.set(connection, { connection, at });
    }
    this.#tick();
  }

  /** A connection has ended. */
  ended(connection: Connection): void {
    this.#leaving.delete(connection);
  }

  /** Ends the drain now, whoever is still here. */
  cut(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#resolve();
  }

  #tick(): void {
    const now = this.#clock.monotonic();
    if (this.#leaving.size === 0 || now >= this.#end) return this.cut();
    for (const leaving of this.#leaving.values()) attempt(leaving.connection, () => this.#look(leaving, now));
    this.#timer = this.#clock.setTimeout(() => this.#tick(), TICK_MS);
  }

  #look(leaving: Leaving, now: number): void {
    const { connection, at } = leaving;
    if (connection.asksAgain) {
      if (now >= at) connection.finish();
    } else if (now >= at + OVERDUE_MS) {
      closeWhenIdle(connection, this.#reason);
    } else if (now >= at - LEAD_MS && connection.calls > 0 && now + POSTPONED_MS + OVERDUE_MS < this.#end) {
      leaving.at = now + POSTPONED_MS;
      askToMove(connection, POSTPONED_MS, this.#reason);
    }
  }
}

/** Tells the client to come back elsewhere in so many milliseconds. Nothing is said over HTTP. */
function askToMove(connection: Connection, after: number, reason: string): void {
  if (connection.stage === "new") connection.close("going_away", reason);
  else if (!connection.asksAgain)
    connection.whenOpen(() => connection.tell(JSON.stringify({ event: "goaway", after })));
}

/** Ends the connection as soon as all that was asked for is answered; nothing further is carried out. */
function closeWhenIdle(connection: Connection, reason: string): void {
  const { intake } = connection;
  intake.shut();
  if (!intake.busy) return connection.close("going_away", reason);
  intake.whenIdle(() => connection.close("going_away", reason));
}

/** What fails at one connection is the end of that one, and keeps nobody else from moving. */
function attempt(connection: Connection, run: () => void): void {
  try {
    run();
  } catch (error) {
    connection.abandon(error);
  }
}
