/** What operators and the application do with a room. */
import * as z from "zod";
import { describe, expect, test } from "vitest";
import { table, u16 } from "../../../src/room/columns.js";
import { room as shapeOf } from "../../../src/room/shape.js";
import { gameOf, hasHeard, until, type Playing } from "../rooms/support.js";
import { changed } from "../app-state/support.js";
import { ROOM, operated } from "./support.js";

const endOf = (playing: Playing) => playing.eventOf("unsubscribed");

describe("send", () => {
  test("A91: tells all who are there, or one seat", async () => {
    const { world, room, after, play, look } = operated();
    const [ann, bob] = [await play("ann"), await play("bob")];
    const cid = await look();
    await world.clock.advance(200);
    await after(room().send("moved", { by: "the server" }, String(ann.ok["seat"])));
    await until(world, () => hasHeard(ann.peer, "moved"));
    await world.clock.advance(200);
    expect([bob.peer, cid].map((peer) => hasHeard(peer, "moved"))).toEqual([false, false]);
    await after(room().send("moved", { by: "the server" }));
    await until(world, () => hasHeard(bob.peer, "moved") && hasHeard(cid, "moved"));
  });

  test("A91: of what cannot be told it says why", async () => {
    const { room, after, play } = operated();
    await play("ann");
    await expect(after(room().send("won", {}))).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("there are: moved") as string,
    });
    await expect(after(room().send("moved", { by: 7 }))).rejects.toMatchObject({
      code: "invalid",
      issues: [{ path: ["by"] }],
    });
    await expect(after(room().send("moved", { by: "x".repeat(70_000) }))).rejects.toMatchObject({
      code: "too_large",
    });
    await expect(after(room().send("moved", { by: "x" }, "nobody"))).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("no such seat") as string,
    });
    await expect(after(room("arena/never").send("moved", { by: "x" }))).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("nobody has made it") as string,
    });
  });

  test("A91: where nobody knows whether it was told, its outcome is unknown", async () => {
    const one = operated();
    await one.play("ann");
    let isCut = false;
    const other = operated(
      { "arena/:id": gameOf() },
      {
        beside: one.world,
        broker: (broker) =>
          changed(broker, { send: (node, text) => (isCut ? Promise.resolve() : broker.send(node, text)) }),
      },
    );
    isCut = true;
    await expect(other.after(other.room().send("moved", { by: "x" }))).rejects.toMatchObject({
      code: "outcome_unknown",
      retry: false,
    });
  });
});

describe("kick", () => {
  test("A92: its player is told, with the reason, and may come again", async () => {
    const { world, room, after, play } = operated();
    const [ann, bob] = [await play("ann"), await play("bob")];
    await after(room().kick(String(ann.ok["seat"]), "be nice"));
    await until(world, () => endOf(ann));
    expect(endOf(ann)).toMatchObject({ code: "kicked", message: "be nice" });
    expect((await after(room().info())).seats.map(({ id }) => id)).toEqual([bob.ok["seat"]]);
    expect(endOf(bob)).toBeUndefined();
    await after(room().kick(String(bob.ok["seat"])));
    await until(world, () => endOf(bob));
    expect(endOf(bob)).toMatchObject({ code: "kicked", message: expect.stringContaining("sent") as string });
    expect((await play("ann")).ok).toMatchObject({ seat: ann.ok["seat"] });
  });

  test("A92: a seat that nobody has, and a reason that is none, are said so", async () => {
    const { room, after, play } = operated();
    await play("ann");
    await expect(after(room().kick("nobody"))).rejects.toMatchObject({ code: "not_found" });
    for (const reason of ["", "x".repeat(257)])
      await expect(after(room().kick("nobody", reason))).rejects.toMatchObject({ code: "bad_request" });
    await expect(after(room("arena/never").kick("nobody"))).rejects.toMatchObject({ code: "not_found" });
  });

  test("A92: takes up a room whose server is gone", async () => {
    const one = operated();
    const ann = await one.play("ann");
    const other = operated({ "arena/:id": gameOf() }, { beside: one.world });
    one.world.engine.rooms?.rooms.close();
    await one.world.broker.close();
    await other.after(other.room().kick(String(ann.ok["seat"])));
    const { seats, status, owner } = await other.after(other.room().info());
    expect([status, seats, owner?.n]).toEqual(["running", [], 2]);
  });
});

describe("close", () => {
  test("A93: ends it for good, and tells all who are there why", async () => {
    const { world, room, after, play, look } = operated();
    const ann = await play("ann");
    const cid = await look();
    await after(room().close("the server is sold"));
    await until(world, () => endOf(ann));
    expect(endOf(ann)).toMatchObject({ code: "room_closed" });
    await until(world, () => cid.events.some(({ event }) => event === "unsubscribed"));
    // Again it is what it was.
    await after(room().close("another reason"));
    expect((await after(room().info())).reason).toBe("the server is sold");
    for (const deed of [
      () => room().kick("x"),
      () => room().send("moved", { by: "x" }),
      () => room().checkpoint(),
    ])
      await expect(after(deed())).rejects.toMatchObject({
        code: "room_closed",
        message: expect.stringContaining("the server is sold") as string,
      });
    const { ok } = await play("bob");
    expect(ok["error"]).toMatchObject({ code: "room_closed" });
  });

  test("A93: ends one that nobody runs, and none of its code runs for it", async () => {
    let ticks = 0;
    const Counting = shapeOf({ state: { rows: table({ n: u16 }) } }).code({ tick: () => void ticks++ });
    const { world, room, after, play } = operated({ "arena/:id": Counting });
    const ann = await play("ann");
    await ann.peer.ask({ unsubscribe: ROOM });
    await world.clock.advance(40_000);
    const before = ticks;
    expect(before).toBeGreaterThan(0);
    await after(room().close());
    expect(ticks).toBe(before);
    expect(await after(room().info())).toMatchObject({ status: "closed", reason: "closed" });
    await expect(after(room("arena/never").close())).rejects.toMatchObject({ code: "not_found" });
  });

  test("A93: ends one whose server is gone, when that reigns no more", async () => {
    const one = operated();
    await one.play("ann");
    const other = operated({ "arena/:id": gameOf() }, { beside: one.world });
    one.world.engine.rooms?.rooms.close();
    await one.world.broker.close();
    await other.after(other.room().close("gone"));
    expect(await other.after(other.room().info())).toMatchObject({ status: "closed", reason: "gone" });
    expect(other.rooms.stats.owned).toBe(0);
  });
});

describe("checkpoint", () => {
  test("A94: is in the log when it resolves; a room that is stopped is saved already", async () => {
    const { world, room, after, play } = operated();
    const ann = await play("ann");
    ann.input(5);
    await ann.sees({ x: 105 });
    await after(room().checkpoint());
    // Its process ends, without a word, and another one goes on with what was saved.
    const other = operated({ "arena/:id": gameOf() }, { beside: world });
    world.engine.rooms?.rooms.close();
    await world.broker.close();
    const again = await other.play("ann");
    await again.sees({ x: 105, moves: 1 });
    await again.peer.ask({ unsubscribe: ROOM });
    await other.world.clock.advance(40_000);
    await other.after(other.room().checkpoint());
    expect(other.rooms.stats.owned).toBe(0);
    await expect(other.after(other.room("arena/never").checkpoint())).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

describe("revive", () => {
  test("A94: a room that was closed because its code failed goes on where it was saved", async () => {
    let isBroken = false;
    const shape = shapeOf({ input: z.number(), checkpoint: "500ms", state: { rows: table({ n: u16 }) } });
    const Failing = shape.code({
      create: (r) => void r.state.rows.set("a", { n: 0 }),
      input: (r, _seat, n) => void r.state.rows.set("a", { n }),
      tick: () => {
        if (isBroken) throw new Error("a bug");
      },
    });
    const { world, room, after, play } = operated({ "arena/:id": Failing });
    const ann = await play("ann");
    ann.peer.send([ann.ch, 1, 7]);
    await world.clock.advance(1000);
    isBroken = true;
    await until(world, () => endOf(ann));
    expect(endOf(ann)).toMatchObject({ code: "room_closed" });
    expect(await after(room().info())).toMatchObject({ status: "closed", reason: "crashed" });
    isBroken = false;
    await after(room().revive());
    expect(await after(room().info())).toMatchObject({ status: "stopped", short: 0 });
    const bob = await play("bob");
    expect(bob.ok["error"]).toBeUndefined();
    expect(world.engine.rooms?.rooms.get(ROOM)?.run.state["rows"]?.get("a")).toEqual({ n: 7 });
    // One that runs, and is sound, is left as it is.
    await after(room().revive());
    expect(await after(room().info())).toMatchObject({ status: "running" });
  });

  test("A94: lifts no other end, and makes no room", async () => {
    const { room, after, play } = operated();
    await play("ann");
    await after(room().close("over"));
    await expect(after(room().revive())).rejects.toMatchObject({
      code: "room_closed",
      message: expect.stringContaining("over") as string,
    });
    await expect(after(room("arena/never").revive())).rejects.toMatchObject({ code: "not_found" });
  });
});
