/** A player on the node that it is connected to: one connection's hold on one seat. */
import type { LeaveReason } from "../../../../room/hooks.js";
import type { Subscriber } from "../../../delivery/audience.js";
import type { InputOutcome, PlayerView, Seated } from "../../../feed/room-part.js";
import type { InputEdge } from "./input-edge.js";
import type { PlayerEnd, Travelling } from "./joining.js";
import type { Screen } from "./screens.js";

/** What a player does with its place, which carries it out. */
export interface PlayerHost {
  begin(player: Player, subscriber: Subscriber, options: PlayerView): void;
  input(player: Player, n: number, value: unknown, seen: number | undefined): InputOutcome;
  leave(player: Player): Promise<void>;
  disconnect(player: Player): void;
  /** It has no part in the room any more. */
  ended(player: Player): void;
}

export class Player implements Seated {
  readonly seat: string;
  readonly client: string;
  readonly user: unknown;
  /** What it joined with, as its schema gave it back. */
  readonly join: unknown;
  /** Whether its inputs come with requests of their own, maybe to other nodes. */
  readonly isPartial: boolean;
  readonly edge: InputEdge;
  readonly #host: PlayerHost;
  readonly #onEnd: Travelling["onEnd"];
  last = 0;
  /** Undefined before it looks. */
  screen: Screen | undefined;
  /** Whether it has no part in the room any more. */
  hasEnded = false;
  /** Whether the owner is being told that it is here. */
  isSaying = false;
  /** Whether it asks again for its seat, which may have been lost. */
  isReturning = false;
  /** Why it was last heard that its seat is free, if it was. */
  went: LeaveReason | undefined;
  /** The tick that it said it saw, where that was not told yet. */
  sawTick: number | undefined;

  constructor(host: PlayerHost, { seat, client, user, join, isPartial, onEnd }: Travelling, edge: InputEdge) {
    this.#host = host;
    this.seat = seat;
    this.client = client;
    this.user = user;
    this.join = join;
    this.isPartial = isPartial;
    this.edge = edge;
    this.#onEnd = onEnd;
  }

  begin(subscriber: Subscriber, options: PlayerView = {}): void {
    this.#host.begin(this, subscriber, options);
  }

  input(n: number, value: unknown, seen?: number): InputOutcome {
    return this.#host.input(this, n, value, seen);
  }

  saw(tick: number): void {
    if (!Number.isSafeInteger(tick) || tick < 0) return;
    this.sawTick = Math.min(tick, this.screen?.tick ?? 0);
  }

  leave(): Promise<void> {
    return this.#host.leave(this);
  }

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
