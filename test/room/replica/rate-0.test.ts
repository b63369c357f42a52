import { describe, expect, test } from "vitest";
import * as z from "zod";
import { table, text, u32 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { Nodes } from "./support/nodes.js";

const shape = room({
  rate: 0,
  keep: "inputs",
  input: z.object({ bid: z.number().int().min(1) }),
  state: { lots: table({ best: u32, by: text(64) }) },
});

/** One thing is sold to whoever bids most. */
const Auction = shape.code<{ readonly id: string }>({
  create(r) {
    r.state.lots.set("painting", { best: 0, by: "" });
  },
  input(r, seat, { bid }) {
    const lot = r.state.lots.get("painting");
    if (lot !== undefined && bid > lot.best) Object.assign(lot, { best: bid, by: seat.user.id });
  },
});

async function setup() {
  const nodes = new Nodes(Auction, { count: 3, owners: 2 });
  const edge = nodes.node(2);
  const place = await nodes.wait(edge.open());
  const ann = await nodes.wait(edge.play(place, "ann"));
  await nodes.clock.advance(100);
  const best = (): unknown => ann.peer.rows("lots").get("painting")?.["best"];
  return { nodes, clock: nodes.clock, edge, place, ann, best };
}

describe("a room without ticks", () => {
  test("R15: is a step for each input, which is acknowledged with what came of it", async () => {
    const { clock, ann, best } = await setup();
    ann.player.input(1, { bid: 10 });
    await clock.advance(20);
    expect([best(), ann.peer.newest?.ack]).toEqual([10, 1]);
    ann.player.input(2, { bid: 20 });
    ann.player.input(3, { bid: 30 });
    await clock.advance(20);
    expect([best(), ann.peer.newest?.ack]).toEqual([30, 3]);
  });

  test("R16: an input whose text is lost is sent again, though no tick says that it is missing", async () => {
    const { clock, edge, ann, best } = await setup();
    let sent = 0;
    edge.between.onSend = (_to, _text, pass) => (sent++ === 0 ? Promise.resolve() : pass());
    ann.player.input(1, { bid: 10 });
    await clock.advance(200);
    expect(best()).toBe(0);
    await clock.advance(500);
    expect(best()).toBe(10);
  });

  test("R23: a tick that is lost is missed with the owner's next sign of life", async () => {
    const { clock, edge, ann, best } = await setup();
    edge.between.onSignals = () => {};
    ann.player.input(1, { bid: 10 });
    await clock.advance(20);
    edge.between.onSignals = (signals, pass) => pass(signals);
    expect(best()).toBe(0);
    await clock.advance(2500);
    expect([best(), ann.peer.newest?.ack]).toEqual([10, 1]);
  });

  test("R13, R16: no bid that was seen is taken back when the owner dies, and none that was made is lost", async () => {
    const { nodes, clock, ann, best } = await setup();
    ann.player.input(1, { bid: 10 });
    await clock.advance(100);
    expect(best()).toBe(10);
    nodes.owner.kill();
    ann.player.input(2, { bid: 20 });
    for (let passed = 0; passed < 8000; passed += 500) {
      await clock.advance(500);
      expect(best()).toBeGreaterThanOrEqual(10);
    }
    expect([best(), ann.peer.newest?.ack]).toEqual([20, 2]);
    expect(ann.ends).toEqual([]);
  });
});
