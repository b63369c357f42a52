/** What those are sent who are behind: one for many, and never more than a bound. */
import { expect, it } from "vitest";
import { Cuts } from "../../../src/server/feed/slots/cuts.js";
import { StateMemory } from "../../../src/server/kinds/slots/state-memory.js";
import { viewOf } from "../../../src/server/kinds/slots/views.js";
import { VirtualClock } from "../../../src/testing/index.js";

const ALL = viewOf({});
const at = (offset: number) => ({ epoch: "e", offset });

function setup() {
  const clock = new VirtualClock();
  const keeping = { by: "slots", most: { count: 1000, bytes: 1e9 }, graves: { count: 4 } } as const;
  const memory = new StateMemory({ channel: "keys/a", ch: 1, log: { keeping, dedupe: 1000 } });
  const put = (slot: string, data: string | undefined): void => {
    const prev = memory.head;
    memory.push({ offset: prev + 1, prev, changes: [{ slot, data }] });
  };
  return { clock, memory, put, cuts: new Cuts(memory, clock) };
}

it("E11: a cut is given to all who begin within a quarter of a second, and to none who come back", async () => {
  const { clock, cuts, put } = setup();
  put("a", "1");
  const first = cuts.take(at(0), ALL);
  put("b", "2");
  expect(cuts.take(at(0), viewOf({}))).toBe(first);
  expect(cuts.take(at(0), viewOf({ prefix: "a" }))).not.toBe(first);
  expect(cuts.take(at(1), ALL)).not.toBe(first);
  await clock.advance(250);
  expect(cuts.take(at(0), ALL)?.cut.end).toEqual(at(2));
});

it("E11: a cut from a cursor is given to whoever stands there or behind it, before its end", async () => {
  const { cuts, put } = setup();
  for (const slot of ["a", "b", "c", "d"]) put(slot, "1");
  const cut = cuts.take(at(1), ALL);
  expect(cut?.cut.end).toEqual(at(4));
  expect(cuts.take(at(3), ALL)).toBe(cut);
  put("e", "1");
  expect(cuts.take(at(4), ALL)?.cut.from).toEqual(at(4));
  expect(cuts.take(at(0), ALL)).not.toBe(cut);
  expect(cuts.take({ epoch: "f", offset: 2 }, ALL)?.cut.from.epoch).toBe("f");
});

it("E8, E11: who has seen more than a cut has gets another one, as far as the memory goes", () => {
  const { cuts, put } = setup();
  put("a", "1");
  const first = cuts.take(at(0), ALL);
  put("b", "2");
  expect(cuts.take(at(0), ALL, undefined, 1)).toBe(first);
  const next = cuts.take(at(0), ALL, undefined, 2);
  expect(next?.cut.end).toEqual(at(2));
  expect(cuts.take(at(0), ALL, undefined, 9)).toBe(next);
});

it("E11: however many are slow, what they are being sent has a bound", async () => {
  const { clock, cuts, memory, put } = setup();
  for (let i = 0; i < 40; i++) put(`k${i}`, `"${"x".repeat(50_000)}"`);
  const taken = [];
  for (let i = 0; i < 60; i++) {
    taken.push(cuts.take(at(0), ALL));
    put(`k${i % 40}`, `"${i}${"y".repeat(50_000)}"`);
    await clock.advance(1000);
    expect(cuts.bytes).toBeLessThanOrEqual(2 * memory.bytes + 1024 * 1024);
  }
  expect(taken.some((one) => one?.isDropped === false)).toBe(true);
});

it("E11: cuts that nobody is being sent are let go of", async () => {
  const { clock, cuts, put } = setup();
  put("a", `"${"x".repeat(5000)}"`);
  const cut = cuts.take(at(0), ALL);
  if (cut !== undefined) cuts.leave(cut);
  expect(cuts.bytes).toBeGreaterThan(5000);
  await clock.advance(1000);
  expect(cuts.bytes).toBe(0);
});

it("E10: a cut that ends at a place which was lost is not sent on", () => {
  const { cuts, put } = setup();
  put("a", "1");
  put("b", "1");
  const cut = cuts.take(at(0), ALL);
  cuts.dropVoid({
    epochs: [
      { epoch: "e", base: 0 },
      { epoch: "f", base: 1 },
    ],
    head: 1,
    floor: 0,
  });
  expect(cut?.isDropped).toBe(true);
});
