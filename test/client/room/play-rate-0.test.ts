/** A room without ticks: frames come when something has happened, and inputs are answered. */
import { room, table, text, u32, type RowOf } from "tidemark/room";
import { play } from "tidemark/room/client";
import { expect, test } from "vitest";
import * as z from "zod";
import { writeBinaryLine } from "../../../src/protocol/index.js";
import { Frames } from "../../../src/room/frames.js";
import { shapeName } from "../../../src/room/shape-name.js";
import { storesOf } from "../../../src/room/tables.js";
import { World, collect, outcome } from "../world.js";

const lots = table({ best: u32, by: text(16) });
type Lot = RowOf<typeof lots>;

const auction = room({ rate: 0, keep: "inputs", input: z.object({ bid: z.number() }), state: { lots } });

/** An auction, whose server tells a step when the test says so. */
async function setup() {
  const world = new World();
  const stores = storesOf({ lots });
  const frames = new Frames(stores);
  const viewer = frames.viewer();
  const rows = new Map<string, Lot>([["painting", { best: 0, by: "" }]]);
  let step = 0;
  const tell = async (ack: number): Promise<void> => {
    step++;
    for (const store of stores) store.scan(rows, step);
    const bytes = frames.frameFor(viewer, "all", { ack, depth: 0 }) ?? new Uint8Array();
    world.link.sayBytes(writeBinaryLine(`[1,${step},null,{"bytes":${bytes.length}}]`, bytes));
    await world.settle();
  };
  const asked = play(world.client, auction, "auction/1", {
    predict: {
      lots: (lot, { bid }, seconds) => {
        expect(seconds).toBe(0);
        lot.best = Math.max(lot.best, bid);
      },
    },
  });
  const answer = {
    ch: 1,
    kind: "room",
    cursor: "r:0",
    seat: "painting",
    last: 0,
    rate: 0,
    shape: shapeName(auction),
  };
  await world.online({ "auction/1": answer });
  await tell(0);
  return { world, tell, rows, game: await asked };
}

test("N89: its newest frame is shown as it is, at once", async () => {
  const { game, tell, rows, world } = await setup();
  const came = collect<number>();
  game.on("frame", came.add);
  const lot = game.frame().lots.get("painting");
  expect(lot).toEqual({ best: 0, by: "" });
  rows.set("vase", { best: 5, by: "bob" });
  await tell(0);
  expect(game.frame().lots.get("vase")).toEqual({ best: 5, by: "bob" });
  rows.delete("vase");
  await world.pass(20_000);
  await tell(0);
  expect([game.frame().lots.size, game.tick, came.all]).toEqual([1, 3, [2, 3]]);
  expect([game.link.delay, game.link.jitter]).toEqual([0, 0]);
  // Where there are no ticks there is a pace all the same.
  game.pace(() => ({ bid: 1 }));
  await world.pass(1000);
  expect(game.link.pending).toBe(21);
});

test("N88, N89: an input takes no time, is shown at once, and answered with what came of it", async () => {
  const { game, tell, rows, world } = await setup();
  const sent = outcome(game.send({ bid: 10 }));
  const other = outcome(game.send({ bid: 20 }));
  expect(game.frame().lots.get("painting")).toEqual({ best: 20, by: "" });
  await world.settle();
  // No tick is shown that it could be about.
  expect(world.link.take()).toEqual([
    [1, 1, { bid: 10 }],
    [1, 2, { bid: 20 }],
  ]);
  await world.pass(90);
  rows.set("painting", { best: 10, by: "ann" });
  await tell(1);
  expect([sent.value, other.value]).toEqual(["done", "pending"]);
  expect(game.frame().lots.get("painting")).toEqual({ best: 20, by: "ann" });
  expect(game.link.rtt).toBe(90);
  rows.set("painting", { best: 25, by: "bob" });
  await tell(2);
  expect(other.value).toBe("done");
  expect(game.frame().lots.get("painting")).toEqual({ best: 25, by: "bob" });
});

test("N91: an input that is refused is taken back, though no frame says so", async () => {
  const { game, tell, world } = await setup();
  const sent = outcome(game.send({ bid: 10 }));
  world.link.say({ event: "refused", ch: 1, n: 1, code: "invalid", message: "not so" });
  await world.settle();
  expect([sent.value, game.link.pending]).toEqual(["invalid", 0]);
  expect(game.frame().lots.get("painting")?.best).toBe(0);
  await tell(0);
  expect(game.input({ bid: 11 })).toBe(2);
});

test("N90: that nothing happens for a while is no cut", async () => {
  const { game, tell, world } = await setup();
  const resumed = collect<object>();
  game.on("resumed", resumed.add);
  await world.pass(20_000);
  await tell(0);
  expect(resumed.all).toEqual([]);
  world.link.say({ event: "gap", ch: 1, after: 2, until: 0, epoch: "s", reason: "rollback" });
  await tell(0);
  expect(resumed.all).toEqual([{ lost: true, tick: 3 }]);
});
