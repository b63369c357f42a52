/**
 * npm run bench:room-encoding -- --rounds 5 --ticks 200
 *
 * What it costs to tell every player of a room what it sees: processor time a tick, and bytes a second, at 20 ticks a second. No
 * sockets, no game: rows are moved, scanned and cut into frames, in one process.
 */
import { angle, fixed, table, text, u16, u8 } from "../src/room/columns.js";
import { Frames, type View } from "../src/room/frames.js";
import { storesOf, TableStore } from "../src/room/tables.js";
import { numberOptions } from "./lib/options.js";
import { median } from "./lib/statistics.js";

const RATE = 20;
const WORLD = 2000;
const place = { x: fixed(0, WORLD, 1 / 8), y: fixed(0, WORLD, 1 / 8) };
const STATE = { players: table({ ...place, aim: angle, hp: u8, score: u16, kind: u8, name: text(16) }) };

interface Player {
  [column: string]: number | string;
  x: number;
  y: number;
  aim: number;
  hp: number;
  score: number;
  kind: number;
  name: string;
}

/** Numbers that are the same in each run. */
let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return seed / 2 ** 32;
}

function players(count: number, size: number): Map<string, Player> {
  const rows = new Map<string, Player>();
  for (let i = 0; i < count; i++) {
    const [x, y] = [random() * size, random() * size];
    rows.set(`p${i}`, { x, y, aim: random() * 6, hp: 100, score: 0, kind: i % 5, name: `player ${i}` });
  }
  return rows;
}

/** Everybody goes on as it is turned, now and then turns, and now and then is hit. */
function move(rows: ReadonlyMap<string, Player>, size: number): void {
  for (const row of rows.values()) {
    if (random() < 0.05) row.aim = random() * 6;
    if (random() < 0.01) row.hp = Math.floor(random() * 100);
    row.x = Math.min(size, Math.max(0, row.x + Math.cos(row.aim) * 8));
    row.y = Math.min(size, Math.max(0, row.y + Math.sin(row.aim) * 8));
  }
}

interface Case {
  readonly name: string;
  readonly size: number;
  readonly viewers: number;
  readonly view: (row: Player) => View;
  readonly budget?: number;
  /** The part of frames that a viewer is not sent. */
  readonly skips?: number;
}

const rect = ({ x, y }: Player): View => ({ x, y, rx: 400, ry: 300 });
const CASES: readonly Case[] = [
  { name: "views", size: WORLD, viewers: 300, view: rect },
  { name: "views, 80 % of frames skipped", size: WORLD, viewers: 300, view: rect, skips: 0.8 },
  { name: "views in a crowd", size: 800, viewers: 300, view: rect },
  { name: "views in a crowd, 96 bytes", size: 800, viewers: 300, view: rect, budget: 96 },
  { name: "no view", size: WORLD, viewers: 300, view: () => "all" },
];

interface Measured {
  readonly ms: number;
  readonly bytes: number;
  readonly seen: number;
}

/** One room for so many ticks, the moving and scanning of its rows included. */
function measure({ size, viewers: count, view, budget, skips = 0 }: Case, ticks: number): Measured {
  const rows = players(300, size);
  const stores = storesOf(STATE);
  const frames = new Frames(stores);
  const viewers = [...rows.values()].slice(0, count).map((row) => ({
    row,
    viewer: frames.viewer(budget === undefined ? {} : { budget }),
  }));
  let bytes = 0;
  let start = process.cpuUsage();
  const warm = Math.ceil(ticks / 4);
  for (let tick = 1; tick <= warm + ticks; tick++) {
    if (tick === warm + 1) {
      bytes = 0;
      start = process.cpuUsage();
    }
    move(rows, size);
    stores[0]?.scan(rows, tick);
    for (const { row, viewer } of viewers)
      if (skips === 0 || random() >= skips)
        bytes += frames.frameFor(viewer, view(row), { ack: tick, depth: 1 })?.length ?? 0;
  }
  const { user, system } = process.cpuUsage(start);
  const seen = viewers.reduce((sum, { viewer }) => sum + (viewer.seen[0]?.count ?? 0), 0) / count;
  return { ms: (user + system) / 1000 / ticks, bytes: (bytes / ticks / count) * RATE, seen };
}

/** Milliseconds that a scan of so many rows takes, all of which move; the quickest of some hundred. */
function scanMs(count: number, settle: boolean): number {
  const rows = players(count, WORLD);
  const store = new TableStore(STATE.players);
  const times: number[] = [];
  for (let tick = 1; tick <= 300; tick++) {
    move(rows, WORLD);
    const start = process.hrtime.bigint();
    store.scan(rows, tick, settle);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return Math.min(...times.slice(100));
}

const { rounds, ticks } = numberOptions({ rounds: 3, ticks: 200 });
for (const one of CASES) {
  const results = Array.from({ length: rounds }, () => measure(one, ticks));
  const of = (pick: (result: Measured) => number): number => median(results.map(pick));
  console.log(
    `${one.name.padEnd(32)} ${of(({ ms }) => ms).toFixed(3)} ms a tick, ${Math.round(of(({ bytes }) => bytes))} bytes a second and player` +
      `${of(({ seen }) => seen) > 0 ? `, ${Math.round(of(({ seen }) => seen))} rows in view` : ""}`,
  );
}
for (const count of [300, 10_000])
  for (const settle of [true, false])
    console.log(
      `scan of ${count} moving rows${settle ? "" : ", which are left as they are"}: ${scanMs(count, settle).toFixed(4)} ms`,
    );
