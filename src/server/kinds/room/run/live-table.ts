/** One table of a room as hooks have it: a `Map` of plain objects. */
import type { Table, Value } from "../../../../room/column.js";
import { MOST_ROWS } from "../../../../room/columns.js";
import { TableStore } from "../../../../room/tables.js";
import { fault } from "./faults.js";
import { isKey } from "./keys.js";

/** A row as a hook has it. */
export type LiveRow = Record<string, Value>;

export class LiveTable {
  readonly name: string;
  readonly rows = new Map<string, LiveRow>();
  /** What the table held at the end of the newest ticks, and what of it changed when. */
  readonly store: TableStore;
  /** The keys that were looked at last, in their order. */
  #checked: readonly string[] = [];

  constructor(name: string, table: Table) {
    this.name = name;
    this.store = new TableStore(table);
  }

  /**
   * Looks for what a tick cannot end with. Hot: all rows of a room, in every tick.
   *
   * @throws {RoomFault} `bad_state`
   */
  check(): void {
    const { rows } = this;
    if (rows.size > MOST_ROWS)
      throw fault("bad_state", `${this.name} has ${rows.size} rows; ${MOST_ROWS} are the most`);
    const before = this.#checked;
    let isSame = before.length === rows.size;
    let index = 0;
    for (const [key, row] of rows) {
      // Nearly all rows are in the order of the tick before.
      if (before[index++] !== key) {
        this.#checkKey(key);
        isSame = false;
      }
      // Values become what their columns can hold, in the rows themselves.
      if (typeof row !== "object" || row === null || Object.isFrozen(row)) this.#refuseRow(key, row);
    }
    if (!isSame) this.#checked = [...rows.keys()];
  }

  /**
   * Looks for what would be lost, or be another thing, in a room that is made again. It costs, and is for development.
   *
   * @param known the rows of all tables that were looked at before
   * @throws {RoomFault} `bad_state`
   */
  inspect(known: Set<object>): void {
    const { columns } = this.store.table;
    for (const [key, row] of this.rows) {
      for (const name of Object.keys(row))
        if (!Object.hasOwn(columns, name))
          throw fault(
            "bad_state",
            `${this.#called(key)} has ${show(name)}, which is no column and would be lost`,
          );
      if (known.has(row))
        throw fault("bad_state", `${this.#called(key)} is in the state twice; put a copy in each place`);
      known.add(row);
    }
  }

  /** Makes it what it was at the end of the last tick, in the same order. */
  restore(): void {
    this.store.restore(this.rows);
    this.#checked = [...this.rows.keys()];
  }

  #checkKey(key: unknown): void {
    if (!isKey(key))
      throw fault("bad_state", `a key of ${this.name} must be a text of 1 to 64 bytes, not ${show(key)}`);
  }

  #refuseRow(key: string, row: unknown): never {
    const is = typeof row === "object" && row !== null ? "is frozen" : `must be an object, not ${show(row)}`;
    throw fault("bad_state", `${this.#called(key)} ${is}`);
  }

  #called(key: string): string {
    return `the row ${show(key)} of ${this.name}`;
  }
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
