import { expect, test } from "vitest";
import type { ChangesEntry } from "../../../src/broker/index.js";
import { SlotMap } from "../../../src/broker/log/slots/slot-map.js";
import { SlotMemory, type SlotCut } from "../../../src/server/kinds/slots/slot-memory.js";
import { SlotWalk } from "../../../src/server/kinds/slots/slot-walk.js";
import { seededRandom } from "../../../src/testing/index.js";

const RUNS = 3000;
const SLOTS = ["a", "b", "c", "d", "e", "f", "g"];
/** More pages than this are a walk that does not end. */
const MOST_PAGES = 2000;

interface Random {
  float(): number;
  /** From 0 up to, and without, `end`. */
  int(end: number): number;
}

function randomOf(seed: number): Random {
  const random = seededRandom(seed);
  const float = (): number => random.float();
  return { float, int: (end) => Math.floor(float() * end) };
}

/** A log whose map is known at every offset. */
class Log {
  readonly map = new SlotMap();
  readonly truth = new Map<number, string>([[0, "{}"]]);
  readonly #values = new Map<string, string>();
  readonly #random: Random;
  readonly #graves: number;
  head = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#graves = random.int(4);
  }

  /** Changes some slots, and returns the hint of it: bare now and then. */
  change(): ChangesEntry {
    const random = this.#random;
    const prev = this.head;
    this.head += 1 + random.int(3);
    const slots = new Set(
      Array.from({ length: 1 + random.int(3) }, () => SLOTS[random.int(SLOTS.length)] ?? "a"),
    );
    const changes = [...slots].map((slot) => ({
      slot,
      data: random.float() < 0.4 ? undefined : String(this.head),
    }));
    const entry = { offset: this.head, prev, meta: undefined };
    this.map.push(entry, changes, 0);
    this.map.dropGraves({ count: this.#graves }, 0);
    for (const { slot, data } of changes) {
      if (data === undefined) this.#values.delete(slot);
      else this.#values.set(slot, data);
    }
    this.truth.set(this.head, textOf(this.#values));
    return random.float() < 0.1 ? { offset: this.head, prev } : { offset: this.head, prev, changes };
  }

  page(after: number, limit: number) {
    const entries = this.map.after(after, limit, Infinity);
    return { entries, floor: this.map.floor, head: this.head, epochs: [{ epoch: "E", base: 0 }] };
  }
}

function textOf(values: Iterable<readonly [string, string]>): string {
  return JSON.stringify(Object.fromEntries([...values].sort(([one], [other]) => (one < other ? -1 : 1))));
}

function changesOf(cut: SlotCut | undefined): unknown {
  return cut?.changes.map(({ slot, data }) => ({ slot, data }));
}

function held(memory: SlotMemory): string {
  const values: [string, string][] = [];
  for (const [slot, { data }] of memory) if (typeof data === "string") values.push([slot, data]);
  return textOf(values);
}

/** Walks until it ends; the log goes on meanwhile, faster than pages are read. */
function walk(log: Log, memory: SlotMemory, random: Random): number {
  let one = new SlotWalk(memory.head);
  let after = memory.head;
  const loss = random.float() < 0.5 ? 0 : 0.3;
  const pace = random.int(6);
  for (let pages = 1; pages < MOST_PAGES; pages++) {
    // A page was read before the hints of what came then.
    const page = log.page(after, 1 + random.int(2));
    // After a while it is quiet, so that a walk that hints cannot help ends, too.
    const changes = pages > 200 ? 0 : random.int(pace + 1);
    const hints = Array.from({ length: changes }, () => log.change()).filter(() => random.float() >= loss);
    const early = random.int(hints.length + 1);
    for (const hint of hints.slice(0, early)) one.hint(hint, "E");
    const step = one.page(page);
    if (step.go === "ended") {
      memory.take(step);
      return pages;
    }
    for (const hint of hints.slice(early)) one.hint(hint, "E");
    if (step.go === "again") {
      memory.clear();
      one = new SlotWalk(0);
      after = 0;
    } else ({ after } = step);
  }
  throw new Error("a walk did not end");
}

test.each(["from 0", "from where a memory is"])(
  "E1: a node's walk %s ends, and is the map as it was",
  (from) => {
    const first = 1 + Math.floor(Math.random() * 1e6);
    const ends = { pages: 0, hints: 0 };
    for (let seed = first; seed < first + RUNS; seed++) {
      const random = randomOf(seed);
      const log = new Log(random);
      const memory = new SlotMemory({ graves: random.int(5) });
      for (let i = random.int(20); i > 0; i--) log.change();
      if (from !== "from 0") {
        walk(log, memory, random);
        for (let i = random.int(12); i > 0; i--) log.change();
      }
      try {
        if (walk(log, memory, random) > 1) ends.pages++;
        expect(held(memory)).toBe(log.truth.get(memory.head));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    console.log(`${RUNS} walks from seed ${first} on, ${ends.pages} of more than a page`);
  },
);

test("E2: what follows a cursor in a node's memory makes of the map there the map of now", () => {
  const first = 1 + Math.floor(Math.random() * 1e6);
  for (let seed = first; seed < first + RUNS; seed++) {
    const random = randomOf(seed);
    const log = new Log(random);
    const memory = new SlotMemory({ graves: random.int(5) });
    const maps: (readonly [number, Map<string, string>])[] = [[0, new Map()]];
    for (let i = random.int(30); i > 0; i--) {
      walk(log, memory, random);
      const now = new Map<string, string>();
      for (const [slot, { data }] of memory) if (typeof data === "string") now.set(slot, data);
      maps.push([memory.head, now]);
      log.change();
    }
    for (const [offset, map] of maps) {
      const cut = memory.cut(offset);
      if (cut === undefined) {
        expect(offset).toBeLessThan(memory.floor);
        continue;
      }
      for (const { slot, data } of cut.changes) {
        if (data === undefined) map.delete(slot);
        else map.set(slot, data as string);
      }
      expect(textOf(map), `seed ${seed}, from ${offset}`).toBe(log.truth.get(memory.head));
    }
  }
  console.log(`seeds from ${first} on`);
});

test("E3: a cut stays what it was", () => {
  const memory = new SlotMemory({ graves: 10 });
  memory.push({ offset: 1, prev: 0, changes: [{ slot: "a", data: "1" }] });
  const cut = memory.cut(0);
  memory.push({ offset: 2, prev: 1, changes: [{ slot: "a", data: undefined }] });
  memory.clear();
  expect(cut).toMatchObject({ from: 0, end: 1 });
  expect(changesOf(cut)).toEqual([{ slot: "a", data: "1" }]);
});

test("E2: from the beginning there is nothing that could be deleted; from a cursor there is", () => {
  const memory = new SlotMemory({ graves: 1 });
  memory.push({
    offset: 1,
    prev: 0,
    changes: [
      { slot: "a", data: "1" },
      { slot: "b", data: "1" },
    ],
  });
  memory.push({ offset: 2, prev: 1, changes: [{ slot: "a", data: undefined }] });
  expect(changesOf(memory.cut(0))).toEqual([{ slot: "b", data: "1" }]);
  expect(changesOf(memory.cut(1))).toEqual([{ slot: "a", data: undefined }]);
  memory.push({ offset: 3, prev: 2, changes: [{ slot: "b", data: undefined }] });
  // The older tombstone went, and with it what a cursor from before it would have to hear of.
  expect(memory.cut(1)).toBeUndefined();
  expect(changesOf(memory.cut(2))).toEqual([{ slot: "b", data: undefined }]);
});
