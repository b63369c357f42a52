import { describe, expect, test } from "vitest";
import { decodeLetter, type Batch } from "../../../src/server/kinds/room/messages.js";
import { Game } from "./support/game.js";
import { Nodes, seatOf, type Playing, type TestNode } from "./support/nodes.js";

const TICK = 50;

/** What a node has sent to owners. */
function batchesOf(node: TestNode): Batch[] {
  return node.between.sent.flatMap(({ text }) =>
    (decodeLetter(text)?.items ?? []).filter((item) => item.is === "batch"),
  );
}

/** How often a player has moved, as it sees it. */
function movesOf({ player, peer }: Playing): unknown {
  return peer.rows("players").get(player.seat)?.["moves"];
}

/** One node that owns the room, and one that players are on. */
async function setup(options: { readonly players?: string[] } = {}) {
  const nodes = new Nodes(Game);
  const { clock } = nodes;
  const edge = nodes.node(1);
  const place = await nodes.wait(edge.open());
  const playing: Playing[] = [];
  for (const name of options.players ?? ["ann"]) playing.push(await nodes.wait(edge.play(place, name)));
  await clock.advance(4 * TICK);
  const [ann, bob] = playing;
  if (ann === undefined) throw new Error("somebody plays");
  return { nodes, clock, edge, place, playing, ann, bob: bob ?? ann };
}

describe("inputs, from their player to the owner", () => {
  test("R14, R15: each is consumed once, and frames say with their tick how far it is", async () => {
    const { clock, ann, nodes } = await setup();
    for (let n = 1; n <= 10; n++) {
      expect(ann.player.input(n, { dx: 1 })).toBe("taken");
      expect(ann.player.input(n, { dx: 1 })).toBe("known");
      await clock.advance(TICK);
    }
    await clock.advance(2 * TICK);
    expect(movesOf(ann)).toBe(10);
    expect(ann.peer.newest).toMatchObject({ ack: 10, depth: 0 });
    for (const frame of ann.peer.frames) {
      const row = frame.tables["players"]?.updates.get(ann.player.seat);
      if (row !== undefined) expect(frame.ack).toBe(row["moves"]);
    }
    expect(nodes.errors).toEqual([]);
  });

  test("R16: what all players of a node do in one turn goes as one text", async () => {
    const { clock, edge, playing } = await setup({ players: ["ann", "bob", "cid"] });
    edge.between.sent.length = 0;
    for (const { player } of playing) for (const n of [1, 2]) player.input(n, { dx: 1 });
    await clock.settle();
    expect(edge.between.sent).toHaveLength(1);
    const [batch] = batchesOf(edge);
    expect(batch?.inputs.map(([seat, n]) => [seat, n])).toEqual(
      playing.flatMap(({ player }) => [1, 2].map((n) => [player.seat, n])),
    );
  });

  test("R16: no broker is on the way to an owner on the same node, nor on the way back", async () => {
    const nodes = new Nodes(Game, { count: 1 });
    const here = nodes.node(0);
    const place = await nodes.wait(here.open());
    const ann = await nodes.wait(here.play(place, "ann"));
    here.between.onSignals = () => {};
    for (let n = 1; n <= 5; n++) {
      ann.player.input(n, { dx: 1 });
      await nodes.clock.advance(TICK);
    }
    await nodes.clock.advance(2 * TICK);
    expect(here.between.sent).toEqual([]);
    expect(movesOf(ann)).toBe(5);
  });

  test("R16: inputs whose text is lost are sent again, and count once whatever is lost", async () => {
    const { clock, edge, ann } = await setup();
    let sent = 0;
    edge.between.onSend = (_node, _text, pass) => (++sent % 5 > 1 ? pass() : Promise.resolve());
    for (let n = 1; n <= 20; n++) {
      ann.player.input(n, { dx: 1 });
      await clock.advance(TICK);
    }
    await clock.advance(20 * TICK);
    expect(movesOf(ann)).toBe(20);
    expect(ann.peer.newest?.ack).toBe(20);
  });

  test("R16: nothing is sent while all is acknowledged", async () => {
    const { clock, edge, ann } = await setup();
    ann.player.input(1, { dx: 1 });
    await clock.advance(3 * TICK);
    edge.between.sent.length = 0;
    await clock.advance(10 * TICK);
    expect(edge.between.sent).toEqual([]);
  });

  test("R17: a flood is refused where it comes in, and nobody else notices", async () => {
    const { clock, ann, bob } = await setup({ players: ["ann", "bob"] });
    let refused = 0;
    let n = 0;
    for (let tick = 1; tick <= 40; tick++) {
      for (let i = 0; i < 50; i++) {
        const outcome = ann.player.input(++n, { dx: 0 });
        if (typeof outcome === "object" && outcome.code === "rate_limited") refused++;
      }
      bob.player.input(tick, { dx: 1 });
      await clock.advance(TICK);
    }
    await clock.advance(4 * TICK);
    expect(refused).toBeGreaterThan(1800);
    expect(movesOf(bob)).toBe(40);
    expect(bob.peer.frames.at(-1)?.tick).toBe(ann.peer.frames.at(-1)?.tick);
  });

  test("R17: numbers that are left out hold nobody up for long", async () => {
    const { clock, ann } = await setup();
    ann.player.input(1, { dx: 1 });
    expect(ann.player.input(2, { dx: 1000 })).toMatchObject({ code: "invalid" });
    ann.player.input(3, { dx: 1 });
    ann.player.input(1000, { dx: 1 });
    await clock.advance(8 * TICK);
    expect(movesOf(ann)).toBe(3);
    expect(ann.peer.newest?.ack).toBe(1000);
  });

  test("R18: bad inputs never travel, and are answered", async () => {
    const { clock, edge, ann } = await setup();
    edge.between.sent.length = 0;
    expect(ann.player.input(1, { dx: "much" })).toMatchObject({ code: "invalid" });
    expect(ann.player.input(2, null)).toMatchObject({ code: "invalid" });
    expect(ann.player.input(-3, { dx: 1 })).toMatchObject({ code: "bad_request" });
    await clock.advance(TICK);
    expect(batchesOf(edge).flatMap(({ inputs }) => inputs)).toEqual([]);
  });

  test("R18: nobody plays on a seat that its connection has lost", async () => {
    const { clock, nodes, edge, place, ann } = await setup();
    const again = await nodes.wait(edge.play(place, "ann"));
    expect(ann.ends).toEqual([{ why: "taken", reason: undefined }]);
    expect(ann.player.input(1, { dx: 1 })).toMatchObject({ code: "forbidden" });
    expect(again.player.seat).toBe(ann.player.seat);
    again.player.input(1, { dx: 1 });
    await clock.advance(3 * TICK);
    expect(movesOf(again)).toBe(1);
  });

  test("R18: what a node says of a seat that nobody has is nothing to the room", async () => {
    const { clock, nodes, edge, ann } = await setup();
    const reign = nodes.node(0).rooms.get("arena/1")?.reign ?? "";
    edge.mail.post("n0", {
      is: "batch",
      channel: "arena/1",
      reign,
      seen: [],
      requests: [],
      inputs: [[seatOf("eve"), 1, { dx: 1 }, undefined]],
    });
    await clock.advance(4 * TICK);
    expect(nodes.errors).toEqual([]);
    expect([...ann.peer.rows("players").keys()]).toEqual([ann.player.seat]);
  });

  test("R15: an acknowledgement of a player's making is none: what it saw is at most what it was sent", async () => {
    const { clock, edge, ann } = await setup();
    edge.between.sent.length = 0;
    const shown = ann.peer.tick ?? 0;
    ann.player.input(1, { dx: 1 }, 2 ** 40);
    ann.player.saw(2 ** 40);
    await clock.settle();
    const [batch] = batchesOf(edge);
    expect(batch?.inputs[0]?.[3]).toBe(shown);
    expect(batch?.seen).toEqual([[ann.player.seat, shown]]);
  });

  test("R16: after ten ticks without an acknowledgement it is read who reigns", async () => {
    const { clock, edge, ann } = await setup();
    edge.between.onSend = () => Promise.resolve();
    const { reads } = edge.between;
    ann.player.input(1, { dx: 1 });
    await clock.advance(8 * TICK);
    expect(edge.between.reads).toBe(reads);
    await clock.advance(6 * TICK);
    expect(edge.between.reads).toBe(reads + 1);
  });
});
