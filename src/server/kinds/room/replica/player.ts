/** A player on the node that it is connected to: one connection's hold on one seat. */
import type { Cursor } from "../../../../protocol/index.js";
import type { Subscriber } from "../../../delivery/audience.js";
import type { TidemarkError } from "../../../errors.js";
import type { Went } from "../tick-message.js";
import type { InputEdge } from "./input-edge.js";
import type { PlayerEnd, Travelling } from "./joining.js";
import type { Screen } from "./screens.js";

/** What a player does with its place, which carries it out. */
export interface PlayerHost {
  begin(player: Player, subscriber: Subscriber, options: PlayerView): void;
  input(player: Player, n: number, value: unknown, seen: number | undefined): TidemarkError | undefined;
  leave(player: Player): Promise<void>;
  disconnect(player: Player): void;
  /** It has no part in the room any more. */
  ended(player: Player): void;
}

/** How a player looks at its room. */
export interface PlayerView {
  /** The cursor that its client came with, if any. */
  readonly cursor?: Cursor | undefined;
  /** How many bytes a frame may take; left out: no limit. */
  readonly budget?: number | undefined;
}

export class Player {
  readonly seat: string;
  readonly client: string;
  readonly user: unknown;
  /** What it joined with, as its schema gave it back. */
  readonly join: unknown;
  readonly edge: InputEdge;
  readonly #host: PlayerHost;
  readonly #onEnd: Travelling["onEnd"];
  /** Undefined before it looks. */
  screen: Screen | undefined;
  /** Whether it has no part in the room any more. */
  hasEnded = false;
  /** Whether the owner is being told that it is here. */
  isSaying = false;
  /** Whether it asks again for its seat, which may have been lost. */
  isReturning = false;
  /** Why it was last heard that its seat is free, if it was. */
  went: Pick<Went, "why" | "reason"> | undefined;
  /** The tick that it said it saw, where that was not told yet. */
  sawTick: number | undefined;

  constructor(host: PlayerHost, { seat, client, user, join, onEnd }: Travelling, edge: InputEdge) {
    this.#host = host;
    this.seat = seat;
    this.client = client;
    this.user = user;
    this.join = join;
    this.edge = edge;
    this.#onEnd = onEnd;
  }

  /** Frames go to this subscriber from here on. */
  begin(subscriber: Subscriber, options: PlayerView = {}): void {
    this.#host.begin(this, subscriber, options);
  }

  /**
   * An input of this connection: hot path.
   *
   * @param n counted by the client from 1
   * @param seen the tick that its player saw
   * @returns why it does not count, to be told to the client; nothing where it was taken, or had come before
   */
  input(n: number, value: unknown, seen?: number): TidemarkError | undefined {
    return this.#host.input(this, n, value, seen);
  }

  /** Its client has seen a tick, which no input says. */
  saw(tick: number): void {
    if (!Number.isSafeInteger(tick) || tick < 0) return;
    this.sawTick = Math.min(tick, this.screen?.tick ?? 0);
  }

  /**
   * Gives the seat up. Rejects with `unavailable` where the room's owner does not answer; then it is kept for the grace, as without
   * a word.
   */
  leave(): Promise<void> {
    return this.#host.leave(this);
  }

  /** Its connection has ended: the seat is kept for the grace. */
  disconnect(): void {
    this.#host.disconnect(this);
  }

  /** It has no part in the room any more; called by its place. */
  end(why: PlayerEnd, reason?: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#host.ended(this);
    this.#onEnd(why, reason);
  }
}
