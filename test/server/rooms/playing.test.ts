/** Rooms on the wire, without sockets: subscribing, playing, and how that ends. */
import { describe, expect, test } from "vitest";
import { shapeName } from "../../../src/room/shape-name.js";
import { seatIdOf } from "../../../src/server/kinds/room/replica/seat-id.js";
import { World } from "../support/engine.js";
import {
  ask,
  gameOf,
  hasHeard,
  hooks,
  play,
  playersHere,
  roomsOf,
  seatOf,
  SECRET,
  shape,
  until,
} from "./support.js";

const worldOf = (): World => new World({ "arena/:id": gameOf() }, { hooks });

describe("who joins a room", () => {
  test("R32: is told its seat, the reign, the rate and the name of the shape, and sees itself", async () => {
    const world = worldOf();
    const ann = await play(world, { token: "ann", kind: "room" });
    const reign = roomsOf(world).rooms.get("arena/1")?.reign;
    expect(ann.ok).toEqual({
      ch: expect.any(Number) as number,
      kind: "room",
      cursor: `${reign}:0`,
      seat: seatIdOf("arena/1", { user: "ann" }),
      last: 0,
      rate: 20,
      shape: shapeName(shape),
    });
    await ann.sees({ x: 100, name: "ann" });
    expect(ann.eventOf("gap")).toBeUndefined();
  });

  test("R33: has the seat of its user, whatever secret it shows, or else that of its secret", async () => {
    const world = worldOf();
    const ann = await play(world, { token: "ann", secret: "another-secret-of-ann" });
    const bob = await play(world, { join: { name: "bob" } });
    expect(ann.ok["seat"]).toBe(seatIdOf("arena/1", { user: "ann" }));
    expect(bob.ok["seat"]).toBe(seatIdOf("arena/1", { secret: SECRET }));
    // A secret that reads as a user's id makes another seat.
    const forged = await play(world, { secret: "ann-ann-ann-ann-ann" });
    expect(forged.ok["seat"]).not.toBe(ann.ok["seat"]);
  });

  test("R34: moves by inputs, which are acknowledged in frames", async () => {
    const world = worldOf();
    const ann = await play(world);
    for (let i = 0; i < 3; i++) ann.input(5);
    await ann.sees({ x: 115, moves: 3 });
    expect(ann.newest?.ack).toBe(3);
    ann.input(10);
    await until(world, () => hasHeard(ann.peer, "moved"));
  });

  test("R34: over several connections and channels, each in its own", async () => {
    const world = worldOf();
    const one = await play(world, { token: "ann" });
    const other = await play(world, { token: "ann", on: one.peer }, "arena/2");
    one.input(1);
    other.input(7);
    other.input(7);
    await one.sees({ x: 101 });
    await other.sees({ x: 114 });
  });

  test("R35: gives its seat up by unsubscribing, and is answered when the room knows", async () => {
    const world = worldOf();
    const ann = await play(world);
    await ann.sees({ x: 100 });
    expect(await ask(world, ann.peer, { unsubscribe: "arena/1" })).toEqual({});
    expect(seatOf(world, ann.ok["seat"])).toBeUndefined();
    expect(playersHere(world)).toBe(0);
    expect(ann.eventOf("unsubscribed")).toBeUndefined();
    const again = await play(world, { on: ann.peer });
    await again.sees({ x: 100, moves: 0 });
  });

  test("R19: keeps its seat when its connection ends, with a goodbye too, and goes on with its numbers", async () => {
    const world = worldOf();
    const ann = await play(world);
    for (let i = 0; i < 3; i++) ann.input(5);
    await ann.sees({ moves: 3 });
    ann.peer.connection.transportClosed("goodbye", true);
    await until(world, () => seatOf(world, ann.ok["seat"])?.here === false);
    const again = await play(world, { had: true });
    expect(again.ok).toMatchObject({ seat: ann.ok["seat"], last: 3 });
    await again.sees({ x: 115, moves: 3 });
    expect(seatOf(world, ann.ok["seat"])?.here).toBe(true);
  });

  test("R19: loses it when nobody comes back within the grace", async () => {
    const world = worldOf();
    const ann = await play(world);
    const bob = await play(world, { token: "bob", join: { name: "bob" } });
    ann.peer.connection.transportClosed("gone", false);
    await until(world, () => bob.rows.length === 2);
    await world.clock.advance(2500);
    expect(bob.rows).toHaveLength(1);
    const again = await play(world, { had: true });
    expect(again.ok).toMatchObject({ seat: ann.ok["seat"], last: 0 });
  });

  test("R36: is told that another connection has its seat, and what it still sends is passed over", async () => {
    const world = worldOf();
    const ann = await play(world, { token: "ann" });
    const again = await play(world, { token: "ann" });
    const ended = await until(world, () => ann.eventOf("unsubscribed"));
    expect(ended).toMatchObject({
      code: "seat_taken",
      message: expect.stringContaining("another connection"),
    });
    const frames = ann.peer.lines.length;
    ann.input(5);
    await world.clock.advance(200);
    expect(ann.peer.closed).toEqual([]);
    expect(ann.peer.lines).toHaveLength(frames);
    again.input(3);
    await again.sees({ x: 103, moves: 1 });
    // The room is free for it to be subscribed to again: it looks on.
    expect(await ask(world, ann.peer, { subscribe: "arena/1" })).toMatchObject({ kind: "room" });
  });

  test("R20: is told to come again where all seats are taken", async () => {
    const world = worldOf();
    for (const token of ["a", "b", "c"]) await play(world, { token });
    const late = await play(world, { token: "d" });
    expect(late.ok["error"]).toMatchObject({
      code: "room_full",
      retry: true,
      after: expect.any(Number) as number,
    });
    expect(playersHere(world)).toBe(3);
  });

  test("R37: hears that the room has ended, and so do those who look on; nobody gets in any more", async () => {
    const world = worldOf();
    const ann = await play(world);
    const eve = await world.connect();
    const { ch } = await ask(world, eve, { subscribe: "arena/1" });
    ann.input(-10);
    const ended = await until(world, () => ann.eventOf("unsubscribed"));
    expect(ended).toMatchObject({ code: "room_closed", message: "somebody went too far" });
    await until(world, () =>
      eve.events.find((event) => event["ch"] === ch && event["code"] === "room_closed"),
    );
    const late = await play(world, { token: "late" });
    expect(late.ok["error"]).toMatchObject({ code: "room_closed", retry: false });
    expect(await ask(world, eve, { subscribe: "arena/1" })).toMatchObject({ error: { code: "room_closed" } });
  });
});

describe("who looks on", () => {
  test("R38: sees the room without a seat, and makes none", async () => {
    const world = worldOf();
    const eve = await world.connect();
    const early = await ask(world, eve, { subscribe: "arena/1", budget: 4000 });
    expect(early).toEqual({
      ch: expect.any(Number) as number,
      kind: "room",
      rate: 20,
      shape: shapeName(shape),
    });
    await world.clock.advance(1000);
    expect(roomsOf(world).rooms.load.rooms).toBe(0);
    const ann = await play(world);
    // Told of no reign before, it is told of the first one now.
    const gap = await until(world, () => eve.events.find(({ event }) => event === "gap"));
    expect(gap).toMatchObject({ until: 0, epoch: String(ann.ok["cursor"]).split(":")[0], reason: "epoch" });
    await until(world, () => eve.lines.some((line) => Array.isArray(line)));
  });

  test("R38: begins with the reign that there is", async () => {
    const world = worldOf();
    const ann = await play(world);
    const eve = await world.connect();
    const ok = await ask(world, eve, { subscribe: "arena/1" });
    expect(ok).toMatchObject({ cursor: ann.ok["cursor"] });
    expect(ok).not.toHaveProperty("seat");
    await until(world, () => eve.lines.some((line) => Array.isArray(line)));
    expect(eve.events).toEqual([]);
    expect(await ask(world, eve, { unsubscribe: "arena/1" })).toEqual({});
  });
});

describe("a room in a connect command", () => {
  test("R32: is joined with it", async () => {
    const world = worldOf();
    const peer = world.dial();
    peer.send({ id: 1, connect: { secret: SECRET, subs: { "arena/1": { join: { name: "ann" } } } } });
    const answer = await until(world, () => {
      const ok = peer.answer(1);
      return "subs" in ok ? (ok["subs"] as Record<string, object>)["arena/1"] : undefined;
    });
    expect(answer).toMatchObject({ kind: "room", seat: seatIdOf("arena/1", { secret: SECRET }) });
  });
});

describe("what the room was made for", () => {
  test("R39: is what its first player was matched by; what it did not say is nothing", async () => {
    const world = worldOf();
    const ann = await play(world, { match: { mode: "ffa" } });
    await ann.sees({ mode: "ffa" });
    const bob = await play(world, { token: "bob" }, "arena/2");
    await bob.sees({ mode: "" });
    const strange = await play(world, { token: "cay", match: { level: "9" } }, "arena/3");
    expect(strange.ok["error"]).toMatchObject({
      code: "bad_request",
      message: '"arena/3" is matched by mode, map, not by "level"',
    });
  });
});
