import { expect, test } from "vitest";
import { Newcomers } from "../../src/server/connection/limits/newcomers.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";

test("K2: each has all of its time and no more, whoever came before and went", async () => {
  const clock = new VirtualClock();
  const late: string[] = [];
  const newcomers = new Newcomers<string>(clock, 1000, (name) => late.push(`${name} ${clock.monotonic()}`));
  const began = clock.monotonic();
  const at = (ms: number): number => began + ms;
  const add = (name: string): void => newcomers.add(name, clock.monotonic());
  add("ann");
  await clock.advance(400);
  add("bob");
  await clock.advance(300);
  add("cay");
  newcomers.delete("ann");
  await clock.advance(600);
  expect(late).toEqual([]);
  await clock.advance(100);
  expect(late).toEqual([`bob ${at(1400)}`]);
  newcomers.delete("cay");
  await clock.advance(5000);
  add("dan");
  await clock.advance(1000);
  expect(late).toEqual([`bob ${at(1400)}`, `dan ${at(7400)}`]);
  expect(newcomers.size).toBe(0);
});
