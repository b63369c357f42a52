import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrokerError, REMEMBERED_SEQUENCES, createMemoryHub, type Draft } from "../../src/broker/index.js";
import { KeyMemory } from "../../src/broker/log/key-memory.js";
import { CONFLICT, NEW, UNKNOWN } from "../../src/broker/log/keys.js";
import { SequenceRing } from "../../src/broker/log/sequence-ring.js";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";

const WINDOW = 1000;

function keyed(id: number | string, scope = "s", print = 0): Draft {
  return { data: "1", key: { scope, id, print } };
}

describe("the sequence ring", () => {
  test("knows the highest sequences it was given, in whatever order they came", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5000), { minLength: 1, maxLength: 900, size: "max" }), (given) => {
        const ring = new SequenceRing();
        const known = new Map<number, number>();
        for (const [i, sequence] of given.entries()) {
          const least = Math.min(...known.keys());
          const found = ring.find(sequence, 1, 0);
          expect(found).toBe(known.size > 0 && sequence < least ? UNKNOWN : NEW);
          if (found !== NEW) continue;
          ring.insert(sequence, i + 1, 1, 0);
          if (known.size === REMEMBERED_SEQUENCES) known.delete(least);
          known.set(sequence, i + 1);
        }
        expect(ring.size).toBe(known.size);
        for (const [sequence, offset] of known) expect(ring.find(sequence, 1, 0)).toBe(offset);
        for (const [sequence] of known) expect(ring.find(sequence, 2, 0)).toBe(CONFLICT);
      }),
      { numRuns: 60 },
    );
  });

  test("knows no outcome of what was appended before the window, of any print", () => {
    const ring = new SequenceRing();
    ring.insert(1, 11, 1, 100);
    ring.insert(2, 12, 1, 200);
    expect(ring.find(1, 1, 100)).toBe(11);
    expect(ring.find(1, 1, 101)).toBe(UNKNOWN);
    expect(ring.find(1, 2, 101)).toBe(UNKNOWN);
    expect(ring.find(2, 1, 101)).toBe(12);
    expect(ring.find(3, 1, 101)).toBe(NEW);
  });

  test("has clones that go their own way", () => {
    const ring = new SequenceRing();
    for (let i = 1; i <= 300; i++) ring.insert(i, i, 0, 0);
    const copy = ring.clone();
    copy.insert(301, 301, 0, 0);
    expect(ring.find(301, 0, 0)).toBe(NEW);
    expect(ring.find(45, 0, 0)).toBe(45);
    expect(copy.find(45, 0, 0)).toBe(UNKNOWN);
  });
});

describe("the key memory", () => {
  test("P6: remembers a text key for at least a window and less than two after its append", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(700), { minLength: 1, maxLength: 30 }),
        fc.nat(3 * WINDOW),
        (waits, age) => {
          const memory = new KeyMemory(1000, 0);
          let now = 0;
          for (const [i, wait] of waits.entries()) {
            now += wait;
            memory.turn(now, WINDOW);
            memory.remember(keyed(`earlier-${i}`).key, 1, now);
          }
          memory.remember(keyed("k").key, 7, now);
          memory.turn(now + age, WINDOW);
          const found = memory.find(keyed("k").key, now + age, WINDOW);
          if (age <= WINDOW) expect(found).toBe(7);
          if (age >= 2 * WINDOW) expect(found).toBe(NEW);
          expect([7, NEW]).toContain(found);
        },
      ),
    );
  });

  test("remembers a scope for as long as it is used, and drops it after a window without use", () => {
    const memory = new KeyMemory(1000, 0);
    memory.remember(keyed(1, "busy").key, 1, 0);
    memory.remember(keyed(1, "idle").key, 2, 0);
    for (let now = 0; now <= 5 * WINDOW; now += WINDOW / 2) {
      memory.turn(now, WINDOW);
      const outcome = memory.find(keyed(1, "busy").key, now, WINDOW);
      expect(outcome).toBe(now <= WINDOW ? 1 : UNKNOWN);
    }
    expect(memory.size).toBe(1);
    expect(memory.find(keyed(1, "idle").key, 5 * WINDOW, WINDOW)).toBe(NEW);
    memory.turn(8 * WINDOW, WINDOW);
    expect(memory.size).toBe(0);
  });

  test("has room for so many text keys, and for repeats and sequences beyond", () => {
    const memory = new KeyMemory(3, 0);
    const has = (...drafts: Draft[]): boolean => memory.hasRoomFor(drafts);
    expect(has(keyed("a"), keyed("b"), keyed("c"))).toBe(true);
    expect(has(keyed("a"), keyed("b"), keyed("c"), keyed("d"))).toBe(false);
    expect(has(keyed("a"), keyed("b"), keyed("c"), keyed("a"), keyed(1), keyed(2))).toBe(true);
    for (const id of ["a", "b", "c"]) memory.remember(keyed(id).key, 1, 0);
    expect(has(keyed("d"))).toBe(false);
    expect(has(keyed("a"), keyed("b"), keyed(1), keyed(1, "other"))).toBe(true);
    memory.turn(WINDOW, WINDOW);
    expect(has(keyed("d"))).toBe(false);
    memory.turn(2 * WINDOW, WINDOW);
    expect(has(keyed("d"))).toBe(true);
  });

  test("has room for ten times as many scopes", () => {
    const memory = new KeyMemory(3, 0);
    for (let i = 0; i < 30; i++) {
      expect(memory.hasRoomFor([keyed(1, `s${i}`)])).toBe(true);
      memory.remember(keyed(1, `s${i}`).key, 1, 0);
    }
    expect(memory.hasRoomFor([keyed(1, "one more")])).toBe(false);
    expect(memory.hasRoomFor([keyed(2, "s0"), keyed("text")])).toBe(true);
  });
});

describe("a channel that remembers as many keys as it may", () => {
  test("P6: refuses new text keys before it writes anything, and takes them when old ones are gone", async () => {
    const clock = new VirtualClock();
    const broker = createMemoryHub({ clock, random: seededRandom(1), maxKeys: 2 }).broker();
    const options = { keeping: { by: "entries" as const, retain: { count: 10 } }, dedupe: WINDOW };
    await broker.append("c", [keyed("a"), keyed("b")], options);
    const refused = broker.append("c", [keyed(1), keyed("c")], options);
    await expect(refused).rejects.toThrow(BrokerError);
    await expect(refused).rejects.toMatchObject({ code: "unavailable" });
    const page = await broker.read("c", { after: 0, limit: 10, bytes: 1000 }, options);
    expect(page.entries).toHaveLength(2);
    const [again, sequence] = await broker.append("c", [keyed("a"), keyed(1)], options);
    expect(again).toMatchObject({ duplicate: true });
    expect(sequence).toMatchObject({ duplicate: false });
    await broker.append("other", [keyed("c")], options);
    await clock.advance(2 * WINDOW);
    expect(await broker.append("c", [keyed("c")], options)).toMatchObject([{ duplicate: false }]);
  });
});
