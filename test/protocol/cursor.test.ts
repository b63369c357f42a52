import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_OFFSET, formatCursor, parseCursor } from "../../src/protocol/index.js";

test("a cursor reads back as what it was written from", () => {
  const epoch = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
  fc.assert(
    fc.property(epoch, fc.maxSafeNat(), (name, offset) => {
      const cursor = { epoch: name, offset };
      expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
    }),
  );
});

test("the edges of a cursor's form are in", () => {
  expect(parseCursor("k3x:889192448000123")).toEqual({ epoch: "k3x", offset: 889192448000123 });
  expect(parseCursor("_-:0")).toEqual({ epoch: "_-", offset: 0 });
  expect(parseCursor(`${"e".repeat(32)}:${MAX_OFFSET}`)?.offset).toBe(MAX_OFFSET);
});

test.each([
  "",
  ":",
  "k3x",
  "k3x:",
  ":1",
  "k3x:01",
  "k3x:-1",
  "k3x:+1",
  "k3x:1.0",
  "k3x:1e3",
  "k3x: 1",
  " k3x:1",
  "k3x:1 ",
  "k3x:1\n",
  "k3x:1:2",
  "a:b:1",
  "k.x:1",
  "é:1",
  `${"e".repeat(33)}:1`,
  "k3x:9007199254740992",
  "k3x:9999999999999999",
  "k3x:10000000000000000",
  "k3x:undefined",
  "undefined:NaN",
])("%j is no cursor", (text) => {
  expect(parseCursor(text)).toBeUndefined();
});

test("any text either is no cursor or is its own canonical form", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z]{1,3}:[0-9]{1,17}$/)), (text) => {
      const cursor = parseCursor(text);
      if (cursor !== undefined) expect(formatCursor(cursor)).toBe(text);
    }),
  );
});
