/** The tables of a room together: what its hooks see, and what it goes back to. */
import type { Row } from "../../../../room/column.js";
import { HISTORY } from "../../../../room/entities.js";
import { LiveTable, type LiveRow } from "./live-table.js";
import type { Settings } from "./settings.js";

/** What hooks have as `r.state`. */
export type LiveState = Readonly<Record<string, Map<string, LiveRow>>>;
/** The state of some tick; its rows are frozen. */
export type PastState = Readonly<Record<string, ReadonlyMap<string, Row>>>;

const NO_ROWS: ReadonlyMap<string, Row> = new Map();

export class World {
  readonly tables: readonly LiveTable[];
  readonly state: LiveState;
  /** The oldest tick that hooks may see again; undefined before they have asked for one. */
  since: number | undefined;
  /** The last tick that ended; -1 before the first one. */
  #tick = -1;
  readonly #strict: boolean;
  /** What hooks have seen of the past, by tick. */
  readonly #past = new Map<number, PastState>();

  /** @param strict looks for mistakes in the state at the end of each tick, which costs */
  constructor(tables: Settings["tables"], strict: boolean) {
    this.tables = tables.map(({ name, table }) => new LiveTable(name, table));
    this.state = Object.freeze(Object.fromEntries(this.tables.map(({ name, rows }) => [name, rows])));
    this.#strict = strict;
  }

  /** @throws {RoomFault} `bad_state`, where a room could not be made again from what it holds; it is to be restored then */
  check(): void {
    for (const table of this.tables) table.check();
    if (!this.#strict) return;
    const known = new Set<object>();
    for (const table of this.tables) table.inspect(known);
  }

  /**
   * Ends a tick whose state was {@link check checked}. Each value becomes what its column can hold.
   *
   * @throws where a value cannot be read or written, as with a property of an application's own making; all is undefined then
   */
  keep(tick: number): void {
    for (const { store, rows } of this.tables) store.scan(rows, tick);
    this.#tick = tick;
    for (const past of this.#past.keys()) if (past < this.oldest) this.#past.delete(past);
  }

  /** Makes everything what it was at the end of the last tick. */
  restore(): void {
    for (const table of this.tables) table.restore();
  }

  /** The oldest tick that {@link at} shows: never more than 32 back, as seen from the next one. */
  get oldest(): number {
    return Math.max(this.since ?? this.#tick, this.#tick - HISTORY + 1);
  }

  /** The state at the end of a tick, or of the nearest one that is shown. */
  at(tick: number): PastState {
    const nearest = Math.min(this.#tick, Math.max(this.oldest, tick));
    let past = this.#past.get(nearest);
    if (past === undefined) {
      const rows = this.tables.map(({ name, store }) => [name, store.at(nearest) ?? NO_ROWS] as const);
      past = Object.freeze(Object.fromEntries(rows));
      this.#past.set(nearest, past);
    }
    return past;
  }
}
