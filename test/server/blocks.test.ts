/** Bytes that come bit by bit. */
import { expect, test } from "vitest";
import { Blocks } from "../../src/server/connection/limits/blocks.js";
import { someBytes } from "./support/incoming-parts.js";

test.each([1, 2, 3, 7, 1000, 65_536, 70_000])(
  "W34: bits of %d bytes hold what has come and as much again, 64 KiB at most",
  (size) => {
    const blocks = new Blocks();
    const all = someBytes(Math.min(size * 1000, 300_000));
    let held = 0;
    for (let at = 0; at < all.length; at += size) {
      const bit = all.subarray(at, at + size);
      const growth = blocks.growth(bit.length, at + size >= all.length);
      held += growth;
      blocks.add(bit, growth);
      expect(held).toBeGreaterThanOrEqual(blocks.size);
      expect(held).toBeLessThanOrEqual(blocks.size + Math.min(blocks.size, 64 * 1024));
    }
    expect(blocks.size).toBe(all.length);
    expect(Buffer.compare(blocks.take(), all)).toBe(0);
    expect([blocks.size, blocks.take().length]).toEqual([0, 0]);
  },
);
