/** Asking a room's owner from anywhere, whoever that is. */
import { describe, expect, onTestFinished, test } from "vitest";
import { OwnerAsks, type AskOptions } from "../../../src/server/kinds/room/owner-asks.js";
import type { Ask } from "../../../src/server/kinds/room/asks.js";
import { closeStopped } from "../../../src/server/kinds/room/owner/close-stopped.js";
import { fork } from "../../../src/testing/sim/fork.js";
import { TIMES, type TestNode } from "./support/cluster.js";
import { sceneOf } from "./support/scene.js";

const ROOM = "counter/1";
const INFO: Ask = { is: "info" };

function setup(nodes = 3) {
  const scene = sceneOf({ nodes });
  const askerOf = ({ way, mail, rooms, process, name }: TestNode): OwnerAsks => {
    const random = fork(7, name);
    const asks = new OwnerAsks({ broker: way.broker, clock: process.clock, random, mail, rooms });
    onTestFinished(() => asks.close());
    return asks;
  };
  const asks = askerOf(scene.cluster.node(nodes - 1));
  const ask = (what: Ask | ((reign: string) => Ask), options?: AskOptions) =>
    scene.until(asks.ask(ROOM, what, options));
  return { scene, cluster: scene.cluster, asks, ask, askerOf, last: scene.cluster.node(nodes - 1) };
}

const said = (n: number) => (under: string) =>
  ({ is: "send", event: "said", json: `{"n":${n}}`, to: undefined, under }) as const;

describe("whoever owns the room", () => {
  test("A90: answers, on this node or another one, also after a takeover", async () => {
    const { scene, cluster, ask } = setup();
    const [a, b] = [cluster.node(0), cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.joined(b, ROOM, "ann");
    expect(await ask(INFO)).toMatchObject({ is: "answered", answer: { info: { node: "a", n: 1 } } });
    cluster.kill(a);
    expect(await ask(INFO, { patience: 10_000 })).toMatchObject({
      is: "answered",
      answer: { info: { n: 2 } },
    });
    await scene.until(cluster.ownerOf(ROOM).rooms.drain());
    expect(await ask(INFO)).toMatchObject({ is: "answered", answer: { info: { n: 3 } } });
    scene.check(ROOM);
  });

  test("A90: one that nobody has made is none, and asking makes none", async () => {
    const { cluster, ask } = setup();
    for (const wake of [false, true]) expect(await ask(INFO, { wake })).toEqual({ is: "none" });
    expect(cluster.ownersOf(ROOM)).toEqual([]);
  });

  test("A90: one that is stopped is woken only where that is wanted", async () => {
    const { scene, cluster, ask } = setup(1);
    const a = cluster.node(0);
    await scene.own(ROOM, a);
    await scene.advance(31_000);
    expect(cluster.ownersOf(ROOM)).toEqual([]);
    expect(await ask(INFO)).toMatchObject({
      is: "stopped",
      status: { reign: { node: "a", released: true } },
    });
    expect(await ask(INFO, { wake: true })).toMatchObject({ is: "answered", answer: { info: { n: 2 } } });
  });

  test("A90: one whose owner is gone is woken when the reign is over, and is silent until then", async () => {
    const { scene, cluster, ask } = setup(2);
    const a = cluster.node(0);
    await scene.own(ROOM, a);
    await scene.advance(1200);
    cluster.kill(a);
    expect(await ask(INFO, { patience: 900 })).toMatchObject({
      is: "silent",
      status: { reign: { node: "a" } },
    });
    expect(await ask(INFO, { wake: true, patience: 10_000 })).toMatchObject({
      is: "answered",
      answer: { info: { node: "b", n: 2 } },
    });
  });

  test("A90: one whose owner has dropped it, and says so, is stopped", async () => {
    const { scene, cluster, ask } = setup(2);
    const a = cluster.node(0);
    await scene.own(ROOM, a);
    a.rooms.get(ROOM)?.drop();
    a.rooms.close();
    // Its mail is read by nobody any more, as by a node that has begun anew under the same name.
    a.mail.listen((item, from) => {
      if (item.is === "batch") a.mail.post(from, { is: "moved", channel: ROOM, reign: undefined });
    });
    expect(await ask(INFO)).toMatchObject({ is: "stopped" });
    expect(await ask(INFO, { wake: true, patience: 10_000 })).toMatchObject({ is: "answered" });
  });

  test("A93: one that has ended says why", async () => {
    const { scene, cluster, ask } = setup();
    await scene.own(ROOM, cluster.node(0));
    expect(await ask({ is: "close", reason: "enough" })).toMatchObject({
      is: "answered",
      answer: { code: "ok" },
    });
    expect(await ask(INFO, { wake: true })).toEqual({ is: "closed", reason: "enough" });
  });

  test("a broker that does not answer is told of", async () => {
    const { scene, cluster, ask, last } = setup();
    await scene.own(ROOM, cluster.node(0));
    last.way.isCut = true;
    await expect(ask(INFO)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("an event", () => {
  test("A91: is told once, however often it is sent", async () => {
    const { scene, cluster, ask, last } = setup();
    await scene.own(ROOM, cluster.node(0));
    const ann = await scene.joined(cluster.node(1), ROOM, "ann");
    // It does not hear the first answers.
    last.way.isDeaf = true;
    cluster.clock.setTimeout(() => (last.way.isDeaf = false), 1200);
    expect(await ask(said(1))).toMatchObject({ is: "answered", answer: { code: "ok" } });
    await scene.advance(200);
    expect(ann.messages.flatMap(({ sends }) => sends)).toEqual([{ event: "said", json: '{"n":1}' }]);
  });

  test("A91: goes to the next owner where the first one has not told it", async () => {
    const { scene, cluster, ask } = setup();
    const a = cluster.node(0);
    await scene.own(ROOM, a);
    const ann = await scene.joined(cluster.node(1), ROOM, "ann");
    const drained = a.rooms.drain();
    expect(await ask(said(2))).toMatchObject({ is: "answered", answer: { code: "ok" } });
    await scene.until(drained);
    await scene.advance(200);
    expect(ann.messages.flatMap(({ sends }) => sends)).toEqual([{ event: "said", json: '{"n":2}' }]);
  });

  test("A91: is not sent again to another owner where the first one may have told it", async () => {
    const { scene, cluster, asks } = setup();
    const a = cluster.node(0);
    await scene.own(ROOM, a);
    const ann = await scene.joined(cluster.node(1), ROOM, "ann");
    a.way.isMute = true;
    const asked = asks.ask(ROOM, said(3), { patience: 10_000 });
    await scene.advance(100);
    cluster.kill(a);
    expect(await scene.until(asked)).toMatchObject({ is: "silent" });
    await scene.advance(2000);
    expect(ann.messages.flatMap(({ sends }) => sends)).toEqual([]);
    expect(cluster.ownersOf(ROOM)).toHaveLength(1);
  });
});

describe("a room that nobody runs", () => {
  const close = (node: TestNode) =>
    closeStopped({ broker: node.way.broker, random: fork(9, "close"), ttl: TIMES.ttl }, ROOM, "old");

  test("A93: is ended in its log, and nobody can take it any more", async () => {
    const { scene, cluster } = setup(2);
    const [a, b] = [cluster.node(0), cluster.node(1)];
    expect(await scene.until(close(b))).toBe("none");
    await scene.own(ROOM, a);
    expect(await scene.until(close(b))).toBe("held");
    expect(cluster.ownerOf(ROOM)).toBe(a);
    await scene.advance(31_000);
    expect(await scene.until(close(b))).toBe("closed");
    expect(await scene.until(b.rooms.place(ROOM))).toMatchObject({ refused: "room_closed", reason: "old" });
    const { closed, saved, seats } = await cluster.logOf(ROOM);
    expect([closed?.reason, saved, seats.size]).toEqual(["old", [], 0]);
    expect(await scene.until(close(a))).toBe("closed");
    scene.check(ROOM);
  });

  test("A93: is ended also where its owner comes back later", async () => {
    const { scene, cluster } = setup(2);
    const [a, b] = [cluster.node(0), cluster.node(1)];
    await scene.own(ROOM, a);
    a.process.pause();
    await scene.advance(1500);
    expect(await scene.until(close(b))).toBe("closed");
    a.process.resume();
    await scene.advance(2000);
    expect(cluster.ownersOf(ROOM)).toEqual([]);
    expect((await cluster.logOf(ROOM)).closed?.reason).toBe("old");
    scene.check(ROOM);
  });
});
