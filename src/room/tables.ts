import type { Row, Table } from "./column.js";
import { History } from "./history.js";
import { Past } from "./past.js";
import type { OpenRow } from "./read-columns.js";
import { Scanner } from "./scan.js";

/**
 * One table of a room's state: its rows in the newest tick and in the 32 before it, as they were read.
 *
 * @example
 * const store = new TableStore(players);
 * store.scan(state.players, 1);
 * store.at(1)?.get("ann"); // { x: 7.25, y: 0, aim: 0, name: "ann" }
 */
export class TableStore {
  readonly history: History;
  readonly #scanner: Scanner;
  /** Maps of ticks that were asked for, which share the rows that they made. */
  readonly #pasts = new Map<number, Past>();
  #life = 0;

  constructor(table: Table) {
    this.history = new History(table);
    this.#scanner = new Scanner(this.history);
  }

  get table(): Table {
    return this.history.table;
  }

  /**
   * Makes what the rows hold now the newest tick. Every value becomes the nearest that its column can hold: so the other side
   * sees it, and, unless `settle` is false, so it stands in the rows from then on. A room that goes on from its columns is then
   * the same as one that was never stopped; but what moves by less than half a step in a tick never moves.
   *
   * A key that was deleted and set again since the last scan is the same row, with other values.
   *
   * @param tick any above the newest one; those left out are not held
   * @throws {RangeError} for another tick, more than 32,768 rows, a key of more than 64 bytes of UTF-8 or none of them, and where
   *   so many rows came and went in 32 ticks that there are more than 65,536 in all
   * @throws {TypeError} for a row that is no object. Whatever it throws, nothing has changed; only where a row throws itself while it
   *   is read, the tick is half written
   */
  scan(rows: ReadonlyMap<string, OpenRow>, tick: number, settle = true): void {
    this.#scanner.scan(rows, tick, settle);
  }

  /** The rows as they were in a tick: frozen, and in their order then. `undefined` where it is not held. */
  at(tick: number): ReadonlyMap<string, Row> | undefined {
    if (!this.history.holds(tick)) return undefined;
    if (this.#life !== this.history.life) this.#pasts.clear();
    this.#life = this.history.life;
    let past = this.#pasts.get(tick);
    if (past === undefined) {
      for (const old of this.#pasts.keys()) if (!this.history.holds(old)) this.#pasts.delete(old);
      past = new Past(this.history, tick);
      this.#pasts.set(tick, past);
    }
    return past;
  }

  /** Puts what the newest tick holds in the place of all rows, as objects of their own: what was done since is undone. */
  restore(rows: Map<string, OpenRow>): void {
    const { history } = this;
    rows.clear();
    if (history.newest < 0) return;
    for (const id of history.idsAt(history.newest))
      rows.set(history.entities.keys[id] ?? "", history.rowAt(id, history.newest));
  }

  /** The id of the row that is now under a key. */
  idOf(key: string): number | undefined {
    return this.history.entities.idOf(key);
  }

  /** Which columns of a row differ from what they were in a tick that is held: a bit for each, that of the first is 1. All of them for a row that came since. */
  changedSince(id: number, tick: number): number {
    const { entities, layout, newest } = this.history;
    if (!entities.isAt(id, tick)) return 2 ** layout.names.length - 1;
    return (entities.changed[id] ?? 0) <= tick ? 0 : this.history.changes(id, tick, newest);
  }
}

/** The tables of a room, in the order of its shape. */
export type Stores = readonly TableStore[];

/**
 * A store for each table of a room's state, in its order.
 *
 * @example const [players, shots] = storesOf(arena.state);
 */
export function storesOf(state: Readonly<Record<string, Table>>): Stores {
  return Object.values(state).map((table) => new TableStore(table));
}
