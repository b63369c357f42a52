import { describe, expect, test } from "vitest";
import { table, text } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { Game } from "./support/game.js";
import { Nodes } from "./support/nodes.js";

const TICK = 50;

async function setup() {
  const nodes = new Nodes(Game);
  const edge = nodes.node(1);
  const place = await nodes.wait(edge.open());
  const ann = await nodes.wait(edge.play(place, "ann"));
  const bob = await nodes.wait(edge.play(place, "bob"));
  await nodes.clock.advance(4 * TICK);
  return { nodes, clock: nodes.clock, edge, place, ann, bob };
}

describe("what players are sent", () => {
  test("R22: one frame a tick, each of one tick and for their own view", async () => {
    const { clock, ann } = await setup();
    const from = ann.peer.frames.length;
    await clock.advance(20 * TICK);
    const frames = ann.peer.frames.slice(from);
    expect(frames).toHaveLength(20);
    for (const frame of frames) expect(frame.from).toBe(frame.tick - 1);
    // It stands at 100 × 100 and sees 200 around it.
    const things = [...ann.peer.rows("things").values()];
    expect(things.length).toBeGreaterThan(0);
    expect(things.length).toBeLessThan(10);
    for (const thing of things) expect(thing["n"]).toBe(ann.peer.tick);
  });

  test("R21: a slow player has at most one tick unsent, and gets one change over all that it missed", async () => {
    const { clock, ann, bob } = await setup();
    ann.peer.stick();
    const before = ann.peer.tick ?? 0;
    await clock.advance(TICK);
    const one = ann.peer.unsent;
    expect(one).toBeGreaterThan(0);
    await clock.advance(9 * TICK);
    expect(ann.peer.unsent).toBe(one);
    expect(bob.peer.frames.at(-1)?.tick).toBe(before + 10);
    ann.peer.unstick();
    await clock.settle();
    expect(ann.peer.frames.slice(-2).map(({ tick, from }) => [from, tick])).toEqual([
      [before, before + 1],
      [before + 1, before + 10],
    ]);
    expect(ann.peer.rows("things").get("t0")?.["n"]).toBe(before + 10);
  });

  test("R21: who was away for longer than the history has the view anew, in one frame", async () => {
    const { clock, ann } = await setup();
    ann.peer.stick();
    await clock.advance(40 * TICK);
    ann.peer.unstick();
    await clock.settle();
    expect(ann.peer.newest).toMatchObject({ whole: true });
    expect(ann.peer.gaps).toEqual([]);
    await clock.advance(TICK);
    expect(ann.peer.newest).toMatchObject({ whole: false });
  });

  test("R24: events come with their tick, once, and to whom they are for", async () => {
    const { clock, ann, bob, place, edge } = await setup();
    const eve = edge.watch(place);
    ann.player.input(1, { dx: 10 });
    await clock.advance(2 * TICK);
    ann.player.input(2, { dx: -10 });
    await clock.advance(4 * TICK);
    const moved = { event: "moved", data: { n: 1 }, tick: expect.any(Number) };
    expect(bob.peer.events).toEqual([moved]);
    expect(eve.events).toEqual([moved]);
    expect(ann.peer.events).toEqual([moved, { event: "told", data: "you moved", tick: expect.any(Number) }]);
    const tick = bob.peer.events[0]?.tick;
    expect(bob.peer.lines.slice(bob.peer.lines.indexOf(`event moved ${tick}`)).slice(0, 2)).toEqual([
      `event moved ${tick}`,
      `frame ${tick}`,
    ]);
  });

  test("R24: events wait with the frames of a player that is slow, as long as their ticks are held", async () => {
    const { clock, ann, bob } = await setup();
    bob.peer.stick();
    await clock.advance(2 * TICK);
    ann.player.input(1, { dx: 10 });
    await clock.advance(10 * TICK);
    bob.peer.unstick();
    await clock.settle();
    expect(bob.peer.events).toHaveLength(1);
    bob.peer.stick();
    await clock.advance(2 * TICK);
    ann.player.input(2, { dx: 10 });
    await clock.advance(50 * TICK);
    bob.peer.unstick();
    await clock.advance(2 * TICK);
    expect(bob.peer.events).toHaveLength(1);
  });

  test("R24: who comes later hears of nothing that was before", async () => {
    const { clock, nodes, edge, place, ann } = await setup();
    ann.player.input(1, { dx: 10 });
    await clock.advance(4 * TICK);
    const cid = await nodes.wait(edge.play(place, "cid"));
    await clock.advance(4 * TICK);
    expect(cid.peer.frames.length).toBeGreaterThan(0);
    expect(cid.peer.events).toEqual([]);
  });

  test("spectators see everything, are counted apart and hold no seat", async () => {
    const { clock, edge, place } = await setup();
    const eve = edge.watch(place);
    const fay = edge.watch(place);
    await clock.advance(4 * TICK);
    expect([place.players, place.spectators]).toEqual([2, 2]);
    expect(eve.rows("things").size).toBe(10);
    expect(eve.newest).toEqual(fay.newest);
    place.audience.delete(eve.subscriber);
    const { length } = eve.frames;
    await clock.advance(2 * TICK);
    expect(eve.frames).toHaveLength(length);
    expect(place.spectators).toBe(1);
  });

  test("a budget of bytes bounds frames, and everything comes in the end", async () => {
    const { clock, nodes, edge, place, ann } = await setup();
    const cid = await nodes.wait(edge.play(place, "cid", { budget: 12 }));
    await clock.advance(4 * TICK);
    expect(cid.peer.rows("things").size).toBe(ann.peer.rows("things").size);
    const stamps = new Set([...cid.peer.rows("things").values()].map((thing) => thing["n"]));
    expect(stamps.size).toBeGreaterThan(1);
  });
});

describe("R25: views", () => {
  const shape = room({ state: { players: table({ name: text(8) }) } });

  const broken: readonly (readonly [string, () => unknown])[] = [
    [
      "throws",
      () => {
        throw new Error("no view");
      },
    ],
    ["is none", () => ({ x: Number.NaN, y: 0, rx: 1, ry: 1 })],
    ["is a promise", () => Promise.resolve("all")],
  ];

  test.each(broken)(
    "one that %s costs its player news, and nobody else anything; it is told once",
    async (_, view) => {
      let isBroken = false;
      const Room = shape.code<{ id: string }>({
        join(r, seat) {
          r.state.players.set(seat.id, { name: seat.user.id });
        },
        // What a program without types returns may be anything.
        view: (_state, seat) => (isBroken && seat.user.id === "ann" ? (view() as "all") : "all"),
      });
      const nodes = new Nodes(Room);
      const edge = nodes.node(1);
      const place = await nodes.wait(edge.open());
      const ann = await nodes.wait(edge.play(place, "ann"));
      const bob = await nodes.wait(edge.play(place, "bob"));
      await nodes.clock.advance(4 * TICK);
      isBroken = true;
      const frames = ann.peer.frames.length;
      await nodes.clock.advance(10 * TICK);
      expect(ann.peer.frames).toHaveLength(frames);
      expect(edge.errors).toHaveLength(1);
      isBroken = false;
      await nodes.clock.advance(2 * TICK);
      expect(ann.peer.tick).toBe(bob.peer.tick);
      expect(ann.peer.newest?.whole).toBe(false);
    },
  );

  test("they are given what may only be looked at: rows and seats are frozen, maps have no way to change them", async () => {
    const seen: unknown[] = [];
    const Room = shape.code<{ id: string }>({
      join(r, seat) {
        r.state.players.set(seat.id, { name: seat.user.id });
      },
      view(state, seat) {
        if (seen.length === 0)
          seen.push(state, seat, seat.user, state.players.get(seat.id), "set" in state.players);
        return "all";
      },
    });
    const nodes = new Nodes(Room);
    const edge = nodes.node(1);
    const place = await nodes.wait(edge.open());
    await nodes.wait(edge.play(place, "ann"));
    await nodes.clock.advance(4 * TICK);
    expect(seen.map((one) => (typeof one === "boolean" ? one : Object.isFrozen(one)))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  test("no player sees anything before its seat is known where it is", async () => {
    const given: unknown[] = [];
    const Room = shape.code<{ id: string }>({
      join(r, seat) {
        r.state.players.set(seat.id, { name: seat.user.id });
      },
      view(state, seat) {
        given.push(state.players.has(seat.id));
        return "all";
      },
    });
    const nodes = new Nodes(Room);
    const edge = nodes.node(1);
    const place = await nodes.wait(edge.open());
    await nodes.wait(edge.play(place, "ann"));
    await nodes.clock.advance(10 * TICK);
    expect(given.length).toBeGreaterThan(5);
    expect(given.every(Boolean)).toBe(true);
  });
});

describe("frames that are larger than a line", () => {
  const Crowd = room({ state: { notes: table({ text: text(200) }) } }).code({
    create(r) {
      for (let n = 0; n < 1000; n++) r.state.notes.set(`n${n}`, { text: `${n} ${"x".repeat(150)}` });
    },
    tick(r) {
      r.state.notes.set("n0", { text: `${r.tick}` });
    },
  });

  test("go in parts, at the pace of their socket, and the next one is one change over all that was missed", async () => {
    const nodes = new Nodes(Crowd);
    const edge = nodes.node(1);
    const place = await nodes.wait(edge.open());
    const ann = await nodes.wait(edge.play(place, "ann"));
    await nodes.clock.advance(4 * TICK);
    expect(ann.peer.parts).toBeGreaterThan(4);
    expect(ann.peer.rows("notes").size).toBe(1000);

    const eve = edge.peer();
    eve.stick();
    place.add(eve.subscriber);
    await nodes.clock.advance(4 * TICK);
    expect(eve.parts).toBe(0);
    const most = 4 * 32 * 1024;
    for (let i = 0; i < 10; i++) {
      expect(eve.unsent).toBeLessThan(most);
      eve.gulp();
      await nodes.clock.advance(2 * TICK);
    }
    expect(eve.frames.length).toBeGreaterThan(1);
    expect(eve.rows("notes").size).toBe(1000);
    const [first, second] = eve.frames;
    expect(second?.from).toBe(first?.tick);
    expect(nodes.errors).toEqual([]);
  });
});
