import { expect, test } from "vitest";
import { room } from "../../../src/room/shape.js";
import { globalsGuard } from "../../../src/server/kinds/room/run/real-guard.js";
import { Run } from "../../../src/server/kinds/room/run/run.js";
import { codeOf, faultCode, input, joins, runOf } from "./support.js";

const shape = room({ state: {} });
const globals = (): unknown[] => [globalThis.Date, Date.now, Math.random, Reflect.get(performance, "now")];

/** What a hook throws that does this. */
function thrownBy(act: () => unknown): unknown {
  const run = runOf(shape.code({ input: () => void act() }));
  return run.step([joins("a"), input("a", 1)]).threw[0]?.error;
}

test.each([
  ["Date.now()", () => Date.now()],
  ["new Date()", () => new Date()],
  ["Date()", () => Date()],
  ["Math.random()", () => Math.random()],
  ["performance.now()", () => performance.now()],
])("R31: in a hook %s throws a sentence that says what to take instead", (_name, act) => {
  const error = thrownBy(act);
  expect(faultCode(error)).toBe("not_in_rooms");
  expect(String(error)).toMatch(/ in a hook of a room: .*; take r\./);
});

test("R31: a date that is given its time may be used", () => {
  expect(
    thrownBy(() => [new Date(0), Date.UTC(2020, 1), Date.parse("2020-01-01"), new Date(0) instanceof Date]),
  ).toBe(undefined);
});

test("the globals are what they were, after a hook that returns and after one that throws", () => {
  const before = globals();
  thrownBy(() => 1);
  thrownBy(() => {
    throw new Error("no");
  });
  expect(globals()).toEqual(before);
  expect([Date.now() > 0, Math.random() >= 0, performance.now() > 0]).toEqual([true, true, true]);
});

test("there is no fence where none was given", () => {
  let now = 0;
  const run = new Run(shape.code({ tick: () => void (now = Date.now()) }).def, {
    seed: 1,
    about: { name: "room", match: {} },
  });
  run.step();
  expect(now).toBeGreaterThan(0);
});

test("a fence within a fence is taken away by whoever put it up", () => {
  const before = globals();
  globalsGuard.within(() => globalsGuard.within(() => 1));
  expect(globals()).toEqual(before);
});

test("a hook that returns a promise is refused, and what it did before is taken back", () => {
  const run = runOf(
    shape.code({
      // What a program without types may do.
      input: (r) => Promise.resolve(r.close("over")) as unknown as void,
    }),
  );
  const { threw, closed } = run.step([joins("a"), input("a", 1)]);
  expect(faultCode(threw[0]?.error)).toBe("async_hook");
  expect(closed).toBeUndefined();
});

test("a room that is used outside of its hooks says so", () => {
  const kept: { close(reason: string): void; random(): number }[] = [];
  const run = runOf(shape.code({ tick: (r) => void kept.push(r) }));
  run.step();
  expect([codeOf(() => kept[0]?.close("x")), codeOf(() => kept[0]?.random())]).toEqual([
    "outside_hook",
    "outside_hook",
  ]);
});
