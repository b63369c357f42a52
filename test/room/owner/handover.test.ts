/** How rooms are let go of in good order, and how they end. */
import { describe, expect, test } from "vitest";
import { IDLE_MS } from "../../../src/server/kinds/room/owner/idle-watch.js";
import { sceneOf } from "./support/scene.js";

const ROOM = "counter/1";

describe("R28: a node that drains hands its rooms over", () => {
  test("in less than two ticks, and nothing is lost", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const player = await scene.joined(b, ROOM, "ann");
    player.input(5);
    await scene.advance(730);
    const before = scene.ticksTold(ROOM).at(-1);
    await scene.until(a.rooms.drain());
    await scene.advance(1000);
    const after = scene.ticksTold(ROOM, "b")[0];
    expect((after?.at ?? Infinity) - (before?.at ?? 0)).toBeLessThan(150);
    expect(after?.prev).toBe(scene.ticksTold(ROOM, "a").at(-1)?.tick);
    expect(scene.cluster.ownerOf(ROOM)).toBe(b);
    expect(player.replica.stores[0]?.at(player.replica.tick)?.get("ann")).toEqual({ sum: 5, inputs: 1 });
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({ n: 2, node: "b", short: 0 });
    scene.check(ROOM);
  });

  test("the log names the next one before it is free", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.advance(100);
    b.way.late = (command) => (command === "take" ? 500 : 0);
    await scene.until(a.rooms.drain());
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({ node: "a", released: true, next: "b" });
    expect(a.rooms.get(ROOM)).toBeUndefined();
    await scene.untilSo(() => b.rooms.get(ROOM) !== undefined);
    scene.check(ROOM);
  });

  test.each(["auction/1", "ledger/1"])("what is being written is waited for: %s", async (room) => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(room, a);
    const player = await scene.joined(b, room, "ann");
    a.way.late = (command) => (command === "change" ? 200 : 0);
    player.input(7);
    await scene.advance(150);
    await scene.until(a.rooms.drain());
    await scene.untilSo(() => player.unacked === 0);
    await scene.advance(300);
    expect(scene.cluster.ownerOf(room)).toBe(b);
    const row = player.replica.stores[0]?.at(player.replica.tick)?.get(room === "auction/1" ? "top" : "ann");
    expect(row).toMatchObject(room === "auction/1" ? { amount: 7 } : { n: 7 });
    scene.check(room);
  });

  test("all of them, and it takes no more; where nobody else is there, they are saved and free", async () => {
    const scene = sceneOf({ nodes: 1 });
    const a = scene.cluster.node(0);
    const rooms = Array.from({ length: 40 }, (_, i) => `counter/${i}`);
    for (const room of rooms) await scene.own(room, a);
    await scene.advance(500);
    await scene.until(a.rooms.drain());
    expect(a.rooms.load.rooms).toBe(0);
    for (const room of rooms) {
      const { reign, saved } = await scene.cluster.logOf(room);
      expect(reign?.released).toBe(true);
      expect(saved.at(-1)?.tick).toBeGreaterThan(5);
    }
    expect(await scene.until(a.rooms.place(ROOM, {}))).toMatchObject({ owner: undefined });
    const b = scene.cluster.add();
    await scene.own(ROOM, b);
    scene.check(...rooms);
  });

  test("what was asked of it and did not happen is answered: ask the next one", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const player = await scene.player(b, ROOM, "ann");
    await scene.untilSo(() => player.reign !== undefined);
    a.way.late = (command) => (command === "change" ? 100 : 0);
    const drained = a.rooms.drain();
    await scene.advance(20);
    const joined = player.join();
    await scene.until(drained);
    expect((await scene.until(joined)).code).toBe("ok");
    expect(b.rooms.get(ROOM)?.run.seats.has("ann")).toBe(true);
    scene.check(ROOM);
  });
});

describe("R29: a room that nobody is in", () => {
  test("is saved and let go of after 30 s, and the next join takes it up again", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    await scene.advance(IDLE_MS + 1000);
    expect(scene.cluster.ownersOf(ROOM)).toHaveLength(1);
    ann.stop();
    await scene.until(Promise.resolve());
    const ben = await scene.joined(b, ROOM, "ben");
    await scene.until(ben.ask({ is: "leave", seat: "ann", why: "left", client: undefined }));
    await scene.until(ben.ask({ is: "leave", seat: "ben", why: "left", client: undefined }));
    ben.stop();
    await scene.advance(IDLE_MS - 1000);
    expect(scene.cluster.ownersOf(ROOM)).toHaveLength(1);
    await scene.advance(2000);
    expect(scene.cluster.ownersOf(ROOM)).toHaveLength(0);
    const { reign, saved } = await scene.cluster.logOf(ROOM);
    expect(reign).toMatchObject({ released: true, n: 1 });
    const stopped = saved.at(-1)?.tick ?? 0;
    await scene.advance(60_000);
    const cid = await scene.joined(b, ROOM, "cid");
    expect(cid.ticks[0]?.tick).toBeGreaterThanOrEqual(stopped);
    expect(cid.ticks[0]?.tick).toBeLessThan(stopped + 20);
    scene.check(ROOM);
  });
});

describe("a room that has ended", () => {
  test("stays so: it is in the log before anybody is told, and later joins are told why", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    let wasInLog: boolean | undefined;
    a.rooms.watch((_, signal) => {
      if (signal.is === "tick" && signal.closed !== undefined)
        void scene.cluster.logOf(ROOM).then(({ closed }) => (wasInLog = closed?.reason === "over"));
    });
    ann.input(668);
    await scene.advance(1000);
    expect(wasInLog).toBe(true);
    expect(ann.messages.at(-1)?.closed).toBe("over");
    expect(a.rooms.get(ROOM)).toBeUndefined();
    expect(await scene.until(b.rooms.place(ROOM, {}))).toMatchObject({
      refused: "room_closed",
      reason: "over",
    });
    const log = await scene.cluster.logOf(ROOM);
    expect([...log.slots].sort()).toEqual(["closed", "reign"]);
    scene.check(ROOM);
  });

  test("is ended by the application in the same way, which is answered then", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    const answer = await scene.until(ann.ask({ is: "close", reason: "enough" }));
    expect(answer).toMatchObject({ code: "ok", reason: "enough" });
    expect((await scene.cluster.logOf(ROOM)).closed?.reason).toBe("enough");
    scene.check(ROOM);
  });

  test("is not ended where that did not get into the log: it goes on with whoever takes it", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    await scene.advance(1200);
    a.way.late = (command) => (command === "change" ? 10_000 : 0);
    ann.input(668);
    await scene.advance(100);
    ann.stop();
    scene.cluster.kill(a);
    await scene.until(b.rooms.place(ROOM, { was: ann.reign ?? "" }));
    await scene.advance(300);
    expect(scene.cluster.ownersOf(ROOM)).toHaveLength(1);
    expect((await scene.cluster.logOf(ROOM)).closed).toBeUndefined();
    expect(ann.messages.some(({ closed }) => closed !== undefined)).toBe(false);
    scene.check(ROOM);
  });
});
