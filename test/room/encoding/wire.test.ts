/** What exactly goes over the wire, byte by byte. */
import { expect, test } from "vitest";
import { angle, fixed, optional, table, text, u16, u8, type Value } from "../../../src/room/columns.js";
import { FrameReader, inputNumber } from "../../../src/room/frame-reader.js";
import { Frames, type View } from "../../../src/room/frames.js";
import { storesOf } from "../../../src/room/tables.js";
import { encodeKeyframe, encodeTick } from "../../../src/room/ticks.js";

const place = { x: fixed(0, 2000, 1 / 8), y: fixed(0, 2000, 1 / 8) };
const STATE = { players: table({ ...place, aim: angle, hp: u8, score: u16, name: text(16) }) };
type OpenRow = Record<string, Value>;

/** A room of one table, with one viewer; each look is a tick. */
function roomOf(state: Record<string, ReturnType<typeof table>> = STATE) {
  const rows = new Map<string, OpenRow>();
  const stores = storesOf(state);
  const frames = new Frames(stores);
  const viewer = frames.viewer();
  let tick = 0;
  const scan = (): void => stores[0]?.scan(rows, ++tick);
  const look = (view: View = "all", heard = {}): number[] => {
    scan();
    return [...(frames.frameFor(viewer, view, heard) ?? [])];
  };
  return { rows, stores, frames, scan, look, at: () => tick };
}

const ann = (): OpenRow => ({ x: 100, y: 200, aim: 0, hp: 100, score: 0, name: "ann" });

test("a row that comes has its id, its key and all columns", () => {
  const { rows, look } = roomOf();
  rows.set("a", ann());
  // 800 and 1,600 eighths.
  const row = [0, 1, 97, 0x20, 3, 0x40, 6, 0, 100, 0, 0, 3, 97, 110, 110];
  expect(look("all", { ack: 65_537, depth: 999 })).toEqual([1, 0, 255, 0, 0x40, 0, 1, 0, ...row]);
});

test("a small move takes four bytes: id and what follows in two, and two of the move", () => {
  const { rows, look } = roomOf();
  for (const key of ["a", "b", "c"]) rows.set(key, ann());
  look();
  const row = rows.get("c") as { x: number; y: number };
  row.x += 8;
  row.y -= 16;
  const head = (2 << 5) | 1;
  expect(look()).toEqual([0, 0, 0, 1, 0, 1, head, 0, 64, 0x80]);
  row.x += 16;
  const absolute = (2 << 5) | 2;
  expect(look()).toEqual([0, 0, 0, 1, 0, 1, absolute, 0, (124 * 8) & 0xff, 3, (184 * 8) & 0xff, 5]);
});

test("columns that are no place follow their bits: three in the head, or two and a byte of further ones", () => {
  const { rows, look } = roomOf();
  rows.set("a", ann());
  look();
  Object.assign(rows.get("a") ?? {}, { hp: 75 });
  expect(look()).toEqual([0, 0, 0, 1, 0, 1, 0b0_1000, 0, 75]);
  Object.assign(rows.get("a") ?? {}, { x: 101, score: 258, name: "b" });
  expect(look()).toEqual([0, 0, 0, 1, 0, 1, 0b1_0001, 0, 0b11, 8, 0, 2, 1, 1, 98]);
  const few = roomOf({ shots: table({ ...place, a: u8, b: u8, c: optional(u8) }) });
  few.rows.set("a", { x: 0, y: 0, a: 0, b: 0 });
  few.look();
  Object.assign(few.rows.get("a") ?? {}, { a: 1, b: 2, c: 3 });
  expect(few.look()).toEqual([0, 0, 0, 1, 0, 1, 0b1_1100, 0, 1, 2, 4, 0]);
});

test("ids from 2,047 on take two bytes more", () => {
  const { rows, look, at, stores, frames } = roomOf();
  for (let i = 0; i < 2100; i++) rows.set(`k${i}`, { ...ann(), x: i / 2 });
  const view: View = { x: 2000, y: 200, rx: 977, ry: 1 };
  look(view);
  for (const row of rows.values()) row["y"] = 200.125;
  const bytes = look(view);
  // 54 rows at 1,023 and to the right of it, of which one has an id that fits.
  expect(bytes.length).toBe(6 + 54 * 6 - 2);
  const reader = new FrameReader(STATE);
  const other = frames.viewer();
  reader.read(frames.frameFor(other, view) ?? new Uint8Array(), at());
  expect(reader.rows("players").size).toBe(54);
  expect(stores[0]?.idOf("k2099")).toBe(2099);
});

test("nothing is said of a table of which nothing has changed", () => {
  const { rows, look } = roomOf();
  rows.set("a", ann());
  look();
  expect(look()).toEqual([0, 0, 0, 1]);
});

test("many updates are counted in as many bytes as it takes", () => {
  const { rows, look } = roomOf();
  for (let i = 0; i < 300; i++) rows.set(`k${i}`, ann());
  look();
  for (const row of rows.values()) row["hp"] = 1;
  expect(look().slice(0, 10)).toEqual([0, 0, 0, 1, 0, 0xac, 2, 8, 0, 1]);
});

test("those who see everything and have no inputs share one frame", () => {
  const { rows, scan, frames } = roomOf();
  rows.set("a", ann());
  const viewers = Array.from({ length: 3 }, () => frames.viewer());
  for (let i = 0; i < 2; i++) {
    rows.set(`b${i}`, ann());
    scan();
    const [first, second, third] = viewers.map((viewer) => frames.frameFor(viewer, "all"));
    expect(second).toBe(first);
    expect(third).toBe(first);
  }
  scan();
  const [player, spectator] = viewers;
  if (player === undefined || spectator === undefined) throw new Error();
  expect(frames.frameFor(player, "all", { ack: 3 })).not.toBe(frames.frameFor(spectator, "all"));
});

test("frames that were handed out are never written to again", () => {
  const { rows, scan, frames } = roomOf();
  for (let i = 0; i < 100; i++) rows.set(`k${i}`, ann());
  const kept: { bytes: Uint8Array; copy: number[] }[] = [];
  const viewers = Array.from({ length: 20 }, () => frames.viewer());
  for (let i = 0; i < 20; i++) {
    for (const row of rows.values()) row["aim"] = i;
    scan();
    for (const viewer of viewers) {
      const bytes = frames.frameFor(viewer, "all", { ack: i });
      if (bytes !== undefined) kept.push({ bytes, copy: [...bytes] });
    }
  }
  expect(kept.every(({ bytes, copy }) => copy.every((byte, i) => byte === bytes[i]))).toBe(true);
});

test("other processes get ticks as frames are, with the order where it is not as expected", () => {
  const { rows, scan, stores } = roomOf({ a: table({ v: u8 }) });
  rows.set("x", { v: 1 }).set("y", { v: 2 });
  scan();
  expect([...encodeKeyframe(stores, 1)]).toEqual([1, 1, 2, 0, 1, 120, 1, 1, 1, 121, 2]);
  rows.delete("x");
  rows.set("z", { v: 3 });
  scan();
  expect([...encodeTick(stores, 1, 2)]).toEqual([2, 1, 2, 0x40, 1, 1, 0, 0, 2, 1, 122, 3]);
  rows.delete("y");
  rows.set("y", { v: 2 });
  scan();
  expect([...encodeTick(stores, 2, 3)]).toEqual([2, 2, 3, 0x80, 0, 1, 1]);
});

test("the number of an input is found by its last sixteen bits", () => {
  expect(inputNumber(3, 5)).toBe(3);
  expect(inputNumber(0, 5)).toBe(0);
  expect(inputNumber(2, 65_540)).toBe(65_538);
  expect(inputNumber(65_530, 65_540)).toBe(65_530);
  expect(inputNumber(4, 65_540)).toBe(65_540);
});
