/** A node's part in rooms: what is asked of owners, and what becomes of rooms when a node stops. In virtual time. */
import { describe, expect, test } from "vitest";
import { stream } from "../../../src/server/index.js";
import { World } from "../support/engine.js";
import { gameOf, hooks, play, playersHere, roomsOf, seatOf, until } from "./support.js";

const channels = { "arena/:id": gameOf() };

/** Lets time pass until a promise is settled. */
async function waitFor<T>(world: World, promise: Promise<T>): Promise<T> {
  let done = false;
  const settled = promise.finally(() => (done = true));
  settled.catch(() => {});
  await until(world, () => done);
  return settled;
}

describe("a node", () => {
  test("R44: has a part in rooms only where there are some", () => {
    expect(new World({ "chat/:id": stream() }).engine.rooms).toBeUndefined();
    expect(new World(channels).engine.rooms).toBeDefined();
  });

  test("R44: asks the owner of a room, wherever that is, and is answered once", async () => {
    const world = new World(channels, { hooks });
    const beside = new World(channels, { hooks, beside: world });
    const ann = await play(world);
    const { seat } = ann.ok;
    for (const node of [world, beside]) {
      const rooms = roomsOf(node);
      const sent = rooms.ask("arena/1", { is: "reserve", seat: "somebody", ms: 500 });
      expect(await waitFor(world, sent)).toMatchObject({ code: "ok" });
      const unknown = rooms.ask("arena/1", { is: "unknown" });
      expect(await waitFor(world, unknown)).toMatchObject({ code: "bad_request" });
    }
    const kick = roomsOf(beside).ask("arena/1", {
      is: "leave",
      seat: String(seat),
      why: "kicked",
      client: undefined,
    });
    expect(await waitFor(world, kick)).toMatchObject({ code: "ok" });
    const ended = await until(world, () => ann.eventOf("unsubscribed"));
    expect(ended).toMatchObject({ code: "kicked" });
    expect(playersHere(world)).toBe(0);
  });

  test("R44: gets no answer from a room that nobody owns, unless it is to be woken", async () => {
    const world = new World(channels, { hooks });
    const rooms = roomsOf(world);
    const ask = { is: "reserve", seat: "somebody", ms: 500 } as const;
    expect(await waitFor(world, rooms.ask("arena/1", ask))).toBeUndefined();
    expect(rooms.rooms.load.rooms).toBe(0);
    const match = new Map([["mode", "ffa"]]);
    expect(await waitFor(world, rooms.ask("arena/1", ask, { wake: true, match }))).toMatchObject({
      code: "ok",
    });
    const ann = await play(world);
    await ann.sees({ mode: "ffa" });
  });

  test("R44: is told that a room has ended, and why", async () => {
    const world = new World(channels, { hooks });
    await play(world);
    const rooms = roomsOf(world);
    expect(await waitFor(world, rooms.ask("arena/1", { is: "close", reason: "over" }))).toMatchObject({
      code: "ok",
    });
    await world.clock.advance(500);
    for (const wake of [false, true]) {
      const asked = rooms.ask("arena/1", { is: "reserve", seat: "a", ms: 1 }, { wake });
      expect(await waitFor(world, asked)).toMatchObject({ code: "room_closed", reason: "over" });
    }
  });

  test("R44: gives up in time where its owner does not answer, and wakes the room elsewhere where it is to", async () => {
    const world = new World(channels, { hooks });
    const beside = new World(channels, { hooks, beside: world });
    await play(world);
    const [owner, other] =
      roomsOf(world).rooms.get("arena/1") === undefined ? [beside, world] : [world, beside];
    roomsOf(owner).close();
    const ask = { is: "reserve", seat: "a", ms: 1000 } as const;
    const began = world.clock.monotonic();
    expect(await waitFor(world, roomsOf(other).ask("arena/1", ask, { patience: 1200 }))).toBeUndefined();
    expect(world.clock.monotonic() - began).toBeLessThan(1500);
    const woken = roomsOf(other).ask("arena/1", ask, { wake: true, patience: 9000 });
    expect(await waitFor(world, woken)).toMatchObject({ code: "ok" });
    expect(roomsOf(other).rooms.get("arena/1")).toBeDefined();
  });

  test("R28: that drains hands its rooms over while their players play, wherever these are", async () => {
    const world = new World(channels, { hooks });
    const beside = new World(channels, { hooks, beside: world });
    const ann = await play(world, { token: "ann" });
    const bob = await play(beside, { token: "bob" });
    const [owner, other] =
      roomsOf(world).rooms.get("arena/1") === undefined ? [beside, world] : [world, beside];
    for (const player of [ann, bob]) player.input(5);
    await ann.sees({ x: 105 });
    await bob.sees({ x: 105 });
    const drained = owner.engine.drainRooms();
    await until(world, () => roomsOf(other).rooms.get("arena/1")?.reign);
    await waitFor(world, drained);
    expect(roomsOf(owner).rooms.load.rooms).toBe(0);
    for (const player of [ann, bob]) {
      const gap = await until(world, () => player.eventOf("gap"));
      expect(gap).toMatchObject({ until: 0, reason: "epoch" });
      player.input(5);
      await player.sees({ x: 110, moves: 2 });
      expect(player.eventOf("unsubscribed")).toBeUndefined();
    }
    expect(seatOf(other, ann.ok["seat"])).toEqual({ here: true });
  });

  test("R44: that closes says of its players that they are away", async () => {
    const world = new World(channels, { hooks });
    const beside = new World(channels, { hooks, beside: world });
    const ann = await play(world, { token: "ann" });
    const bob = await play(beside, { token: "bob" });
    const [owner, player] = roomsOf(world).rooms.get("arena/1") === undefined ? [beside, ann] : [world, bob];
    const other = owner === world ? beside : world;
    other.engine.close("over");
    await until(world, () => seatOf(owner, player.ok["seat"])?.here === false);
  });
});
