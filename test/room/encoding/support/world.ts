/** Worlds that do anything, and what viewers of them must see. */
import {
  angle,
  bool,
  f32,
  f64,
  fixed,
  i16,
  oneOf,
  optional,
  quantiseRow,
  table,
  text,
  u16,
  u8,
  type Row,
  type Value,
} from "../../../../src/room/columns.js";
import type { View } from "../../../../src/room/frames.js";
import { storesOf, type Stores } from "../../../../src/room/tables.js";
import type { Random } from "./random.js";

export const SIZE = 2000;

const place = { x: fixed(0, SIZE, 1 / 8), y: fixed(0, SIZE, 1 / 8) };

/** Tables with a place, with one of floats, and with none; with few columns, and with more than a head has bits for. */
export const STATE = {
  players: table({ ...place, aim: angle, hp: u8, score: u16, kind: u8, name: text(16) }),
  shots: table({ ...place, by: text(12) }),
  ships: table({ x: f32, speed: f64, y: f32, flag: optional(oneOf("red", "blue")), crew: optional(i16) }),
  teams: table({ score: u16, isOver: bool, note: optional(text(40)), best: optional(f32) }),
} as const;

export type TableName = keyof typeof STATE;
export const TABLES = Object.keys(STATE) as readonly TableName[];

type OpenRow = Record<string, Value>;

/** A row that was scanned: as others must see it, and which of the rows that its key had it is. */
export interface Known {
  readonly key: string;
  readonly life: number;
  readonly row: Row;
}

export class World {
  readonly stores: Stores = storesOf(STATE);
  readonly state: Record<TableName, Map<string, OpenRow>> = {
    players: new Map(),
    shots: new Map(),
    ships: new Map(),
    teams: new Map(),
  };
  tick = 0;
  /** What was scanned in each tick. */
  readonly scanned = new Map<number, Record<TableName, readonly Known[]>>();
  /** How many rows it has about. */
  readonly rows: number;
  readonly #random: Random;
  readonly #lives = new Map<string, number>();
  #next = 0;

  constructor(random: Random, rows: number) {
    this.#random = random;
    this.rows = rows;
  }

  /** A tick in which anything may have happened; its number is the next one, or some later one. */
  step(): void {
    const random = this.#random;
    for (const name of TABLES) this.#change(name);
    this.tick += random.chance(0.02) ? 1 + random.int(5) : 1;
    this.scan();
  }

  scan(): void {
    const before = [...this.scanned.values()].at(-1);
    const now: Partial<Record<TableName, Known[]>> = {};
    for (const [i, name] of TABLES.entries()) {
      const had = new Set(before?.[name].map(({ key }) => key));
      now[name] = [...this.state[name]].map(([key, row]) => {
        const named = `${name} ${key}`;
        if (!had.has(key)) this.#lives.set(named, (this.#lives.get(named) ?? 0) + 1);
        return { key, life: this.#lives.get(named) ?? 0, row: quantiseRow(STATE[name], row as never) as Row };
      });
      this.stores[i]?.scan(this.state[name], this.tick, this.#random.chance(0.5));
    }
    this.scanned.set(this.tick, now as Record<TableName, Known[]>);
  }

  knownAt(tick: number, name: TableName): readonly Known[] {
    return this.scanned.get(tick)?.[name] ?? [];
  }

  #change(name: TableName): void {
    const random = this.#random;
    const rows = this.state[name];
    const most = name === "teams" ? 5 : this.rows;
    while (rows.size < most * 0.7) rows.set(this.#key(), randomRow(name, random));
    for (let i = random.int(4); i > 0; i--)
      if (rows.size < most) rows.set(this.#key(), randomRow(name, random));
    const isQuiet = random.chance(0.2);
    for (const [key, row] of rows) {
      const luck = random.float();
      if (luck < 0.015) rows.delete(key);
      // Set again in the same tick, or put in the place of the old one.
      if (luck < 0.005) rows.set(key, random.chance(0.5) ? row : randomRow(name, random));
      else if (luck > 0.995) rows.set(key, { ...row, ...randomRow(name, random) });
      else if (!isQuiet && luck < 0.7) move(row, random);
    }
  }

  /** Mostly a key that there was not; now and then one again. */
  #key(): string {
    return `k${this.#random.chance(0.3) ? this.#random.int(this.#next + 1) : this.#next++}é`;
  }
}

function randomRow(name: TableName, random: Random): OpenRow {
  switch (name) {
    case "players":
      return {
        ...randomPlace(random),
        aim: random.between(-9, 9),
        hp: 100,
        score: 0,
        kind: random.int(5),
        name: "ann",
      };
    case "shots":
      return { ...randomPlace(random), by: `k${random.int(9)}` };
    case "ships":
      return { ...randomPlace(random), speed: random.between(-1, 1) };
    case "teams":
      return { score: random.int(9), isOver: false };
  }
}

function randomPlace(random: Random): { x: number; y: number } {
  return { x: random.between(-10, SIZE + 10), y: random.between(-10, SIZE + 10) };
}

function move(row: OpenRow, random: Random): void {
  const by = (): number => random.between(-1, 1) * (random.chance(0.1) ? 300 : 8);
  if (typeof row["x"] === "number") row["x"] += by();
  if (typeof row["y"] === "number" && random.chance(0.8)) row["y"] += by();
  if ("aim" in row && random.chance(0.3)) row["aim"] = random.between(-4, 4);
  if ("hp" in row && random.chance(0.1)) row["hp"] = random.int(300) - 20;
  if ("kind" in row && random.chance(0.02)) row["kind"] = random.int(5);
  if ("name" in row && random.chance(0.02))
    row["name"] = random.pick(["bob", "", "Zoë 🦊", "a name that is too long"]);
  if ("score" in row && random.chance(0.1)) row["score"] = random.int(70_000);
  if ("speed" in row && random.chance(0.2)) changeShip(row, random);
  if ("isOver" in row && random.chance(0.1)) changeTeam(row, random);
}

function changeShip(row: OpenRow, random: Random): void {
  row["speed"] = random.pick([random.float(), -0, Number.NaN, Number.POSITIVE_INFINITY]);
  row["flag"] = random.pick(["red", "blue", undefined]);
  row["crew"] = random.pick([random.int(99) - 50, undefined]);
}

function changeTeam(row: OpenRow, random: Random): void {
  row["isOver"] = random.chance(0.5);
  row["note"] = random.pick([undefined, "", "first", "ü".repeat(50)]);
  row["best"] = random.pick([undefined, random.float()]);
}

/** What a viewer must have of each table: by the rules and by nothing else. */
export class Sight {
  readonly rows: Record<TableName, ReadonlyMap<string, Known>> = {
    players: new Map(),
    shots: new Map(),
    ships: new Map(),
    teams: new Map(),
  };

  /** Looks again, and returns what it saw before. */
  look(world: World, view: View, isAnew: boolean): Record<TableName, ReadonlyMap<string, Known>> {
    const before = { ...this.rows };
    for (const name of TABLES) {
      const had = isAnew ? new Map<string, Known>() : before[name];
      const visible = world
        .knownAt(world.tick, name)
        .filter(({ key, life, row }) => isVisible(row, view, had.get(key)?.life === life));
      this.rows[name] = new Map(visible.map((one) => [one.key, one]));
    }
    return before;
  }
}

function isVisible(row: Row, view: View, isSeen: boolean): boolean {
  const { x, y } = row;
  if (view === "all" || typeof x !== "number" || typeof y !== "number") return true;
  const isWithin = (rx: number, ry: number): boolean =>
    x >= view.x - rx && x <= view.x + rx && y >= view.y - ry && y <= view.y + ry;
  return isWithin(view.rx, view.ry) || (isSeen && isWithin(view.rx * 1.1, view.ry * 1.1));
}

const texts = new WeakMap<Row, string>();

/** Rows by key as one text, whatever their order. Rows have their columns in the order of their table. */
export function textOf(rows: Iterable<readonly [string, Row]>): string {
  const lines: string[] = [];
  for (const [key, row] of rows) {
    let line = texts.get(row);
    if (line === undefined) {
      line = JSON.stringify(row);
      texts.set(row, line);
    }
    lines.push(`${key} ${line}`);
  }
  return lines.toSorted().join("\n");
}
