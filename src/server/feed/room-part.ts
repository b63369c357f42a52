/** What the feed of a room does for those who play in it, besides showing what happens. */
import type { Cursor } from "../../protocol/index.js";
import type { Subscriber } from "../delivery/audience.js";
import type { TidemarkError } from "../errors.js";

/**
 * Why a player has no part in the room any more.
 *
 * - `taken`: another connection of the same player has the seat now
 * - `left`: it has left, on this connection or another one
 * - `away`: it was taken to have no connection for longer than `grace`
 * - `kicked`: the application has sent it away
 * - `lost`: the store has lost data, and its seat could not be had again
 * - `closed`: the room has ended
 */
export type PlayerEnd = "taken" | "left" | "away" | "kicked" | "lost" | "closed";

/** Who wants to play. */
export interface Joining {
  /** See `RoomPart.seatOf`. */
  readonly seat: string;
  /** The connection, by a name that no other one of any node has. */
  readonly client: string;
  /** What `authenticate` returned. */
  readonly user: unknown;
  /** What it joins with; not looked at yet. */
  readonly join: unknown;
  /** Whether it says that it had this seat already. */
  readonly had?: boolean;
  /** Whether its inputs come with requests of their own, maybe to other nodes: so over HTTP. Default false. */
  readonly isPartial?: boolean;
  /** What it is matched by, for a room that nobody has made yet. Default: what the place was opened for. */
  readonly match?: ReadonlyMap<string, string>;
  /** Asked with what it joins with, as the schema gave it back; what it rejects with is why it may not. */
  readonly mayJoin?: (join: unknown) => void | PromiseLike<void>;
  /** Asked behind that where nobody has made the room yet. */
  readonly mayMake?: () => void | PromiseLike<void>;
  /** Called once, unless it leaves or is disconnected first. `reason` is that of a room which has ended. */
  readonly onEnd: (why: PlayerEnd, reason: string | undefined) => void;
}

/** How a player looks at its room. */
export interface PlayerView {
  /** The cursor that its client came with, if any. */
  readonly cursor?: Cursor | undefined;
  /** How many bytes a frame may take; left out: no limit. */
  readonly budget?: number | undefined;
}

/** One connection's hold on one seat. */
export interface Seated {
  readonly seat: string;
  /** The number of the newest input that the seat has had; 0: none. */
  readonly last: number;
  /** Whether it has no part in the room any more. */
  readonly hasEnded: boolean;
  /** Frames go to this subscriber from here on. */
  begin(subscriber: Subscriber, view?: PlayerView): void;
  /**
   * An input: hot path.
   *
   * @param n counted by the client from 1
   * @param seen the tick that its player saw
   * @returns what became of it: taken, passed over since it had come before, or why it does not count
   */
  input(n: number, value: unknown, seen?: number): InputOutcome;
  /** Its client has seen a tick, which no input says. */
  saw(tick: number): void;
  /**
   * Gives the seat up. Rejects with `unavailable` where the room's owner does not answer; then it is kept for the grace, as without
   * a word.
   */
  leave(): Promise<void>;
  /** Its connection has ended: the seat is kept for the grace. */
  disconnect(): void;
}

/** What became of an input. One that is refused or had come before does not travel. */
export type InputOutcome = "taken" | "known" | TidemarkError;

/** Who only looks on. */
export interface LookingOn {
  /** Called once, with its reason, when the room has ended. */
  readonly onClosed: (reason: string) => void;
  readonly view?: PlayerView;
}

/** The room behind a {@link ChannelFeed}. */
export interface RoomPart {
  /** Ticks a second; 0: none. */
  readonly rate: number;
  /** See `shapeName`. */
  readonly shape: string;
  /** Whose seat it is in this room: a user's, by its id, or that of a client, by a secret of its own. */
  seatOf(owner: { readonly user: string } | { readonly secret: string }): string;
  /** @throws {TidemarkError} `room_closed` where it has ended */
  mustBeOpen(): void;
  /**
   * Takes a seat for a connection, or that which it has. Who gets it has to say when its connection ends.
   *
   * @throws {TidemarkError} as a rejection: `invalid`, `room_full`, `room_closed`, `forbidden`, `unavailable`, `seat_taken`
   */
  join(joining: Joining): Promise<Seated>;
  /** Shows the room to somebody without a seat. */
  lookOn(subscriber: Subscriber, looking: LookingOn): void;
  /**
   * An input of somebody who has the seat with a connection to any node, and shows who it is with each request.
   *
   * @returns as {@link Seated.input}; `forbidden` where nobody has that seat
   */
  inputOf(seat: string, n: number, value: unknown, seen: number | undefined): Promise<InputOutcome>;
}
