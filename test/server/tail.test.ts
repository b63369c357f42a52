/** A stream's newest entries, by themselves. */
import { describe, expect, it } from "vitest";
import { bytesLine, textLine, type EncodedLine } from "../../src/server/delivery/chunk.js";
import { Tail } from "../../src/server/kinds/stream/tail.js";
import { seededRandom } from "../../src/testing/index.js";

describe("the tail", () => {
  function tail(
    offsets: readonly number[],
    limits: Partial<ConstructorParameters<typeof Tail>[0]> = {},
  ): Tail {
    const made = new Tail({ count: Infinity, bytes: Infinity, age: undefined, ...limits });
    offsets.forEach((offset, i) => push(made, offset, i === 0 ? 5 : (offsets[i - 1] ?? 0)));
    return made;
  }
  const push = (made: Tail, offset: number, prev: number): void =>
    made.push(offset, prev, textLine(`${offset}`));
  const offsets = (made: Tail, after: number, bytes = 1e6, now = 0): number[] | undefined =>
    made.after(after, bytes, now)?.lines.map(({ text }) => Number(text));

  it("F5: gives what follows an entry that it knows, and nothing else", () => {
    const made = tail([10, 20, 30]);
    expect(offsets(made, 5)).toEqual([10, 20, 30]);
    expect(offsets(made, 20)).toEqual([30]);
    for (const unknown of [0, 7, 15, 30, 40]) expect(offsets(made, unknown)).toBeUndefined();
  });

  it("F5: cuts a page at about its bytes, but gives at least one", () => {
    const made = tail([10, 20, 30]);
    expect(offsets(made, 5, 6)).toEqual([10, 20]);
    expect(offsets(made, 5, 0)).toEqual([10]);
  });

  it("L4: holds no more than the log: by count, bytes and age", () => {
    expect(offsets(tail([10, 20, 30], { count: 2 }), 10)).toEqual([20, 30]);
    expect(offsets(tail([10, 20, 30], { count: 2 }), 5)).toBeUndefined();
    expect(offsets(tail([10, 20, 30], { bytes: 6 }), 5)).toBeUndefined();
    const start = Date.UTC(2020, 0, 1);
    const aged = tail([4096, 8192], { age: 10 });
    expect(offsets(aged, 4096, 1e6, start + 11)).toEqual([8192]);
    expect(offsets(aged, 4096, 1e6, start + 13)).toBeUndefined();
  });

  it("C15: knows where the last of them begin", () => {
    const made = tail([10, 20, 30], { count: 2 });
    expect(made.startOfLast(1, 0)).toBe(20);
    expect(made.startOfLast(2, 0)).toBe(10);
    expect(made.startOfLast(3, 0)).toBeUndefined();
  });

  it("F2: starts anew after a hole", () => {
    const made = tail([10, 20]);
    push(made, 50, 40);
    expect(offsets(made, 10)).toBeUndefined();
    expect(offsets(made, 40)).toEqual([50]);
  });

  it("F1: gives the same after thousands of entries have been dropped", () => {
    const made = new Tail({ count: 10, bytes: Infinity, age: undefined });
    for (let i = 1; i <= 5000; i++) {
      push(made, i, i - 1);
      expect(made.size).toBe(Math.min(i, 10));
      if (i > 10) expect(offsets(made, i - 10)).toHaveLength(10);
    }
  });

  it("F15: has marks for what is kept elsewhere: each is a page by itself, and counts as an entry", () => {
    const made = tail([10, 20], { count: 4 });
    made.pushLarge(30, 20, 1_000_000);
    made.pushLarge(40, 30, 1_000_000);
    push(made, 50, 40);
    expect(made.after(5, 1e6, 0)).toBeUndefined();
    expect(offsets(made, 10)).toEqual([20]);
    expect(made.after(20, 1e6, 0)).toEqual({ lines: [], end: 30 });
    expect(made.after(30, 0, 0)).toEqual({ lines: [], end: 40 });
    expect(offsets(made, 40)).toEqual([50]);
    expect([made.startOfLast(2, 0), made.startOfLast(4, 0)]).toEqual([30, 10]);
    const start = Date.UTC(2020, 0, 1);
    const aged = tail([], { age: 10 });
    aged.pushLarge(4096, 0, 1_000_000);
    expect(aged.after(0, 1e6, start + 11)).toEqual({ lines: [], end: 4096 });
    expect(aged.after(0, 1e6, start + 12)).toBeUndefined();
  });

  it("F15, L4: counts what marks stand for, where the log has a limit in bytes", () => {
    const made = tail([10], { withLarge: 2_500_000 });
    for (const offset of [20, 30, 40]) made.pushLarge(offset, offset - 10, 1_000_000);
    expect(made.size).toBe(2);
    expect(made.after(20, 1e6, 0)).toEqual({ lines: [], end: 30 });
    // One is held however large it is; and what was dropped counts no more.
    made.pushLarge(50, 40, 3_000_000);
    expect(made.size).toBe(1);
    for (const offset of [60, 70]) made.pushLarge(offset, offset - 10, 1_000_000);
    expect(made.after(50, 1e6, 0)).toEqual({ lines: [], end: 60 });
    push(made, 90, 80);
    expect([made.size, offsets(made, 80)]).toEqual([1, [90]]);
  });

  it("F1: gives lines as they were put in, of any length and any bytes", () => {
    const lines = [
      textLine("[1,10,null]"),
      textLine('[1,20,"ärger 🎉 \u0000"]'),
      bytesLine('[1,30,null,{"bytes":0}]', new Uint8Array(0)),
      bytesLine('[1,40,null,{"from":"ä","bytes":3}]', Uint8Array.of(0, 10, 255)),
      textLine(`[1,50,"${"x".repeat(100_000)}"]`),
      bytesLine('[1,60,null,{"bytes":40000}]', new Uint8Array(40_000).fill(7)),
      textLine("[1,70,1]"),
    ];
    const made = new Tail({ count: Infinity, bytes: Infinity, age: undefined });
    lines.forEach((line, i) => made.push(10 * (i + 1), 10 * i, line));
    expect(made.after(0, Infinity, 0)).toEqual({ lines, end: 70 });
    expect(made.after(0, Infinity, 0)?.lines[3]?.bytes).not.toBe(lines[3]?.bytes);
  });

  it("F1, L4: is what a list of the same entries would be", () => {
    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    const float = (): number => random.float();
    const integer = (least: number, most: number): number => least + Math.floor(float() * (most - least + 1));
    for (let round = 0; round < 12; round++) {
      const limits = {
        count: float() < 0.5 ? Infinity : integer(1, 200),
        bytes: float() < 0.5 ? Infinity : integer(1, 60_000),
        age: undefined,
      };
      const made = new Tail(limits);
      let list: { offset: number; prev: number; line: EncodedLine }[] = [];
      let newest = 0;
      for (let i = 0; i < 500; i++) {
        const prev = float() < 0.005 ? newest + 1 : newest;
        const offset = prev + integer(1, 5);
        const text = "ab".repeat(integer(0, float() < 0.02 ? 20_000 : 100));
        const line =
          float() < 0.2 ? bytesLine(text, new Uint8Array(integer(0, 300)).fill(i)) : textLine(text);
        made.push(offset, prev, line);
        if (prev !== newest) list = [];
        list.push({ offset, prev, line });
        const bytes = (): number => list.reduce((sum, { line: { size } }) => sum + size, 0);
        while (list.length > limits.count || (bytes() > limits.bytes && list.length > 1)) list.shift();
        newest = offset;

        const message = `seed ${seed}, round ${round}, entry ${i}`;
        expect(made.size, message).toBe(list.length);
        const at = integer(Math.max(0, (list[0]?.prev ?? 0) - 3), newest + 3);
        const index = list.findIndex((entry) => entry.prev === at);
        const room = integer(0, 20_000);
        let taken = 0;
        let size = 0;
        while (index >= 0 && index + taken < list.length) {
          size += list[index + taken]?.line.size ?? 0;
          if (size > room && taken > 0) break;
          taken++;
        }
        const expected = index < 0 ? [] : list.slice(index, index + taken);
        const found = made.after(at, room, 0);
        expect(found?.end, message).toBe(expected.at(-1)?.offset);
        expect(found?.lines ?? [], message).toEqual(expected.map(({ line: one }) => one));
        const last = integer(1, list.length + 1);
        expect(made.startOfLast(last, 0), message).toBe(list[list.length - last]?.prev);
      }
    }
  });
});
