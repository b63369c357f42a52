/** What is kept of rooms whose owner dies: checkpoints, seats, and with `keep: "inputs"` everything that anybody has seen. */
import { describe, expect, test } from "vitest";
import { sceneOf, type Scene } from "./support/scene.js";
import type { Player } from "./support/player.js";

const COUNTER = "counter/1";
const AUCTION = "auction/1";
const LEDGER = "ledger/1";

function rowOf(player: Player, table: number, key: string): unknown {
  return player.replica.stores[table]?.at(player.replica.tick)?.get(key);
}

/** Ends the owner, and waits for the next. */
async function failOver(scene: Scene, channel: string): Promise<void> {
  const owner = scene.cluster.ownerOf(channel);
  scene.cluster.kill(owner);
  await scene.untilSo(() => scene.cluster.ownersOf(channel).length === 1);
}

describe("R11: a room goes on from its newest checkpoint", () => {
  test("which is made every so often, and when a hook asks for it", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(COUNTER, a);
    const player = await scene.joined(b, COUNTER, "ann");
    await scene.advance(2500);
    const { saved } = await scene.cluster.logOf(COUNTER);
    expect(saved).toHaveLength(1);
    expect(saved[0]?.tick).toBeGreaterThanOrEqual((player.ticks.at(-1)?.tick ?? 0) - 21);
    player.input(667);
    await scene.untilSo(() => player.unacked === 0);
    await scene.advance(10);
    await failOver(scene, COUNTER);
    await scene.advance(500);
    expect(rowOf(player, 0, "ann")).toEqual({ sum: 667, inputs: 1 });
    scene.check(COUNTER);
  });

  test("R14: no input is taken twice in it, however often it is sent", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(COUNTER, a);
    const player = await scene.joined(b, COUNTER, "ann");
    a.way.latency = 70;
    for (let i = 0; i < 30; i++) {
      player.input(1);
      await scene.advance(60);
    }
    await scene.untilSo(() => player.unacked === 0);
    await scene.advance(1500);
    expect(rowOf(player, 0, "ann")).toEqual({ sum: 30, inputs: 30 });
    scene.check(COUNTER);
  });
});

describe("R12: a seat that was granted is never lost", () => {
  test.each([COUNTER, AUCTION])("though the owner dies in the moment of its answer: %s", async (room) => {
    const scene = sceneOf({ nodes: 3 });
    await scene.own(room, scene.cluster.node(0));
    const player = await scene.joined(scene.cluster.node(1), room, "ann");
    await failOver(scene, room);
    expect([...(await scene.cluster.logOf(room)).seats.keys()]).toEqual(["ann"]);
    await scene.advance(1000);
    const owner = scene.cluster.ownerOf(room).rooms.get(room);
    expect(owner?.run.seats.get("ann")?.shown.here).toBe(true);
    expect(player.answers.filter(({ code }) => code !== "ok")).toEqual([]);
    scene.check(room);
  });

  test("its answer waits for the log, and so does that of whoever asks again meanwhile", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(COUNTER, a);
    const player = await scene.player(b, COUNTER, "ann");
    await scene.untilSo(() => player.reign !== undefined);
    a.way.late = (command) => (command === "change" ? 300 : 0);
    const [first, second] = [player.join(), player.join()];
    await scene.advance(250);
    expect(player.answers).toEqual([]);
    expect(player.messages.some(({ came }) => came.length > 0)).toBe(true);
    expect((await scene.until(Promise.all([first, second]))).map(({ code }) => code)).toEqual(["ok", "ok"]);
    expect((await scene.cluster.logOf(COUNTER)).seats.has("ann")).toBe(true);
  });

  test("one that was given free after the checkpoint is not taken again, and the room hears of both", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(COUNTER, a);
    const ann = await scene.joined(b, COUNTER, "ann");
    await scene.joined(b, COUNTER, "ben");
    ann.input(667);
    await scene.advance(200);
    await scene.until(ann.ask({ is: "leave", seat: "ben", why: "left", client: undefined }));
    await scene.joined(b, COUNTER, "cid");
    await failOver(scene, COUNTER);
    await scene.advance(500);
    const { run } = scene.cluster.ownerOf(COUNTER).rooms.get(COUNTER) ?? {};
    expect([...(run?.seats.keys() ?? [])].sort()).toEqual(["ann", "cid"]);
    expect([...(run?.state["players"]?.keys() ?? [])].sort()).toEqual(["ann", "cid"]);
    scene.check(COUNTER);
  });
});

describe('R13: with keep: "inputs", what anybody has seen is in the log before', () => {
  test("each tick that is told can be made again from the log as it is then", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(LEDGER, a);
    const player = await scene.joined(b, LEDGER, "ann");
    const faults: string[] = [];
    const reads: Promise<void>[] = [];
    a.rooms.watch((_, signal) => {
      if (signal.is !== "tick") return;
      const read = scene.cluster.logOf(LEDGER).then(({ inputs, saved, shown }) => {
        const last = Math.max(saved.at(-1)?.tick ?? 0, inputs.at(-1)?.tick ?? 0, shown);
        if (last < signal.tick) faults.push(`tick ${signal.tick} was told, and the log ends at ${last}`);
      });
      reads.push(read);
    });
    for (let i = 0; i < 40; i++) {
      player.input(i % 5);
      await scene.advance(37);
    }
    await Promise.all(reads);
    expect(faults).toEqual([]);
    expect(reads.length).toBeGreaterThan(10);
    scene.check(LEDGER);
  });

  test("no acknowledged input is lost, and none is done twice: the coins are all there", async () => {
    const scene = sceneOf({ nodes: 4 });
    await scene.own(LEDGER, scene.cluster.node(0));
    const last = scene.cluster.node(3);
    const [ann, ben] = [await scene.joined(last, LEDGER, "ann"), await scene.joined(last, LEDGER, "ben")];
    let [forAnn, forBen] = [0, 0];
    for (let kill = 0; kill < 2; kill++) {
      for (let i = 0; i < 25; i++) {
        ann.input(3);
        ben.input(1);
        forAnn += 3;
        forBen += 1;
        await scene.advance(90);
      }
      const owner = scene.cluster.ownerOf(LEDGER);
      if (owner === last) break;
      await failOver(scene, LEDGER);
      await scene.advance(1000);
    }
    await scene.untilSo(() => ann.unacked === 0 && ben.unacked === 0);
    await scene.advance(500);
    expect(rowOf(ann, 0, "ann")).toEqual({ n: forAnn });
    expect(rowOf(ann, 0, "ben")).toEqual({ n: forBen });
    expect(rowOf(ann, 0, "bank")).toEqual({ n: 1000 - forAnn - forBen });
    scene.check(LEDGER);
  });

  test("ticks in which nothing enters are not taken back either", async () => {
    const scene = sceneOf({ nodes: 3 });
    await scene.own(LEDGER, scene.cluster.node(0));
    const player = await scene.joined(scene.cluster.node(1), LEDGER, "ann");
    await scene.advance(750);
    const seen = rowOf(player, 1, "c") as { readonly ticks: number };
    const before = player.ticks.at(-1)?.tick ?? 0;
    await failOver(scene, LEDGER);
    await scene.advance(1000);
    expect(player.ticks.every(({ tick }, at) => at === 0 || tick >= (player.ticks[at - 1]?.tick ?? 0))).toBe(
      true,
    );
    expect(player.ticks.at(-1)?.tick).toBeGreaterThan(before);
    expect((rowOf(player, 1, "c") as { readonly ticks: number }).ticks).toBeGreaterThanOrEqual(seen.ticks);
    scene.check(LEDGER);
  });

  test("the last bid stands: a room without ticks, whose owner dies behind it", async () => {
    const scene = sceneOf({ nodes: 3 });
    await scene.own(AUCTION, scene.cluster.node(0));
    const ann = await scene.joined(scene.cluster.node(1), AUCTION, "ann");
    const ben = await scene.joined(scene.cluster.node(2), AUCTION, "ben");
    ann.input(100);
    ben.input(200);
    await scene.untilSo(() => ben.unacked === 0 && ann.unacked === 0);
    await failOver(scene, AUCTION);
    await scene.advance(2000);
    const player = scene.cluster.nodes.includes(ben.node) ? ben : ann;
    expect(rowOf(player, 0, "top")).toEqual({ by: "ben", amount: 200 });
    scene.check(AUCTION);
  });

  test("while it is unknown whether an input is in the log, its room stands still, and then goes on", async () => {
    const scene = sceneOf({ nodes: 2, options: { times: { ttl: 10_000, margin: 500 } } });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(AUCTION, a);
    const ann = await scene.joined(b, AUCTION, "ann");
    let isLost = true;
    a.way.losesAnswer = (command) => isLost && command === "change";
    ann.input(100);
    await scene.advance(2000);
    expect(ann.unacked).toBe(1);
    ann.input(150);
    isLost = false;
    await scene.untilSo(() => ann.unacked === 0);
    await scene.advance(100);
    expect(rowOf(ann, 0, "top")).toEqual({ by: "ann", amount: 150 });
    const entries = scene.cluster.journal.of(AUCTION).flatMap(({ slots }) => slots);
    expect(new Set(entries.filter((slot) => slot.startsWith("in/"))).size).toBe(
      entries.filter((slot) => slot.startsWith("in/")).length,
    );
    scene.check(AUCTION);
  });

  test("a checkpoint takes the place of what it stands for, and some of that is kept for replays", async () => {
    const scene = sceneOf();
    await scene.own(LEDGER);
    const player = await scene.joined(scene.cluster.node(1), LEDGER, "ann");
    for (let i = 0; i < 80; i++) {
      player.input(1);
      await scene.advance(100);
    }
    const { inputs, saved } = await scene.cluster.logOf(LEDGER);
    const oldest = saved[0]?.tick ?? 0;
    const newest = saved.at(-1)?.tick ?? 0;
    expect(newest - oldest).toBeGreaterThanOrEqual(30);
    expect(newest - oldest).toBeLessThanOrEqual(75);
    expect(inputs.every(({ tick }) => tick > oldest)).toBe(true);
    expect(inputs.filter(({ tick }) => tick <= newest).length).toBeGreaterThanOrEqual(25);
  });

  test("a room without ticks is saved some time after its last step", async () => {
    const scene = sceneOf();
    await scene.own(AUCTION);
    const player = await scene.joined(scene.cluster.node(1), AUCTION, "ann");
    player.input(5);
    await scene.advance(1000);
    expect((await scene.cluster.logOf(AUCTION)).saved).toEqual([]);
    await scene.advance(5000);
    const log = await scene.cluster.logOf(AUCTION);
    expect(log.saved).toHaveLength(1);
    expect(log.inputs).toEqual([]);
  });
});

test("R11: a room that is too large to be saved goes on, and the operator is told", async () => {
  const scene = sceneOf();
  const a = scene.cluster.node(0);
  await scene.own("big/1", a);
  await scene.joined(scene.cluster.node(1), "big/1", "ann");
  await scene.advance(4000);
  const said = a.said.filter(({ level }) => level === "error");
  expect(said.length).toBeGreaterThan(0);
  expect(said[0]).toMatchObject({ fields: { room: "big/1" } });
  expect(said[0]?.message).toContain("too large to be saved");
  expect(a.rooms.get("big/1")?.run.tick).toBeGreaterThan(30);
  expect((await scene.cluster.logOf("big/1")).saved).toEqual([]);
  scene.check("big/1");
});
