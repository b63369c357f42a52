import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Testing from "tidemark/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workshop, plant } from "../../sim/mutants-build.js";
import { ALL_MUTANTS as MUTANTS } from "../../sim/mutants-all.js";
import type { Mutant } from "../../sim/mutants-table.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const workshop = new Workshop(root, `${root}build/mutants-of-tests`);

/** A few of them, of which each shows within a few seeds; npm run sim:mutants plants them all. */
const SHORT = [
  "dedupe-skipped",
  "laggard-skips-batch",
  "gate-open",
  "cap-unchecked",
  "leave-not-said",
  "page-cut-inside-an-offset",
  "cut-from-0-for-a-cursor",
  "goes-on-in-another",
  "appended-before-its-last-part",
  "seat-events-only-in-slots",
  "view-leaks-rows",
];
const SEEDS = 25;

describe("planted bugs", () => {
  test("have names of their own", () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
  });

  test.each(MUTANTS)("$name still has its place in the sources", (mutant) => {
    expect(existsSync(root + mutant.file)).toBe(true);
    const source = readFileSync(root + mutant.file, "utf8");
    expect(plant(mutant, source)).not.toBe(source);
  });

  test("that have lost their place are refused", () => {
    for (const mutant of MUTANTS.slice(0, 1)) {
      expect(() => plant({ ...mutant, find: "no such line" }, "const a = 1;")).toThrow("0 times");
    }
  });
});

describe("the simulation finds planted bugs", () => {
  beforeAll(() => workshop.original(), 60_000);
  afterAll(() => workshop.clear(), 60_000);

  test.each(SHORT)("%s", { timeout: 120_000 }, async (name) => {
    const mutant = MUTANTS.find((one) => one.name === name) as Mutant;
    const copy = await workshop.mutant(mutant);
    const { simulate } = (await import(/* @vite-ignore */ pathToFileURL(copy).href)) as typeof Testing;
    const broken: string[] = [];
    for (let seed = 1; seed <= SEEDS && broken.length === 0; seed++) {
      const { violations } = await simulate({ seed, ...(mutant.kind && { kind: mutant.kind }) });
      broken.push(...violations.map(({ promise }) => promise));
    }
    expect(broken).not.toEqual([]);
  });
});
