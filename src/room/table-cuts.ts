/** What viewers get of one table in the newest tick. Everything here is used again by all of them; nothing is allocated per viewer. */
import { Budget } from "./budget.js";
import { ByteWriter } from "./byte-writer.js";
import { Fragments, NOTHING } from "./fragments.js";
import { Grid, isInBox, setBox, type Box } from "./grid.js";
import type { History } from "./history.js";
import { beginSection, endSection, listAll, Lists, writeSection } from "./sections.js";
import { HYSTERESIS, type Seen, type View } from "./viewer.js";

export class TableCuts {
  readonly #history: History;
  /** Its place among the tables of the room. */
  readonly #table: number;
  readonly #fragments: Fragments;
  readonly #grid: Grid | undefined;
  readonly #lists = new Lists();
  #budget: Budget | undefined;
  /** Sections about all rows, by the tick that they begin at. */
  readonly #whole = new Map<number, Uint8Array>();
  readonly #wholeWriter = new ByteWriter();
  /** Where rows come into view, and where they stay in it. */
  readonly #inner: Box = { left: 0, right: 0, top: 0, bottom: 0 };
  readonly #outer: Box = { left: 0, right: 0, top: 0, bottom: 0 };
  /** By id: the last cut that met it. */
  #marks = new Float64Array(0);
  #cut = 0;

  constructor(history: History, table: number) {
    this.#history = history;
    this.#table = table;
    this.#fragments = new Fragments(history);
    const { place } = history.layout;
    this.#grid = place && new Grid(history, place);
  }

  /** Goes on to the newest tick. */
  turn(): void {
    if (this.#fragments.turn(this.#history.newest)) this.#whole.clear();
  }

  /**
   * Writes what a viewer gets who has `seen` of tick `from`, or nothing of it where that is `NOTHING`, and notes what it sees now.
   * Hot: once per viewer and table.
   */
  write(to: ByteWriter, seen: Seen, from: number, view: View, budget: number | undefined): void {
    const isAll = this.#look(view);
    if (isAll && budget === undefined && (from === NOTHING || seen.isWhole)) {
      const section = this.#wholeSection(from);
      to.copy(section, 0, section.length);
      seen.isWhole = true;
      return;
    }
    this.#list(seen, from, isAll);
    if (budget === undefined) writeSection(to, this.#table, this.#fragments, this.#lists, from);
    else this.#writeWithin(to, seen, from, budget, view);
    // Who has a budget may not have been told of all that there are.
    seen.isWhole = isAll && budget === undefined;
    const { stays, stayCount, enters, enterCount } = this.#lists;
    if (!seen.isWhole) seen.keep(stays, stayCount, enters, enterCount);
  }

  /** Finds out what there is to be seen, and whether that is all. */
  #look(view: View): boolean {
    const grid = this.#grid;
    if (grid === undefined || view === "all") return true;
    const { x, y, rx, ry } = view;
    setBox(this.#inner, x, y, rx, ry);
    setBox(this.#outer, x, y, rx * HYSTERESIS, ry * HYSTERESIS);
    grid.turn();
    return grid.isAllIn(this.#inner);
  }

  #wholeSection(from: number): Uint8Array {
    let section = this.#whole.get(from);
    if (section === undefined) {
      const writer = this.#wholeWriter;
      writer.size = 0;
      listAll(this.#lists, this.#fragments, from);
      writeSection(writer, this.#table, this.#fragments, this.#lists, from);
      section = writer.taken();
      this.#whole.set(from, section);
    }
    return section;
  }

  /** Sorts out who leaves, stays and comes. */
  #list(seen: Seen, from: number, isAll: boolean): void {
    const { capacity } = this.#history.entities;
    if (this.#marks.length < capacity) this.#marks = new Float64Array(capacity);
    this.#cut++;
    this.#lists.reset(capacity);
    if (from !== NOTHING) {
      if (seen.isWhole) {
        const ids = this.#history.idsAt(from);
        this.#listKnown(ids, ids.length, isAll);
      } else this.#listKnown(seen.ids, seen.count, isAll);
    }
    this.#listNew(isAll);
  }

  #listKnown(ids: Uint16Array, count: number, isAll: boolean): void {
    const lists = this.#lists;
    const marks = this.#marks;
    const cut = this.#cut;
    const outer = this.#outer;
    const { died } = this.#history.entities;
    const xs = this.#grid?.xs;
    const ys = this.#grid?.ys;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      const isThere = died[id] === Number.POSITIVE_INFINITY;
      if (isThere && (isAll || isInBox(outer, xs?.[id] as number, ys?.[id] as number))) {
        marks[id] = cut;
        lists.stays[lists.stayCount++] = id;
      } else lists.leaves[lists.leaveCount++] = id;
    }
  }

  #listNew(isAll: boolean): void {
    const lists = this.#lists;
    if (!isAll && this.#grid !== undefined) {
      lists.enterCount = this.#grid.find(this.#inner, this.#marks, this.#cut, lists.enters);
      // The order in which they are found depends on rows out of view, too.
      if (lists.enterCount > 1) lists.enters.subarray(0, lists.enterCount).sort();
      return;
    }
    for (const id of this.#history.idsAt(this.#history.newest))
      if (this.#marks[id] !== this.#cut) lists.enters[lists.enterCount++] = id;
  }

  /** The same where the viewer takes so many bytes at most; one who has nothing yet is told everything. */
  #writeWithin(to: ByteWriter, seen: Seen, from: number, most: number, view: View): void {
    const lists = this.#lists;
    const fragments = this.#fragments;
    const grid = view === "all" ? undefined : this.#grid;
    const plan = { fragments, lists, seen, grid, box: this.#outer };
    const budget = (this.#budget ??= new Budget());
    const start = to.size;
    const used = from === NOTHING ? 0 : budget.admit(plan, most);
    const counted = beginSection(to, this.#table, fragments, lists);
    budget.note(plan);
    endSection(to, start, counted, budget.spend(to, plan, most - used));
  }
}
