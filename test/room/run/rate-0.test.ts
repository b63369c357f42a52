import { describe, expect, test } from "vitest";
import * as z from "zod";
import { table, text, u32 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { replay } from "../../../src/testing/room/replay.js";
import { step } from "../../../src/testing/room/step.js";
import { input, joins, runOf } from "./support.js";

const auction = room({
  rate: 0,
  keep: "inputs",
  grace: "10s",
  input: z.object({ bid: z.number().int().positive() }),
  events: { sold: z.object({ to: z.string(), for: z.number() }) },
  state: { lots: table({ price: u32, leader: text(16), bids: u32 }) },
});

/** The lot is sold ten seconds after its last bid. */
const Auction = auction.code<{ id: string }>({
  create(r) {
    r.state.lots.set("lot", { price: 0, leader: "", bids: 0 });
  },
  input(r, seat, { bid }) {
    const lot = r.state.lots.get("lot");
    if (lot === undefined || bid <= lot.price) return;
    Object.assign(lot, { price: bid, leader: seat.user.id, bids: lot.bids + 1 });
    r.after("10s", "hammer", lot.bids);
  },
  timers: {
    hammer(r, bids: number) {
      const lot = r.state.lots.get("lot");
      if (lot === undefined || lot.bids !== bids) return;
      r.send("sold", { to: lot.leader, for: lot.price });
      r.close("sold");
    },
  },
});

describe("R13: a room without ticks: each input is a step", () => {
  test("R13: a bid is taken at once, and time passes for timers alone", () => {
    const run = step(Auction, {
      seats: { a: undefined, b: undefined },
      users: { a: { id: "ann" }, b: { id: "bob" } },
    });
    run.input("a", { bid: 5 });
    expect(run.state.lots.get("lot")).toEqual({ price: 5, leader: "ann", bids: 1 });
    run.pass("9s");
    run.input("b", { bid: 7 });
    run.input("a", { bid: 6 });
    run.pass("9s");
    expect([run.time, run.closed]).toEqual([18_000, undefined]);
    run.pass("1s");
    expect([run.time, run.closed]).toEqual([19_000, "sold"]);
    expect(run.sent.map(({ data }) => data)).toEqual([{ to: "bob", for: 7 }]);
    expect(replay(Auction, run.log)).toEqual(run.bytes);
  });

  test("R13: it goes on in another process at the time that it had", () => {
    const run = step(Auction, { seats: { a: undefined } });
    run.input("a", { bid: 5 });
    run.pass("4s");
    run.takeOver();
    run.pass("5999ms");
    expect(run.closed).toBeUndefined();
    run.pass(1);
    expect(run.closed).toBe("sold");
    expect(replay(Auction, run.log)).toEqual(run.bytes);
  });

  test("R19: a seat is kept for its grace in milliseconds", () => {
    const run = step(Auction, { seats: { a: undefined } });
    run.away("a");
    run.pass(9999);
    expect(run.seats.size).toBe(1);
    run.pass(1);
    expect(run.seats.size).toBe(0);
  });

  test("R17: one input is taken in a step; where more wait it is due at once", () => {
    const taken: unknown[] = [];
    const run = runOf(
      room({ rate: 0, state: {} }).code({ input: (r, _seat, what) => void taken.push([r.tick, what]) }),
    );
    run.step([joins("a"), input("a", 2)], 5);
    expect(run.due).toBeUndefined();
    run.step([input("a", 1)], 7);
    expect([taken, run.due]).toEqual([[[2, 1]], 7]);
    run.step([], 7);
    expect([taken.length, run.due]).toEqual([2, undefined]);
  });

  test("time never goes back, whatever the owner's clock does", () => {
    const run = runOf(room({ rate: 0, state: {} }).code({}));
    expect([run.step([], 50).time, run.step([], 20).time, run.step().time]).toEqual([50, 50, 50]);
    expect(run.step([], 60).entry).toEqual({ tick: 4, at: 60, entered: [] });
  });
});
