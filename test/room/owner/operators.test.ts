/** What operators ask of a room's owner. */
import { describe, expect, test } from "vitest";
import { sceneOf, type Scene } from "./support/scene.js";
import type { Player } from "./support/player.js";

const ROOM = "counter/1";

/** A room on the first of two nodes, with a player on the second one. */
async function setup(room = ROOM) {
  const scene = sceneOf({ nodes: 2 });
  const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
  await scene.own(room, a);
  const ann = await scene.joined(b, room, "ann");
  return { scene, a, b, ann };
}

const kick = (scene: Scene, by: Player, seat: string, reason?: string) =>
  scene.until(by.ask({ is: "kick", seat, reason }));

describe("info", () => {
  test("A90: says who runs the room, its tick, and who has a seat, with or without a connection", async () => {
    const { scene, a, b, ann } = await setup();
    const ben = await scene.joined(b, ROOM, "ben");
    await scene.until(ben.ask({ is: "away", seat: "ben", client: ben.client }));
    await scene.until(ben.ask({ is: "reserve", seat: "cid", ms: 5000 }));
    await scene.advance(100);
    const { code, info } = await scene.until(ann.ask({ is: "info" }));
    expect(code).toBe("ok");
    expect(info).toMatchObject({
      node: "a",
      reign: a.rooms.get(ROOM)?.reign,
      n: 1,
      seats: [
        { id: "ann", user: { id: "ann" }, here: true },
        { id: "ben", user: { id: "ben" }, here: false },
      ],
      reserved: 1,
      short: 0,
      ticksLate: 0,
    });
    expect(info?.tick).toBeGreaterThan(2);
    scene.check(ROOM);
  });

  test("A90: an owner that stands still says nothing, and is asked again", async () => {
    const { scene, a, ann } = await setup();
    a.way.isCut = true;
    await scene.advance(1500);
    expect(a.rooms.get(ROOM)?.reign).toBeUndefined();
    expect(a.rooms.get(ROOM)?.report).toBeUndefined();
    a.way.isCut = false;
    const { info } = await scene.until(ann.ask({ is: "info" }));
    expect(info?.n).toBe(2);
    scene.check(ROOM);
  });

  test("A90: counts ticks that are late", async () => {
    const { scene, a, ann } = await setup();
    a.process.pause();
    await scene.advance(330);
    a.process.resume();
    await scene.advance(100);
    const { info } = await scene.until(ann.ask({ is: "info" }));
    // Six were due: five were made, of which the last was in time, and one was left out.
    expect(info?.ticksLate).toBeGreaterThanOrEqual(4);
    expect(a.rooms.stats).toMatchObject({ owned: 1, players: 1, takeovers: 0 });
    expect(a.rooms.stats.ticksLate).toBe(info?.ticksLate);
    expect(a.rooms.stats.ticks).toBeGreaterThan(5);
    scene.check(ROOM);
  });
});

describe("kick", () => {
  test.each([ROOM, "auction/1"])(
    "A92: gives the seat free, in the log too, and says why: %s",
    async (room) => {
      const { scene, b, ann } = await setup(room);
      const ben = await scene.joined(b, room, "ben");
      expect((await kick(scene, ben, "ann", "be nice")).code).toBe("ok");
      expect([...(await scene.cluster.logOf(room)).seats.keys()]).toEqual(["ben"]);
      await scene.advance(100);
      const went = ben.messages.flatMap((message) => message.went);
      expect(went).toEqual([{ seat: "ann", why: "kicked", reason: "be nice" }]);
      // It may come again.
      expect((await scene.until(ann.join())).code).toBe("ok");
      scene.check(room);
    },
  );

  test("A92: of a seat that nobody has is refused, and so is the second one", async () => {
    const { scene, b } = await setup();
    const ben = await scene.joined(b, ROOM, "ben");
    expect(await kick(scene, ben, "nobody", "gone")).toMatchObject({
      code: "refused",
      reason: "no such seat is taken",
    });
    expect((await kick(scene, ben, "ann")).code).toBe("ok");
    expect((await kick(scene, ben, "ann")).code).toBe("refused");
    await scene.advance(100);
    // The reason of one that came to nothing is nobody's.
    expect(ben.messages.flatMap(({ went }) => went)).toEqual([{ seat: "ann", why: "kicked" }]);
  });

  test("A92: is answered when it is in the log, and not before", async () => {
    const { scene, a, b } = await setup();
    const ben = await scene.joined(b, ROOM, "ben");
    a.way.late = (command) => (command === "change" ? 300 : 0);
    let isAnswered = false;
    const kicked = ben.ask({ is: "kick", seat: "ann", reason: undefined }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await scene.advance(200);
    expect(a.rooms.get(ROOM)?.run.seats.has("ann")).toBe(false);
    expect(isAnswered).toBe(false);
    expect((await scene.until(kicked)).code).toBe("ok");
    expect((await scene.cluster.logOf(ROOM)).seats.has("ann")).toBe(false);
  });
});

describe("checkpoint", () => {
  test.each(["counter/1", "ledger/1", "auction/1"])(
    "A94: is answered when it is in the log: %s",
    async (room) => {
      const { scene, a, ann } = await setup(room);
      ann.input(5);
      await scene.advance(300);
      const tick = a.rooms.get(room)?.run.tick ?? 0;
      expect((await scene.until(ann.ask({ is: "checkpoint" }))).code).toBe("ok");
      const { saved } = await scene.cluster.logOf(room);
      expect(saved.at(-1)?.tick).toBeGreaterThanOrEqual(tick);
      scene.check(room);
    },
  );

  test("A94: however often it is asked for between two ticks, it is written once", async () => {
    const { scene, a, ann } = await setup("auction/1");
    ann.input(5);
    await scene.advance(100);
    const before = scene.cluster.journal.of("auction/1").length;
    const answers = await scene.until(
      Promise.all(Array.from({ length: 20 }, () => ann.ask({ is: "checkpoint" }))),
    );
    expect(answers.map(({ code }) => code)).toEqual(answers.map(() => "ok"));
    expect(scene.cluster.journal.of("auction/1").length - before).toBe(1);
    expect(a.rooms.get("auction/1")?.reign).toBeDefined();
  });

  test("A94: of a room that is too large is refused", async () => {
    const scene = sceneOf({ nodes: 1 });
    const a = scene.cluster.node(0);
    await scene.own("big/1", a);
    const ann = await scene.player(a, "big/1", "ann");
    expect(await scene.until(ann.ask({ is: "checkpoint" }))).toMatchObject({ code: "refused" });
  });
});

test("A90: an owner of an older version answers what it does not know", async () => {
  const { scene, ann } = await setup();
  expect(await scene.until(ann.ask({ is: "unknown" }))).toMatchObject({
    code: "bad_request",
    reason: "this server does not know what is asked",
  });
});

test("A98: a room whose owner had not let go of it is a takeover, and one that was handed over is none", async () => {
  const { scene, a, b } = await setup();
  await scene.until(a.rooms.drain());
  await scene.untilSo(() => b.rooms.get(ROOM) !== undefined);
  expect(b.rooms.stats.takeovers).toBe(0);
  const c = scene.cluster.add();
  const ben = await scene.joined(c, ROOM, "ben");
  scene.cluster.kill(b);
  await scene.untilSo(() => c.rooms.get(ROOM) !== undefined);
  expect(c.rooms.stats).toMatchObject({ owned: 1, takeovers: 1 });
  ben.stop();
});
