import { describe, expect, test } from "vitest";
import { seatIdOf } from "../../../src/server/kinds/room/replica/seat-id.js";
import { Game } from "./support/game.js";
import { CHANNEL, Nodes, seatOf, type TestNode } from "./support/nodes.js";

const TICK = 50;

/** A node that owns the room, and two that players are on. */
async function setup() {
  const nodes = new Nodes(Game, { count: 3 });
  const [one, other] = [nodes.node(1), nodes.node(2)];
  const place = await nodes.wait(one.open());
  const otherPlace = await nodes.wait(other.open());
  const seat = (name: string) => nodes.owner.rooms.get(CHANNEL)?.run.seats.get(seatOf(name))?.shown;
  return { nodes, clock: nodes.clock, one, other, place, otherPlace, seat };
}

/** Loses so many of the next texts that a node sends. */
function lose(node: TestNode, count: number): void {
  let left = count;
  node.between.onSend = (_to, _text, pass) => (left-- > 0 ? Promise.resolve() : pass());
}

describe("seats", () => {
  test("R19: the id of a seat goes by the room and the player, and tells no secret", () => {
    const ids = [
      seatIdOf("a/1", { user: "ann" }),
      seatIdOf("a/2", { user: "ann" }),
      seatIdOf("a/1", { user: "bob" }),
      seatIdOf("a/1", { secret: "ann" }),
    ];
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[\w-]{16}$/);
    expect(seatIdOf("a/1", { user: "ann" })).toBe(ids[0]);
  });

  test("R19: a player that is cut off keeps its seat for the grace, and comes back to it on any node", async () => {
    const { nodes, clock, one, other, place, otherPlace, seat } = await setup();
    const ann = await nodes.wait(one.play(place, "ann"));
    ann.player.input(1, { dx: 7 });
    await clock.advance(4 * TICK);
    ann.player.disconnect();
    await clock.advance(4 * TICK);
    expect(seat("ann")).toMatchObject({ here: false });
    await clock.advance(1000);
    const again = await nodes.wait(other.play(otherPlace, "ann", { had: true }));
    await clock.advance(4 * TICK);
    expect(seat("ann")).toMatchObject({ here: true });
    expect(again.peer.rows("players").get(again.player.seat)).toMatchObject({ x: 107, moves: 1 });
    expect(again.peer.newest?.ack).toBe(1);
    expect(ann.ends).toEqual([]);
  });

  test("R19: after the grace the seat is free", async () => {
    const { nodes, clock, one, place, seat } = await setup();
    const ann = await nodes.wait(one.play(place, "ann"));
    ann.player.disconnect();
    await clock.advance(3000);
    expect(seat("ann")).toBeUndefined();
  });

  test("R19: that a player is away comes to the owner though texts are lost", async () => {
    const { nodes, clock, one, place, seat } = await setup();
    const ann = await nodes.wait(one.play(place, "ann"));
    lose(one, 3);
    ann.player.disconnect();
    await clock.advance(2000);
    expect(seat("ann")).toMatchObject({ here: false });
  });

  test("R19: a place that is closed tells the owner that its players are away", async () => {
    const { nodes, clock, one, place, seat } = await setup();
    await nodes.wait(one.play(place, "ann"));
    await clock.advance(4 * TICK);
    place.close();
    await clock.advance(4 * TICK);
    expect(seat("ann")).toMatchObject({ here: false });
    await expect(nodes.wait(one.play(place, "bob"))).rejects.toMatchObject({ code: "unavailable" });
  });

  test("R20: joining again is the same seat, also where nobody heard the answer", async () => {
    const { nodes, clock, one, place } = await setup();
    lose(nodes.node(0), 4);
    const ann = await nodes.wait(one.play(place, "ann"));
    await clock.advance(4 * TICK);
    expect(ann.peer.rows("players").size).toBe(1);
    expect(nodes.owner.rooms.get(CHANNEL)?.run.seats.size).toBe(1);
  });

  test("R20: who gets no answer is told so after five seconds, and holds no seat", async () => {
    const { nodes, clock, one, place, seat } = await setup();
    await nodes.wait(one.play(place, "bob"));
    const ann = one.play(place, "ann");
    nodes.node(0).between.onSend = () => Promise.resolve();
    await expect(nodes.wait(ann)).rejects.toMatchObject({ code: "unavailable", retry: true });
    nodes.node(0).between.onSend = (_to, _text, pass) => pass();
    await clock.advance(1000);
    expect(seat("ann")).toMatchObject({ here: false });
  });

  test("R20: a full room says so, and when to come again", async () => {
    const { nodes, one, place } = await setup();
    for (const name of ["a", "b", "c", "d"]) await nodes.wait(one.play(place, name));
    await expect(nodes.wait(one.play(place, "e"))).rejects.toMatchObject({
      code: "room_full",
      retry: true,
      after: expect.any(Number),
    });
  });

  test("R20: who the room does not let in is told why, and what does not fit its schema never travels", async () => {
    const { nodes, one, place } = await setup();
    await expect(nodes.wait(one.play(place, "nobody"))).rejects.toMatchObject({
      code: "forbidden",
      message: "nobody is not let in",
    });
    one.between.sent.length = 0;
    await expect(nodes.wait(one.play(place, "ann", { join: { name: 7 } }))).rejects.toMatchObject({
      code: "invalid",
    });
    expect(one.between.sent).toEqual([]);
  });

  test("R20: a second connection takes the seat over, on any node, and the first one is told", async () => {
    const { nodes, clock, one, other, place, otherPlace, seat } = await setup();
    const first = await nodes.wait(one.play(place, "ann"));
    const second = await nodes.wait(one.play(place, "ann"));
    expect(first.ends).toEqual([{ why: "taken", reason: undefined }]);
    const third = await nodes.wait(other.play(otherPlace, "ann"));
    await clock.advance(4 * TICK);
    expect(second.ends).toEqual([{ why: "taken", reason: undefined }]);
    expect(third.ends).toEqual([]);
    // What the others say when they go is nothing to it.
    first.player.disconnect();
    second.player.disconnect();
    await clock.advance(1000);
    expect(seat("ann")).toMatchObject({ here: true });
    expect([place.players, otherPlace.players]).toEqual([0, 1]);
    const frames = second.peer.frames.length;
    await clock.advance(4 * TICK);
    expect(second.peer.frames).toHaveLength(frames);
    expect(third.peer.frames.length).toBeGreaterThan(4);
  });

  test("R20: who leaves has no seat any more, and may come again as somebody new", async () => {
    const { nodes, clock, one, place, seat } = await setup();
    const ann = await nodes.wait(one.play(place, "ann"));
    ann.player.input(1, { dx: 5 });
    await clock.advance(4 * TICK);
    const leaving = ann.player.leave();
    const coming = one.play(place, "ann");
    await nodes.wait(leaving);
    const again = await nodes.wait(coming);
    await clock.advance(4 * TICK);
    expect(seat("ann")).toMatchObject({ here: true });
    expect(ann.ends).toEqual([]);
    expect(again.ends).toEqual([]);
    expect(again.peer.rows("players").get(again.player.seat)).toMatchObject({ x: 100, moves: 0 });
    await nodes.wait(again.player.leave());
    expect(seat("ann")).toBeUndefined();
  });

  test("who is sent away is told", async () => {
    const { nodes, clock, one, other, place } = await setup();
    const ann = await nodes.wait(one.play(place, "ann"));
    const reign = nodes.owner.rooms.get(CHANNEL)?.reign ?? "";
    const ask = { is: "leave", seat: ann.player.seat, why: "kicked", client: undefined } as const;
    const requests = [{ id: "1", ask }];
    other.mail.post("n0", { is: "batch", channel: CHANNEL, reign, inputs: [], seen: [], requests });
    await clock.advance(6 * TICK);
    expect(ann.ends).toEqual([{ why: "kicked", reason: undefined }]);
    expect(place.players).toBe(0);
  });

  test("players of a room that ends see its last tick and are told why, and nobody joins it any more", async () => {
    const { nodes, clock, one, other, place } = await setup();
    const ann = await nodes.wait(one.play(place, "ann"));
    const reign = nodes.owner.rooms.get(CHANNEL)?.reign ?? "";
    const requests = [{ id: "1", ask: { is: "close", reason: "won by ann" } as const }];
    other.mail.post("n0", { is: "batch", channel: CHANNEL, reign, inputs: [], seen: [], requests });
    await clock.advance(1000);
    expect(ann.ends).toEqual([{ why: "closed", reason: "won by ann" }]);
    await expect(nodes.wait(one.play(place, "bob"))).rejects.toMatchObject({
      code: "room_closed",
      message: "the room has ended: won by ann",
    });
    const late = await nodes.wait(other.open());
    await expect(nodes.wait(other.play(late, "bob"))).rejects.toMatchObject({ code: "room_closed" });
  });

  test("where no node takes the room, who wants to join is told", async () => {
    const nodes = new Nodes(Game, { count: 1, owners: 0 });
    const place = await nodes.wait(nodes.node(0).open());
    await expect(nodes.wait(nodes.node(0).play(place, "ann"))).rejects.toMatchObject({ code: "unavailable" });
  });
});
