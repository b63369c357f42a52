/** What a room was in each tick that its owners have told, for whoever is shown it. */
import type { Row } from "../../../room/column.js";
import { HYSTERESIS } from "../../../room/viewer.js";
import type { Run } from "../../../server/kinds/room/run/run.js";
import { SIGHT } from "./code.js";
import { digestOf, digestsOf, withRow, type RowDigests, type Rows } from "./digest.js";
import { shapeOf } from "./shapes.js";

/** A row of the table that is seen in parts. */
interface Placed {
  readonly x: number;
  readonly y: number;
  readonly digest: number;
}

/** A tick, as it was. */
export interface TickTruth {
  /** Of all tables; of a room with views, but for the one that is seen in parts. */
  readonly digest: number;
  /** The rows that are seen in parts, by their keys. */
  readonly placed: ReadonlyMap<string, Placed> | undefined;
}

/** The table of rooms with views that is seen in parts. */
export const THINGS = "things";

/** At the edge a row may be seen or not. */
const EDGE = 1 / 16;

export class ShownTruth {
  readonly digests: ReadonlyMap<string, RowDigests>;
  readonly #hasViews: boolean;
  readonly #ticks = new Map<string, Map<number, TickTruth>>();

  constructor(channel: string) {
    const { state } = shapeOf(channel);
    this.#hasViews = THINGS in state;
    this.digests = digestsOf(state);
  }

  get hasViews(): boolean {
    return this.#hasViews;
  }

  /** What a run holds, all of it. */
  digestOf(run: Run): number {
    return digestOf(this.digests, (table) => run.state[table]);
  }

  /** Notes what the room is in a tick of a reign. @returns the digest of all of it */
  note(reign: string, tick: number, rowsOf: (table: string) => Rows | undefined): number {
    const all = digestOf(this.digests, rowsOf);
    let ticks = this.#ticks.get(reign);
    if (ticks === undefined) this.#ticks.set(reign, (ticks = new Map()));
    const placed = this.#hasViews ? this.#placedIn(rowsOf(THINGS)) : undefined;
    let digest = all;
    for (const one of placed?.values() ?? []) digest = withRow(digest, -one.digest);
    ticks.set(tick, { digest, placed });
    return all;
  }

  at(reign: string, tick: number): TickTruth | undefined {
    return this.#ticks.get(reign)?.get(tick);
  }

  #placedIn(rows: Rows = new Map()): Map<string, Placed> {
    const of = this.digests.get(THINGS);
    return new Map(
      [...rows].map(([key, row]) => [key, { ...placeOf(row), digest: of?.of(key, row) ?? 0 }] as const),
    );
  }
}

function placeOf(row: Row): { readonly x: number; readonly y: number } {
  return { x: Number(row["x"]), y: Number(row["y"]) };
}

/**
 * What is wrong with the rows that a player is shown of those that are seen in parts, if anything is (R22).
 *
 * @param shown digests by key
 * @param isWhole whether it is shown everything
 * @param isLate whether it has a budget: some of what it is shown may be older then
 */
export function faultOfView(
  { placed = new Map() }: TickTruth,
  shown: ReadonlyMap<string, number>,
  seat: string | undefined,
  isLate: boolean,
): string | undefined {
  const own = seat === undefined ? undefined : placed.get(seat);
  const isIn = ({ x, y }: Placed, far: number): boolean =>
    own === undefined || (Math.abs(x - own.x) <= far && Math.abs(y - own.y) <= far);
  for (const [key, digest] of shown) {
    const row = placed.get(key);
    if (row === undefined) return `${key} is shown, and is not there`;
    if (!isIn(row, SIGHT * HYSTERESIS + EDGE)) return `${key} is shown, and is out of sight`;
    if (row.digest !== digest && !isLate) return `${key} is shown as it was not`;
  }
  if (isLate) return undefined;
  for (const [key, row] of placed)
    if (isIn(row, SIGHT - EDGE) && !shown.has(key)) return `${key} is in sight, and is not shown`;
  return undefined;
}
