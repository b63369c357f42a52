import { describe, expect, test } from "vitest";
import { TickLoad } from "../../../src/server/kinds/room/owner/load.js";
import { Schedule } from "../../../src/server/kinds/room/owner/schedule.js";

describe("ticks are due at whole multiples of their distance", () => {
  test("and what one is late by is not handed on", () => {
    const schedule = new Schedule(30, 1000);
    let now = 1000;
    let made = 0;
    for (let tick = 1; tick <= 3000; tick++) {
      expect(schedule.due).toBeCloseTo(1000 + (tick * 1000) / 30, 6);
      now = schedule.due + (tick % 7);
      made += schedule.take(now).steps;
    }
    expect(made).toBe(3000);
  });

  test("never before they are, and once each", () => {
    const schedule = new Schedule(20, 0);
    expect(schedule.take(49.9)).toEqual({ steps: 0, skipped: 0 });
    expect(schedule.take(50)).toEqual({ steps: 1, skipped: 0 });
    expect(schedule.take(50)).toEqual({ steps: 0, skipped: 0 });
    expect(schedule.take(99)).toEqual({ steps: 0, skipped: 0 });
  });

  test("at most five are made up for after a stall; then the schedule moves, and the others are told", () => {
    const schedule = new Schedule(20, 0);
    expect(schedule.take(250)).toEqual({ steps: 5, skipped: 0 });
    expect(schedule.take(1250)).toEqual({ steps: 5, skipped: 15 });
    expect(schedule.due).toBe(1300);
    expect(schedule.take(1299)).toEqual({ steps: 0, skipped: 0 });
  });
});

test("a node is busy when it spends more than 70% of some seconds in ticks", () => {
  const load = new TickLoad(0);
  load.add(900);
  load.turn(1000);
  expect([load.perSecond, load.isBusy]).toEqual([450, false]);
  for (let second = 2; second < 6; second++) {
    load.add(900);
    load.turn(second * 1000);
  }
  expect(load.isBusy).toBe(true);
  for (let second = 6; second < 9; second++) load.turn(second * 1000);
  expect(load.isBusy).toBe(false);
});
