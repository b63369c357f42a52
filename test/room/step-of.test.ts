import { expect, test } from "vitest";
import { fixed, table } from "../../src/room/columns.js";
import { stepOf } from "../../src/room/step-of.js";

const things = table({ x: fixed(0, 100, 1 / 8) });

test("a step that both sides share leaves its row as the other side sees it, however many are taken in a tick", () => {
  const move = stepOf(things, (thing, { dx }: { dx: number }, seconds) => {
    thing.x += dx * seconds;
  });
  const thing = { x: 10 };
  move(thing, { dx: 3.1 }, 0.05);
  expect(thing).toEqual({ x: 10.125 });
  move(thing, { dx: 3.1 }, 0.05);
  expect(thing).toEqual({ x: 10.25 });
  move(thing, { dx: Number.NaN }, 0.05);
  expect(thing).toEqual({ x: 0 });
});
