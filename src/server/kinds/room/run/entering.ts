/** What enters a room: everything that its future depends on, besides its own state. */
import type { LeaveReason } from "../../../../room/hooks.js";

/**
 * One thing that enters a room, in the order of coming. Values are JSON values, as they came out of a text; a run freezes them.
 * What is about a seat that is not taken is passed over.
 */
export type Entering =
  /** `over`: the seat was granted before, and is honoured although the room is full. */
  | {
      readonly is: "join";
      readonly seat: string;
      readonly user: unknown;
      readonly join: unknown;
      readonly over?: true;
    }
  /** Keeps a place for so long, for a join of that seat. */
  | { readonly is: "reserve"; readonly seat: string; readonly ms: number }
  | { readonly is: "leave"; readonly seat: string; readonly why: Exclude<LeaveReason, "away"> }
  /** The seat has a connection. `from`: its node holds no input with a lower number. */
  | { readonly is: "here"; readonly seat: string; readonly from?: number }
  /** The seat has no connection any more. */
  | { readonly is: "away"; readonly seat: string }
  /** `n`: counted from 1 for each seat. `seen`: the tick that the player saw, acknowledged less interpolation delay. */
  | {
      readonly is: "input";
      readonly seat: string;
      readonly n: number;
      readonly input: unknown;
      readonly seen?: number;
    }
  /** The same without an input. */
  | { readonly is: "seen"; readonly seat: string; readonly tick: number }
  /** An event that the application sends: JSON text of data that fits its schema. */
  | { readonly is: "send"; readonly event: string; readonly json: string; readonly to?: string }
  /** The application ends the room. */
  | { readonly is: "close"; readonly reason: string };

/** What entered in one tick; ticks without one have no entry, unless the room has no rate. */
export interface TickEntry {
  readonly tick: number;
  /** In a room without a rate: the milliseconds of its time at which the step was made. */
  readonly at?: number;
  readonly entered: readonly Entering[];
}

/** What became of a join or a reservation. `again`: the seat is taken, by this very join. */
export type SeatAnswer = "ok" | "again" | "room_full" | "room_closed" | "refused" | "bad_request";

/**
 * Whether its numbers are such as can be. What is not sound is passed over and in no entry, so that nothing which a client makes up
 * can keep a log from being read.
 */
export function isSound(one: Entering): boolean {
  switch (one.is) {
    case "input":
      return isWhole(one.n, 1) && (one.seen === undefined || isWhole(one.seen, 0));
    case "here":
      return one.from === undefined || isWhole(one.from, 1);
    case "seen":
      return isWhole(one.tick, 0);
    case "reserve":
      return Number.isFinite(one.ms) && one.ms >= 0;
    case "join":
    case "leave":
    case "away":
    case "send":
    case "close":
      return true;
  }
}

function isWhole(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
