import { ROOM_ACTIONS, ROOM_FAULTS, simulate } from "tidemark/testing";
import { describe, expect, test } from "vitest";

/** More of them: npm run sim -- --kind room --seeds 1..10000 */
const SEEDS = 60;
const GROUP = 15;

const counts = new Map<string, number>();

describe("rooms outlive their servers (R1-R24, R28, R29, R31)", () => {
  for (let first = 1; first <= SEEDS; first += GROUP) {
    test(`seeds ${first} to ${first + GROUP - 1}`, { timeout: 120_000 }, async () => {
      for (let seed = first; seed < first + GROUP; seed++) {
        const result = await simulate({ seed, kind: "room" });
        for (const [name, count] of result.counts) counts.set(name, (counts.get(name) ?? 0) + count);
        expect(result.violations, `npm run sim -- --kind room --seed ${seed}`).toEqual([]);
      }
    });
  }

  test("and every kind of fault and of what players do was among them", () => {
    const used = ([, { weight }]: readonly [string, { readonly weight: number }]): boolean => weight > 0.2;
    const names = [...Object.entries(ROOM_FAULTS), ...Object.entries(ROOM_ACTIONS)]
      .filter(used)
      .map(([name]) => name);
    expect(names.filter((name) => !counts.has(`do ${name}`))).toEqual([]);
  });

  test("and a run in which nothing is told or shown would be none", () => {
    for (const what of ["reigns told", "ticks told", "frames", "parts", "events", "books compared", "slept"])
      expect(counts.get(what), what).toBeGreaterThan(0);
    for (const reason of ["epoch", "rollback"])
      expect(counts.get(`gap: ${reason}`), reason).toBeGreaterThan(0);
  });
});

test("R6: whoever comes from a node that knows of a later reign is not shown an earlier one", async () => {
  expect((await simulate({ seed: 102, kind: "room" })).violations).toEqual([]);
});

test("a run of rooms is the same each time for one seed, and another one for another", async () => {
  const hashes = [];
  for (const seed of [7, 7, 8]) hashes.push((await simulate({ seed, kind: "room" })).hash);
  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[0]).not.toBe(hashes[2]);
});
