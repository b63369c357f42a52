import type { Run } from "../run/run.js";
import { TickLoad } from "./load.js";
import type { Taken } from "./takeover.js";
import type { TurnTaken } from "./tick-meter.js";

/** The rooms of one node, for its operators. */
export interface RoomsStats {
  /** Rooms that it owns now. */
  readonly owned: number;
  /** Seats that are taken in them. */
  readonly players: number;
  /** Milliseconds of a second that it spends in their ticks, of the last seconds. */
  readonly tickTime: number;
  /** Ticks that were made so far. */
  readonly ticks: number;
  /** Ticks so far that began when the next one was due already, or were left out. */
  readonly ticksLate: number;
  /** Rooms that it took so far whose owner before had not let go of them: it was gone, or cut off. */
  readonly takeovers: number;
}

/** Counts what a node does for rooms. */
export class RoomsTally {
  readonly load: TickLoad;
  #ticks = 0;
  #ticksLate = 0;
  #takeovers = 0;

  /** @param now milliseconds of the clock that `load` is told */
  constructor(now: number) {
    this.load = new TickLoad(now);
  }

  /** Hot: once a turn of each room. */
  add({ ms, ticks, late }: TurnTaken): void {
    this.load.add(ms);
    this.#ticks += ticks;
    this.#ticksLate += late;
  }

  taken({ isTakeover }: Pick<Taken, "isTakeover">): void {
    if (isTakeover) this.#takeovers++;
  }

  stats(owners: Iterable<{ readonly run: Pick<Run, "seats"> }>): RoomsStats {
    let owned = 0;
    let players = 0;
    for (const { run } of owners) {
      owned++;
      players += run.seats.size;
    }
    return {
      owned,
      players,
      tickTime: this.load.perSecond,
      ticks: this.#ticks,
      ticksLate: this.#ticksLate,
      takeovers: this.#takeovers,
    };
  }
}
