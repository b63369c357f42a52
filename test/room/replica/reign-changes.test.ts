import { describe, expect, test } from "vitest";
import { decodeLetter, type LetterItem } from "../../../src/server/kinds/room/messages.js";
import { encodeSignal, reignOf, type RoomSignal } from "../../../src/server/kinds/room/tick-message.js";
import { Game } from "./support/game.js";
import { CHANNEL, Nodes, seatOf, type TestNode } from "./support/nodes.js";
import type { Signal } from "../../../src/broker/index.js";

const TICK = 50;

function lettersOf(node: TestNode, is: LetterItem["is"]): LetterItem[] {
  return node.between.sent.flatMap(({ text }) =>
    (decodeLetter(text)?.items ?? []).filter((item) => item.is === is),
  );
}

function keyframesAsked(node: TestNode): number {
  return lettersOf(node, "batch")
    .flatMap((item) => (item.is === "batch" ? item.requests : []))
    .filter(({ ask }) => ask.is === "keyframe").length;
}

function tickOf(signals: readonly Signal[]): string | undefined {
  const data = signals[0]?.data;
  return typeof data === "object" ? reignOf(data) : undefined;
}

/** Two nodes that may own the room, and one with its players. */
async function setup() {
  const nodes = new Nodes(Game, { count: 3, owners: 2 });
  const edge = nodes.node(2);
  const place = await nodes.wait(edge.open());
  const ann = await nodes.wait(edge.play(place, "ann"));
  await nodes.clock.advance(6 * TICK);
  return { nodes, clock: nodes.clock, edge, place, ann };
}

describe("R23: ticks that are missing", () => {
  test("are made up for by one keyframe, while players keep what they saw", async () => {
    const { clock, edge, ann, nodes } = await setup();
    let lost = 0;
    edge.between.onSignals = (signals, pass) => (lost++ === 0 ? undefined : pass(signals));
    edge.between.sent.length = 0;
    const before = ann.peer.tick ?? 0;
    await clock.advance(5 * TICK);
    expect(keyframesAsked(edge)).toBe(1);
    expect(ann.peer.tick).toBe(before + 5);
    expect(ann.peer.frames.map(({ tick }) => tick)).not.toContain(before + 1);
    expect(nodes.errors).toEqual([]);
  });

  test("are asked for again after 250 ms, one keyframe at a time", async () => {
    const { clock, edge, nodes, ann } = await setup();
    const owner = nodes.owner;
    owner.between.onSend = () => Promise.resolve();
    let lost = 0;
    edge.between.onSignals = (signals, pass) => (lost++ === 0 ? undefined : pass(signals));
    edge.between.sent.length = 0;
    const before = ann.peer.tick ?? 0;
    await clock.advance(2 * TICK + 490);
    expect(keyframesAsked(edge)).toBe(2);
    expect(ann.peer.tick).toBe(before);
    owner.between.onSend = (_to, _text, pass) => pass();
    await clock.advance(300);
    expect(keyframesAsked(edge)).toBe(3);
    expect(ann.peer.tick).toBeGreaterThan(before + 10);
  });

  test("are not asked for where ticks only come late", async () => {
    const { clock, edge, ann } = await setup();
    const late: (() => void)[] = [];
    edge.between.onSignals = (signals, pass) => void late.push(() => pass(signals));
    await clock.advance(3 * TICK);
    edge.between.sent.length = 0;
    for (const pass of late) pass();
    await clock.settle();
    expect(keyframesAsked(edge)).toBe(0);
    expect(ann.peer.newest?.from).toBe((ann.peer.tick ?? 0) - 3);
  });
});

describe("R6: another reign", () => {
  test("goes on under its own name: players are told that everything comes anew, and keep their seats", async () => {
    const { nodes, clock, edge, ann } = await setup();
    const first = ann.peer.epoch === "" ? nodes.owner.rooms.get(CHANNEL)?.reign : ann.peer.epoch;
    ann.player.input(1, { dx: 3 });
    await clock.advance(3000);
    nodes.owner.kill();
    const before = ann.peer.cursors.length;
    await clock.advance(6000);
    expect(ann.peer.gaps).toEqual([
      {
        event: "gap",
        ch: 7,
        after: expect.any(Number),
        until: 0,
        epoch: nodes.owner.rooms.get(CHANNEL)?.reign,
        reason: "epoch",
      },
    ]);
    expect(ann.peer.gaps[0]?.epoch).not.toBe(first);
    expect(ann.peer.frames[before]?.whole).toBe(true);
    expect(ann.peer.cursors.length - before).toBeGreaterThan(20);
    expect(ann.peer.rows("players").get(seatOf("ann"))).toMatchObject({ x: 103 });
    expect(ann.ends).toEqual([]);
    expect(edge.errors.every((error) => String(error).includes("closed"))).toBe(true);
  });

  test("is the last that is heard of the one before, whatever comes late of that", async () => {
    const { nodes, clock, edge, ann } = await setup();
    const old = nodes.owner.rooms.get(CHANNEL)?.reign;
    const late: (() => void)[] = [];
    // What the first owner says comes late, and what the second one says at once.
    edge.between.onSignals = (signals, pass) => {
      if (tickOf(signals) === old && late.length < 40) late.push(() => pass(signals));
      else pass(signals);
    };
    await clock.advance(10 * TICK);
    expect(late.length).toBeGreaterThan(5);
    nodes.owner.kill();
    await clock.advance(6000);
    const { length } = ann.peer.lines;
    const reads = edge.between.reads;
    for (const pass of late) pass();
    await clock.settle();
    expect(ann.peer.lines).toHaveLength(length);
    expect(edge.between.reads).toBe(reads);
    await clock.advance(4 * TICK);
    const epochs = ann.peer.cursors.map((cursor) => cursor.split(":")[0]);
    expect(epochs.lastIndexOf(epochs[0])).toBeLessThan(epochs.indexOf(epochs.at(-1)));
  });

  test("is found in the log where no hint told of it: a tick of an unknown name sends the node reading, once", async () => {
    const { nodes, clock, edge, ann } = await setup();
    edge.between.onChanges = () => {};
    nodes.owner.kill();
    const { reads } = edge.between;
    await clock.advance(8000);
    expect(ann.peer.epoch).toBe(nodes.owner.rooms.get(CHANNEL)?.reign);
    expect(ann.peer.gaps).toHaveLength(1);
    expect(edge.between.reads - reads).toBeLessThan(8);
  });

  test("is not believed of a signal: a name that is not in the log is asked about, and then dropped", async () => {
    const { clock, edge, place, ann } = await setup();
    const forged: RoomSignal = {
      is: "tick",
      reign: "forged00",
      prev: ann.peer.tick ?? 0,
      tick: (ann.peer.tick ?? 0) + 1,
      acks: [],
      came: [],
      went: [],
      here: [],
      sends: [],
      skipped: 0,
      closed: "ha",
      change: new Uint8Array(0),
    };
    const { reads } = edge.between;
    for (let i = 0; i < 50; i++) place.onSignals([{ data: encodeSignal(forged), slot: "room" }]);
    await clock.advance(4 * TICK);
    for (let i = 0; i < 50; i++) place.onSignals([{ data: encodeSignal(forged), slot: "room" }]);
    await clock.advance(4 * TICK);
    expect(edge.between.reads - reads).toBe(1);
    expect(ann.ends).toEqual([]);
    expect(ann.peer.gaps).toEqual([]);
    expect(ann.peer.frames.at(-1)?.tick).toBeGreaterThan(forged.tick);
  });

  test("R16: has inputs that were not acknowledged, all of them at once, and they count once", async () => {
    const { nodes, clock, edge, ann } = await setup();
    await clock.advance(3000);
    nodes.owner.kill();
    for (let n = 1; n <= 12; n++) {
      ann.player.input(n, { dx: 1 });
      await clock.advance(TICK);
    }
    await clock.advance(6000);
    const reign = nodes.owner.rooms.get(CHANNEL)?.reign;
    const first = lettersOf(edge, "batch").find((item) => item.is === "batch" && item.reign === reign);
    expect(first?.is === "batch" && first.inputs.map(([, n]) => n)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ]);
    // Of more than eight that wait the oldest are dropped (R17), and all are done with.
    expect(ann.peer.newest?.ack).toBe(12);
    expect(ann.peer.rows("players").get(seatOf("ann"))?.["moves"]).toBe(8);
  });

  test("comes without a gap to those who see the room for the first time", async () => {
    const { nodes, clock, edge, place } = await setup();
    const eve = edge.watch(place, place.beginning);
    await clock.advance(4 * TICK);
    expect(eve.gaps).toEqual([]);
    expect(eve.newest).toBeDefined();
    const fay = edge.watch(place, { epoch: "earlier0", offset: 700 });
    await clock.advance(4 * TICK);
    expect(fay.gaps).toMatchObject([{ after: 700, until: 0, epoch: nodes.owner.rooms.get(CHANNEL)?.reign }]);
  });

  test("is not begun for who comes back from another node before it is beyond the tick that was seen there", async () => {
    const { clock, edge, place, ann } = await setup();
    const tick = ann.peer.tick ?? 0;
    const eve = edge.watch(place, { epoch: place.beginning?.epoch ?? "", offset: tick + 4 });
    await clock.advance(3 * TICK);
    expect(eve.lines).toEqual([]);
    await clock.advance(4 * TICK);
    expect(eve.newest?.whole).toBe(false);
    expect(eve.frames[0]).toMatchObject({ whole: true, tick: tick + 5 });
    expect(eve.gaps).toEqual([]);
  });
});

describe("R8: a store that has lost data", () => {
  test("changes nothing for players while the owner lives: the seats are told again, and nobody is told of anything", async () => {
    const nodes = new Nodes(Game, { count: 3, owners: 2 });
    const edge = nodes.node(2);
    const place = await nodes.wait(edge.open());
    const bob = await nodes.wait(edge.play(place, "bob"));
    const snapshot = nodes.hub.snapshot();
    const ann = await nodes.wait(edge.play(place, "ann"));
    await nodes.clock.advance(4 * TICK);
    edge.between.sent.length = 0;
    nodes.hub.restore(snapshot);
    await nodes.clock.advance(5000);
    const joins = lettersOf(edge, "batch")
      .flatMap((item) => (item.is === "batch" ? item.requests : []))
      .filter(({ ask }) => ask.is === "join" && ask.had);
    expect(new Set(joins.map(({ ask }) => ask.is === "join" && ask.seat))).toEqual(
      new Set(["ann", "bob"].map(seatOf)),
    );
    expect([ann.ends, bob.ends, ann.peer.gaps, bob.peer.gaps]).toEqual([[], [], [], []]);
    expect(ann.peer.rows("players").size).toBe(2);
  });

  test("and whose owner is gone, too, brings back those who are connected, whatever the log knows of them", async () => {
    const nodes = new Nodes(Game, { count: 3, owners: 2 });
    const edge = nodes.node(2);
    const place = await nodes.wait(edge.open());
    const bob = await nodes.wait(edge.play(place, "bob"));
    await nodes.clock.advance(3000);
    const snapshot = nodes.hub.snapshot();
    const ann = await nodes.wait(edge.play(place, "ann"));
    await nodes.clock.advance(4 * TICK);
    nodes.owner.kill();
    nodes.hub.restore(snapshot);
    await nodes.clock.advance(8000);
    expect([ann.ends, bob.ends]).toEqual([[], []]);
    expect(ann.peer.gaps).toMatchObject([{ until: 0, reason: "rollback" }]);
    expect([...ann.peer.rows("players").keys()].toSorted()).toEqual(["ann", "bob"].map(seatOf).toSorted());
  });
});
