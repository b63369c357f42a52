/** What a room was: enough to make it again. */
import type { About } from "../../room/hooks.js";

/** As JSON text it is what a report of a mistake needs. */
export interface RoomLog {
  readonly seed: number;
  readonly about: About;
  /** What entered, tick by tick; ticks in which nothing did are left out. */
  readonly entries: readonly string[];
  /** How many ticks there were. */
  readonly ticks: number;
}

/** The part of a room's life that begins at a checkpoint, as its log has it. */
export interface RoomLogFrom extends Omit<RoomLog, "seed" | "about"> {
  readonly from: Uint8Array;
}
