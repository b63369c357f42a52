import { expect, test } from "vitest";
import { RoomsTally } from "../../../src/server/kinds/room/owner/rooms-tally.js";
import { TickMeter } from "../../../src/server/kinds/room/owner/tick-meter.js";

test("A98: what a tick takes is what the newest ones took, each as much as its share of its turn", () => {
  const meter = new TickMeter();
  expect(meter.tickTime).toBe(0);
  meter.add({ ms: 10, ticks: 5, late: 4 });
  expect(meter.tickTime).toBe(2);
  for (let i = 0; i < 200; i++) meter.add({ ms: 8, ticks: 1, late: 0 });
  expect(meter.tickTime).toBeCloseTo(8, 2);
  meter.add({ ms: 1, ticks: 0, late: 3 });
  expect(meter.tickTime).toBeCloseTo(8, 2);
  expect(meter.late).toBe(7);
});

test("A98: a node's rooms are added up", () => {
  const tally = new RoomsTally(0);
  const seats = (count: number) =>
    new Map(Array.from({ length: count }, (_, n) => [`${n}`, undefined as never]));
  for (let i = 0; i < 20; i++) tally.add({ ms: 5, ticks: 1, late: i % 2 });
  tally.load.turn(1000);
  tally.taken({ isTakeover: true });
  tally.taken({ isTakeover: false });
  expect(tally.stats([{ run: { seats: seats(3) } }, { run: { seats: seats(4) } }])).toEqual({
    owned: 2,
    players: 7,
    tickTime: 50,
    ticks: 20,
    ticksLate: 10,
    takeovers: 1,
  });
});
