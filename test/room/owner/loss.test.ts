/** R8: what becomes of rooms when the broker fails over and has lost something. */
import { describe, expect, test } from "vitest";
import { sceneOf, type Scene } from "./support/scene.js";
import type { Player } from "./support/player.js";

const ROOM = "counter/1";

function sumOf(scene: Scene, seat: string): unknown {
  const owner = scene.cluster.ownerOf(ROOM);
  return owner.rooms.get(ROOM)?.run.state["players"]?.get(seat);
}

async function playing(scene: Scene): Promise<Player> {
  const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
  await scene.own(ROOM, a);
  const player = await scene.joined(b, ROOM, "ann");
  player.input(1);
  await scene.advance(300);
  return player;
}

describe("R8: with its owner alive, the owner's memory is the best copy of a room", () => {
  test("where the log still has its reign, players notice nothing, and the log is told all it has lost", async () => {
    const scene = sceneOf();
    const player = await playing(scene);
    const replica = scene.cluster.snapshot();
    const ben = await scene.joined(scene.cluster.node(0), ROOM, "ben");
    ben.input(20);
    await scene.advance(2500);
    const before = player.ticks.length;
    const { reign } = player;
    scene.cluster.failOver(replica);
    await scene.advance(1000);
    expect(player.reign).toBe(reign);
    const ticks = player.ticks.slice(before - 1).map(({ tick }) => tick);
    expect(ticks.every((tick, at) => at === 0 || tick === (ticks[at - 1] ?? 0) + 1)).toBe(true);
    expect(ticks.length).toBeGreaterThan(15);
    const log = await scene.cluster.logOf(ROOM);
    expect([...log.seats.keys()].sort()).toEqual(["ann", "ben"]);
    expect(log.reign).toMatchObject({ name: reign, epoch: log.epoch });
    expect(log.saved.at(-1)?.tick).toBeGreaterThanOrEqual(ticks[0] ?? 0);
    expect(sumOf(scene, "ben")).toMatchObject({ sum: 20 });
    scene.check(ROOM);
  });

  test("a seat that was given free in the lost time is not in the log again", async () => {
    const scene = sceneOf();
    const player = await playing(scene);
    await scene.joined(scene.cluster.node(0), ROOM, "ben");
    const replica = scene.cluster.snapshot();
    await scene.until(player.ask({ is: "leave", seat: "ben", why: "kicked", client: undefined }));
    await scene.advance(100);
    scene.cluster.failOver(replica);
    await scene.advance(500);
    expect([...(await scene.cluster.logOf(ROOM)).seats.keys()]).toEqual(["ann"]);
  });

  test("where the log has lost its reign, it reigns anew, and nothing of the room is lost", async () => {
    const scene = sceneOf();
    const nothing = scene.cluster.snapshot();
    const player = await playing(scene);
    player.input(41);
    await scene.advance(1500);
    const { reign } = player;
    scene.cluster.failOver(nothing);
    await scene.advance(1500);
    expect(scene.cluster.ownerOf(ROOM).name).toBe("a");
    expect(player.reign).not.toBe(reign);
    expect(sumOf(scene, "ann")).toEqual({ sum: 42, inputs: 2 });
    const log = await scene.cluster.logOf(ROOM);
    expect([...log.seats.keys()]).toEqual(["ann"]);
    player.input(1);
    await scene.advance(500);
    expect(sumOf(scene, "ann")).toEqual({ sum: 43, inputs: 3 });
    scene.check(ROOM);
  });

  test("where the log has come back to an owner of before, that one is known, and gone", async () => {
    const scene = sceneOf({ nodes: 3 });
    const player = await playing(scene);
    await scene.advance(1000);
    const replica = scene.cluster.snapshot();
    scene.cluster.kill(scene.cluster.node(0));
    await scene.untilSo(() => scene.cluster.ownersOf(ROOM).length === 1);
    const { name } = scene.cluster.ownerOf(ROOM);
    player.input(9);
    await scene.advance(600);
    expect(player.unacked).toBe(0);
    scene.cluster.failOver(replica);
    await scene.advance(3000);
    expect(scene.cluster.ownerOf(ROOM).name).toBe(name);
    expect(sumOf(scene, "ann")).toEqual({ sum: 10, inputs: 2 });
    scene.check(ROOM);
  });

  test("the time in which the broker is away is longer than a reign, as failovers are", async () => {
    const scene = sceneOf();
    const player = await playing(scene);
    await scene.advance(1000);
    const replica = scene.cluster.snapshot();
    player.input(100);
    await scene.advance(300);
    for (const { way } of scene.cluster.nodes) way.isCut = true;
    await scene.advance(8000);
    scene.cluster.failOver(replica);
    for (const { way } of scene.cluster.nodes) way.isCut = false;
    await scene.advance(6000);
    expect(sumOf(scene, "ann")).toEqual({ sum: 101, inputs: 2 });
    expect(player.ticks.at(-1)?.reign).toBe(scene.cluster.ownerOf(ROOM).rooms.get(ROOM)?.reign);
    scene.check(ROOM);
  });
});

test("R4, R8: an owner that others have gone on without does not bring its memory back", async () => {
  const scene = sceneOf({ nodes: 3 });
  const [a, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
  await scene.own(ROOM, a);
  const player = await scene.joined(c, ROOM, "ann");
  player.input(1);
  await scene.advance(1500);
  a.way.isCut = true;
  const second = (): typeof b | undefined => [b, c].find(({ rooms }) => rooms.get(ROOM)?.reign !== undefined);
  await scene.untilSo(() => second() !== undefined);
  player.input(10);
  await scene.advance(1500);
  expect(player.unacked).toBe(0);
  // The next one goes, too, and its reign is over before the first is back.
  const gone = second();
  if (gone !== undefined) scene.cluster.kill(gone);
  await scene.advance(1100);
  a.way.isCut = false;
  await scene.advance(1000);
  if (gone === c) await scene.own(ROOM, a);
  else await scene.untilSo(() => scene.cluster.ownersOf(ROOM).length === 1);
  expect(sumOf(scene, "ann")).toEqual({ sum: 11, inputs: 2 });
  scene.check(ROOM);
});

describe("R8: where the owner is gone as well", () => {
  test("seats that nodes know are honoured, above the number there may be, and before newcomers", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
    await scene.own(ROOM, a);
    const nothing = scene.cluster.snapshot();
    const olds = [];
    for (const seat of ["ann", "ben", "cid", "dan"]) olds.push(await scene.joined(b, ROOM, seat));
    await scene.advance(1000);
    scene.cluster.kill(a);
    scene.cluster.failOver(nothing);
    const news = [await scene.player(c, ROOM, "eve"), await scene.player(c, ROOM, "fay")];
    await scene.untilSo(() => scene.cluster.ownersOf(ROOM).length === 1);
    const owned = scene.cluster.ownerOf(ROOM);
    // Newcomers are there first.
    const asked = news.map((player) => {
      player.meet(owned.name, owned.rooms.get(ROOM)?.reign ?? "");
      return player.join();
    });
    await scene.advance(4000);
    const owner = scene.cluster.ownerOf(ROOM).rooms.get(ROOM);
    expect([...(owner?.run.seats.keys() ?? [])].sort()).toEqual(["ann", "ben", "cid", "dan"]);
    expect((await Promise.all(asked)).map(({ code }) => code)).toEqual(["room_full", "room_full"]);
    expect([...(await scene.cluster.logOf(ROOM)).seats.keys()].sort()).toEqual(["ann", "ben", "cid", "dan"]);
    scene.check(ROOM);
  });
});
