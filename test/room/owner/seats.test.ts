/** What the owner makes of what nodes ask: seats, their connections, and requests that come twice. */
import { describe, expect, test } from "vitest";
import { Desk } from "../../../src/server/kinds/room/owner/desk.js";
import { REST_MS, TOLD_MS, openDesk } from "../../../src/server/kinds/room/owner/open-desk.js";
import { Run } from "../../../src/server/kinds/room/run/run.js";
import { VirtualClock } from "../../../src/testing/virtual-clock.js";
import { Counter } from "./support/rooms.js";
import { sceneOf } from "./support/scene.js";

const ROOM = "counter/1";

describe("R19, R20: a seat has one connection", () => {
  test("the second one takes it over, on whichever node, and the first is told", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
    await scene.own(ROOM, a);
    const first = await scene.joined(b, ROOM, "ann");
    const second = await scene.joined(c, ROOM, "ann");
    await scene.advance(50);
    expect(first.lost).toEqual([first.client]);
    expect(second.lost).toEqual([]);
    // What the first says of its end counts no more.
    await scene.until(first.ask({ is: "away", seat: "ann", client: first.client }));
    await scene.advance(100);
    expect(a.rooms.get(ROOM)?.run.seats.get("ann")?.shown.here).toBe(true);
    await scene.until(second.ask({ is: "away", seat: "ann", client: second.client }));
    await scene.advance(100);
    expect(a.rooms.get(ROOM)?.run.seats.get("ann")?.shown.here).toBe(false);
    expect(a.rooms.get(ROOM)?.run.state["players"]?.get("ann")).toBeDefined();
  });

  test("R19: who only says again that it is here takes no seat from a connection that came later", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
    await scene.own(ROOM, a);
    const first = await scene.joined(b, ROOM, "ann");
    const second = await scene.joined(c, ROOM, "ann");
    await scene.advance(50);
    const here = { is: "here", seat: "ann", client: first.client, from: undefined } as const;
    const answer = await scene.until(first.ask(here));
    expect(answer.code).toBe("refused");
    // Once more, since the first letter may have been lost.
    expect(first.lost).toEqual([first.client, first.client]);
    expect(second.lost).toEqual([]);
    scene.check(ROOM);
  });

  test("R19: one that gives it up to a new owner, which does not know who has it, waits for whoever has come since", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
    await scene.own(ROOM, a);
    const first = await scene.joined(b, ROOM, "ann");
    await scene.joined(c, ROOM, "ann");
    first.stop();
    await scene.advance(1100);
    scene.cluster.kill(a);
    await scene.untilSo(() => scene.cluster.ownersOf(ROOM).length > 0);
    const { name, rooms } = scene.cluster.ownerOf(ROOM);
    const room = rooms.get(ROOM);
    // It was asked of the owner before, and is asked again.
    const ask = { is: "leave", seat: "ann", why: "left", client: first.client } as const;
    const about = { channel: ROOM, reign: room?.reign ?? "", inputs: [], seen: [] };
    b.mail.post(name, { is: "batch", ...about, requests: [{ id: "once more", ask }] });
    await scene.advance(2 * TOLD_MS);
    expect([...(room?.run.seats.keys() ?? [])]).toEqual(["ann"]);
  });

  test("dropped it is kept for its grace, and then given free, also in the log", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    await scene.until(ann.ask({ is: "away", seat: "ann", client: ann.client }));
    await scene.advance(1900);
    expect(a.rooms.get(ROOM)?.run.seats.size).toBe(1);
    await scene.advance(300);
    expect(a.rooms.get(ROOM)?.run.seats.size).toBe(0);
    expect((await scene.cluster.logOf(ROOM)).seats.size).toBe(0);
    expect(ann.messages.flatMap(({ went }) => went)).toEqual([{ seat: "ann", why: "away" }]);
  });

  test("with a node that is gone, its players' connections end", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
    await scene.own(ROOM, a);
    await scene.joined(b, ROOM, "ann");
    await scene.joined(c, ROOM, "ben");
    scene.cluster.kill(b);
    await scene.advance(9000);
    expect(a.rooms.get(ROOM)?.run.seats.has("ben")).toBe(true);
    await scene.advance(5000);
    expect([...(a.rooms.get(ROOM)?.run.seats.keys() ?? [])]).toEqual(["ben"]);
  });

  test("after a takeover, players whom no node tells of are away", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
    await scene.own(ROOM, a);
    await scene.joined(a, ROOM, "ann");
    await scene.joined(b, ROOM, "ben");
    scene.cluster.kill(a);
    await scene.untilSo(() => scene.cluster.ownersOf(ROOM).length === 1);
    await scene.advance(TOLD_MS + 200);
    const seats = scene.cluster.ownerOf(ROOM).rooms.get(ROOM)?.run.seats;
    expect(seats?.get("ann")?.shown.here).toBe(false);
    expect(seats?.get("ben")?.shown.here).toBe(true);
    expect([b, c]).toContain(scene.cluster.ownerOf(ROOM));
    scene.check(ROOM);
  });

  test("they are counted in one place: of six at once four are in, and two are told that it is full", async () => {
    const scene = sceneOf({ nodes: 3 });
    await scene.own(ROOM);
    const players = [];
    for (let i = 0; i < 6; i++) players.push(await scene.player(scene.cluster.node(i % 3), ROOM, `p${i}`));
    const codes = (await scene.until(Promise.all(players.map((player) => player.join())))).map(
      ({ code }) => code,
    );
    expect(codes.filter((code) => code === "ok")).toHaveLength(4);
    expect(codes.filter((code) => code === "room_full")).toHaveLength(2);
    scene.check(ROOM);
  });

  test("a place that is reserved is kept for who it is for", async () => {
    const scene = sceneOf({ nodes: 2 });
    await scene.own(ROOM);
    const node = scene.cluster.node(1);
    const first = await scene.joined(node, ROOM, "p0");
    for (const seat of ["p1", "p2"]) await scene.joined(node, ROOM, seat);
    expect((await scene.until(first.ask({ is: "reserve", seat: "vip", ms: 1000 }))).code).toBe("ok");
    const late = await scene.player(node, ROOM, "p3");
    expect((await scene.until(late.join())).code).toBe("room_full");
    const vip = await scene.player(node, ROOM, "vip");
    expect((await scene.until(vip.join())).code).toBe("ok");
  });
});

describe("requests", () => {
  test("that come again are answered again, and carried out once", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    let isMute = true;
    // Its answers are lost for a while.
    a.way.late = (command) => (isMute && command === "send" ? 5000 : 0);
    const under = ann.reign ?? "";
    const sent = ann.ask({ is: "send", event: "said", json: '{"n":1}', to: undefined, under });
    await scene.advance(1000);
    isMute = false;
    expect((await scene.until(sent)).code).toBe("ok");
    await scene.advance(200);
    expect(ann.messages.flatMap(({ sends }) => sends)).toEqual([
      { event: "said", json: '{"n":1}', to: undefined },
    ]);
  });

  test("of the application's events are not done under another reign, which nobody can tell", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    const answers: string[] = [];
    b.mail.listen((item) => item.is === "answer" && item.id === "late" && answers.push(item.code));
    const ask = { is: "send", event: "said", json: '{"n":1}', to: undefined, under: "another-" } as const;
    b.mail.post("a", {
      is: "batch",
      channel: ROOM,
      reign: ann.reign ?? "",
      inputs: [],
      seen: [],
      requests: [{ id: "late", ask }],
    });
    await scene.advance(200);
    expect(answers).toEqual(["room_moved"]);
    expect(ann.messages.flatMap(({ sends }) => sends)).toEqual([]);
  });

  test("to a node that does not own the room are told so", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const moved: unknown[] = [];
    b.mail.listen((item) => item.is === "moved" && moved.push(item.reign));
    const batch = { is: "batch", channel: ROOM, inputs: [], seen: [], requests: [] } as const;
    b.mail.post("b", { ...batch, reign: "whatever" });
    b.mail.post("a", { ...batch, reign: "whatever" });
    await scene.advance(20);
    expect(moved).toEqual([undefined, a.rooms.get(ROOM)?.reign]);
  });

  test("for a seat that nobody has do nothing, whatever they say", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    b.mail.post("a", {
      is: "batch",
      channel: ROOM,
      reign: ann.reign ?? "",
      inputs: [["nobody", 1, 5, undefined]],
      seen: [["nobody", 4]],
      requests: [
        { id: "x1", ask: { is: "away", seat: "nobody", client: "c" } },
        { id: "x2", ask: { is: "leave", seat: "nobody", why: "left", client: "c" } },
        { id: "x3", ask: { is: "here", seat: "nobody", client: "c", from: 5 } },
      ],
    });
    await scene.advance(200);
    expect([...(a.rooms.get(ROOM)?.run.seats.keys() ?? [])]).toEqual(["ann"]);
    scene.check(ROOM);
  });
});

describe("what is told", () => {
  test("adds up to the room, from a keyframe on, through stalls and lost messages", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    for (let i = 0; i < 30; i++) {
      ann.input(i);
      if (i % 7 === 3) a.way.isMute = !a.way.isMute;
      if (i === 20) a.process.pause();
      await scene.advance(90);
      if (i === 24) a.process.resume();
    }
    a.way.isMute = false;
    await scene.untilSo(() => ann.unacked === 0);
    await scene.advance(500);
    const owner = scene.cluster.ownerOf(ROOM).rooms.get(ROOM);
    const tick = ann.replica.tick;
    expect(tick).toBeGreaterThan(20);
    expect([...(ann.replica.stores[0]?.at(tick) ?? [])]).toEqual([...(owner?.run.stores[0]?.at(tick) ?? [])]);
    scene.check(ROOM);
  });

  test("says how many ticks were left out after a stall, and makes up for five", async () => {
    const scene = sceneOf({ options: { times: { ttl: 10_000, margin: 500 } } });
    const a = scene.cluster.node(0);
    await scene.own(ROOM, a);
    await scene.advance(500);
    const before = a.rooms.get(ROOM)?.run.tick ?? 0;
    a.process.pause();
    await scene.advance(1000);
    a.process.resume();
    await scene.advance(40);
    const stalled = scene.ticksTold(ROOM).find(({ skipped }) => skipped > 0);
    expect(stalled?.skipped).toBeGreaterThanOrEqual(14);
    expect(stalled?.tick).toBe(before + 5);
    expect(stalled?.prev).toBe(before);
  });
});

const UNUSED = { onCheckpoint() {}, onVouch() {}, onStuck() {}, report: () => undefined };

test("R8: newcomers who wait for those who may have lost a seat are let in, though that reign has ended", async () => {
  const clock = new VirtualClock();
  const run = new Run(Counter.def, { seed: 1, about: { name: ROOM, match: {} } });
  const desk = new Desk({ channel: ROOM, mail: { post() {} }, onKeyframe() {}, onEntering() {}, ...UNUSED });
  openDesk(desk, clock, { run, isKept: false, isAfterLoss: true, entering: [] })();
  const join = {
    is: "join",
    seat: "ann",
    client: "c",
    user: null,
    join: null,
    had: false,
    from: undefined,
  } as const;
  const about = { is: "batch", channel: ROOM, reign: "reign---", inputs: [], seen: [] } as const;
  desk.takeIn({ ...about, requests: [{ id: "one", ask: join }] }, "b", "reign---", run);
  expect(desk.take().entered).toEqual([]);
  openDesk(desk, clock, { run, isKept: true, isAfterLoss: false, entering: [] });
  await clock.advance(REST_MS);
  expect(desk.take().entered.map(({ is }) => is)).toEqual(["join"]);
});
