import { broken } from "./broken.js";
import { ByteReader } from "./byte-reader.js";
import type { Row, Table, Value } from "./column.js";
import { MOST_KEY } from "./columns.js";
import { layoutOf, valueOf, type Code, type Layout } from "./layout.js";
import { HAS_MEMBERS, HAS_ORDER, TABLE_BITS } from "./section-bits.js";
import { readHead, readRow, readUpdate } from "./update-reader.js";

/** What a frame says of one table: to be done in this order. Rows are by key, whole, and objects of their own in each frame. */
export interface TableChanges {
  /** Keys of rows that are seen no longer. */
  readonly leaves: readonly string[];
  /** Rows that are seen from now on. A key may leave and enter: then it is another row. */
  readonly enters: ReadonlyMap<string, Row>;
  /** Rows that have changed. */
  readonly updates: ReadonlyMap<string, Row>;
}

/** One tick as a viewer sees it. */
export interface Frame {
  readonly tick: number;
  /** The tick of the frame that it stands on; `undefined` where it begins anew. */
  readonly from: number | undefined;
  /** Whether it begins anew: then all rows enter, and those leave that were there before and are not among them. */
  readonly whole: boolean;
  /** The last sixteen bits of the number of the last consumed input: see {@link inputNumber}. */
  readonly ack: number;
  /** How many inputs wait on the server, up to 255. */
  readonly depth: number;
  /** What it says of each table of which it says something. */
  readonly tables: Readonly<Record<string, TableChanges>>;
}

const NONE: ReadonlyMap<string, Row> = new Map();

/** A row as a frame left it. */
interface Held {
  readonly key: string;
  readonly codes: readonly Code[];
}

/** What is seen of one table. */
interface Sight {
  readonly name: string;
  readonly layout: Layout;
  readonly held: Map<number, Held>;
  readonly rows: Map<string, Row>;
}

/** What a frame does to the sight of a table, once all of it was read. */
interface Plan extends TableChanges {
  readonly sight: Sight;
  readonly gone: ReadonlyMap<number, string>;
  readonly came: ReadonlyMap<number, Held>;
}

/**
 * Reads the frames of one viewer, and keeps what it sees.
 *
 * @example
 * const reader = new FrameReader(arena.state);
 * const frame = reader.read(bytes, 41_205);
 * for (const [key, row] of frame.tables.players?.enters ?? []) console.log(key, row.name);
 * reader.rows("players").get("ann");
 */
export class FrameReader {
  readonly #sights: readonly Sight[];
  #tick: number | undefined;

  constructor(state: Readonly<Record<string, Table>>) {
    this.#sights = Object.entries(state).map(([name, table]) => ({
      name,
      layout: layoutOf(table),
      held: new Map(),
      rows: new Map(),
    }));
  }

  /** The tick of the newest frame, if there was one. */
  get tick(): number | undefined {
    return this.#tick;
  }

  /** All rows of a table that are seen: as in the newest frame. Of no table there are none. */
  rows(table: string): ReadonlyMap<string, Row> {
    return this.#sights.find(({ name }) => name === table)?.rows ?? new Map();
  }

  /**
   * Reads the next frame.
   *
   * @param tick the one that it is of, as its line says
   * @throws {FrameError} where the bytes are no frame, or none that follows the one before; what is seen stays as it was
   */
  read(bytes: Uint8Array, tick: number): Frame {
    const from = new ByteReader(bytes);
    const ack = from.u16();
    const depth = from.u8();
    const span = from.u8();
    const before = span === 0 ? undefined : tick - span;
    if (before !== undefined && before !== this.#tick) broken();
    const plans: Plan[] = [];
    let last = -1;
    while (from.left > 0) {
      const first = from.u8();
      const table = first & TABLE_BITS;
      const sight = this.#sights[table];
      if (sight === undefined || table <= last || (first & HAS_ORDER) !== 0) broken();
      last = table;
      plans.push(readSection(from, sight, (first & HAS_MEMBERS) !== 0, before === undefined));
    }
    // From here on nothing throws.
    const whole = before === undefined;
    const tables: Record<string, TableChanges> = {};
    for (const sight of whole ? this.#sights : []) {
      const { name, rows, held } = sight;
      const leaves = [...rows.keys()];
      if (leaves.length > 0) tables[name] = { leaves, enters: NONE, updates: NONE };
      held.clear();
      rows.clear();
    }
    for (const plan of plans) {
      apply(plan);
      const { name, rows } = plan.sight;
      const leaves = (tables[name] ?? plan).leaves;
      tables[name] = {
        leaves: whole ? leaves.filter((key) => !rows.has(key)) : leaves,
        enters: plan.enters,
        updates: plan.updates,
      };
    }
    this.#tick = tick;
    return { tick, from: before, whole, ack, depth, tables };
  }
}

function readSection(from: ByteReader, sight: Sight, hasMembers: boolean, isAnew: boolean): Plan {
  const { layout, rows } = sight;
  const held: ReadonlyMap<number, Held> = isAnew ? new Map() : sight.held;
  const leaveCount = hasMembers ? from.count(1) : 0;
  const enterCount = hasMembers ? from.count(2) : 0;
  const updateCount = from.count(2);
  const gone = new Map<number, string>();
  const came = new Map<number, Held>();
  const enters = new Map<string, Row>();
  const updates = new Map<string, Row>();
  /** What there is of a row of which nothing was said. */
  const heldOf = (id: number): Held => {
    const was = held.get(id);
    return was === undefined || gone.has(id) || came.has(id) ? broken() : was;
  };
  for (let i = 0; i < leaveCount; i++) {
    const id = from.varint(0xffff);
    gone.set(id, heldOf(id).key);
  }
  const leaves = new Set(gone.values());
  for (let i = 0; i < enterCount; i++) {
    const id = from.varint(0xffff);
    const key = from.text(MOST_KEY);
    const isThere = came.has(id) || (held.has(id) && !gone.has(id));
    if (isThere || enters.has(key) || (!isAnew && rows.has(key) && !leaves.has(key))) broken();
    const codes = readRow(from, layout);
    came.set(id, { key, codes });
    enters.set(key, rowOf(layout, codes));
  }
  for (let i = 0; i < updateCount; i++) {
    const { id, bits } = readHead(from);
    const { key, codes: before } = heldOf(id);
    const codes = [...before];
    readUpdate(from, layout, bits, codes);
    came.set(id, { key, codes });
    updates.set(key, rowOf(layout, codes));
  }
  return { sight, gone, came, leaves: [...leaves], enters, updates };
}

function apply({ sight, gone, came, leaves, enters, updates }: Plan): void {
  for (const id of gone.keys()) sight.held.delete(id);
  for (const key of leaves) sight.rows.delete(key);
  for (const [id, row] of came) sight.held.set(id, row);
  for (const [key, row] of enters) sight.rows.set(key, row);
  for (const [key, row] of updates) sight.rows.set(key, row);
}

function rowOf({ names, codings }: Layout, codes: readonly Code[]): Row {
  const row: Record<string, Value> = {};
  for (const [column, name] of names.entries()) {
    const coding = codings[column];
    if (coding !== undefined) row[name] = valueOf(coding, codes[column]);
  }
  return row;
}

/**
 * The number of an input of which its last sixteen bits were sent: the highest that is at most `newest`, the number of the newest
 * input that was made.
 *
 * @example inputNumber(2, 65_540) // 65_538
 */
export function inputNumber(ack: number, newest: number): number {
  return newest - ((newest - ack) & 0xffff);
}
