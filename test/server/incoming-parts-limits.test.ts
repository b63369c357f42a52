/** How large messages in parts may be, what all of them together may hold, and their place in the order. In virtual time. */
import { describe, expect, it } from "vitest";
import { fillPattern } from "../../src/protocol/index.js";
import { publishAsServer } from "../../src/server/connection/publish/publish-as-server.js";
import {
  IncompleteMessages,
  mostIncomplete,
  type Incomplete,
} from "../../src/server/connection/limits/incomplete.js";
import { bytes, stream, transient } from "../../src/server/index.js";
import { World, type Peer } from "./support/engine.js";
import { inParts, sendParts, someBytes, type PartLine } from "./support/incoming-parts.js";
import { deferred } from "./support/serve.js";

const KIB = 1024;
const MIB = 1024 * KIB;
const OVERLOADED = { error: { code: "overloaded", retry: true, after: 1000 } };
const OK = { offset: expect.any(Number) as number };

const channels = {
  "files/:id": stream({ message: bytes(), retain: { count: 10 } }),
  "log/:id": stream({ retain: { count: 10 } }),
};

/** A world in which so many bytes are left for messages that are not whole. */
function worldWith(room: number): World {
  const world = new World(channels, { limits: { binary: 2 * MIB } });
  world.engine.node.incomplete.hold(64 * MIB - room);
  return world;
}

const leftIn = (world: World): number => 64 * MIB - world.engine.node.incomplete.held;

async function connected(world: World, count: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (let i = 0; i < count; i++) peers.push(await world.connect());
  return peers;
}

/** A message of 300 KiB in three parts. */
const threeParts = (n: number): PartLine[] =>
  inParts({ id: 5, publish: `files/${n}`, idem: 1 }, someBytes(300 * KIB, n), 100 * KIB);

describe("W38: what is held of messages that are not whole", () => {
  it("W38: is 64 MiB for all connections together, or four of the largest messages", () => {
    expect(mostIncomplete({ binary: 64 * KIB })).toBe(64 * MIB);
    expect(mostIncomplete({ binary: 16 * MIB })).toBe(64 * MIB);
    expect(mostIncomplete({ binary: 20 * MIB })).toBe(80 * MIB);
  });

  it("W38: the one that has waited longest for its next part gives way, and hears overloaded", async () => {
    const world = worldWith(400 * KIB);
    const [a, b, c] = (await connected(world, 3)) as [Peer, Peer, Peer];
    for (const [n, peer] of [a, b, c].entries()) sendParts(peer, threeParts(n).slice(0, 1));
    await world.clock.settle();
    expect([a, b, c].map((peer) => peer.answer(5))).toEqual([{}, {}, {}]);
    sendParts(a, threeParts(0).slice(1, 2));
    await world.clock.settle();
    expect([[a, b, c].map((peer) => peer.answer(5)), leftIn(world)]).toEqual([[{}, {}, {}], 0]);
    // Now b has waited longest.
    sendParts(a, threeParts(0).slice(2));
    await world.clock.settle();
    expect(b.answer(5)).toMatchObject(OVERLOADED);
    expect(a.answer(5)).toEqual(OK);
    sendParts(c, threeParts(2).slice(1));
    await world.clock.settle();
    expect(c.answer(5)).toEqual(OK);
    // What still comes of it is skipped; from its beginning on it is taken.
    sendParts(b, threeParts(1).slice(1));
    await world.clock.settle();
    expect([b.answer(5), b.closed]).toEqual([{}, []]);
    sendParts(b, threeParts(1));
    await world.clock.settle();
    expect(b.answer(5)).toEqual(OK);
    expect(leftIn(world)).toBe(400 * KIB);
  });

  it("W38: who only begins loses to who goes on", async () => {
    const world = worldWith(1 * MIB);
    const [good, ...strangers] = (await connected(world, 41)) as [Peer, ...Peer[]];
    const large = inParts({ id: 5, publish: "files/good" }, someBytes(900 * KIB), 45 * KIB);
    const begun = inParts({ id: 5, publish: "files/bad" }, someBytes(900 * KIB), 45 * KIB).slice(0, 1);
    for (const [i, part] of large.entries()) {
      sendParts(good, [part]);
      for (const stranger of strangers.slice(i * 2, i * 2 + 2)) sendParts(stranger, begun);
      await world.clock.settle();
      expect(leftIn(world)).toBeGreaterThanOrEqual(0);
    }
    expect(good.answer(5)).toEqual(OK);
    expect(strangers.filter((one) => "error" in one.answer(5)).length).toBeGreaterThan(10);
  });

  it("W38: where what is being published takes all the room, the sender itself is told so", async () => {
    const world = worldWith(150 * KIB);
    const [peer] = (await connected(world, 1)) as [Peer];
    sendParts(peer, threeParts(0));
    await world.clock.settle();
    expect(peer.answer(5)).toMatchObject(OVERLOADED);
    expect([leftIn(world), peer.closed]).toEqual([150 * KIB, []]);
  });

  it("W38: a whole one counts until it is answered, and so the room may be full of them", async () => {
    const gate = deferred();
    const world = new World(
      { "files/:id": stream({ message: bytes(), onPublish: ({ data }) => gate.promise.then(() => data) }) },
      { limits: { binary: 2 * MIB } },
    );
    world.engine.node.incomplete.hold(64 * MIB - 700 * KIB);
    const [a, b] = (await connected(world, 2)) as [Peer, Peer];
    sendParts(a, threeParts(0));
    sendParts(b, threeParts(1));
    await world.clock.settle();
    expect([a.answer(5), b.answer(5), leftIn(world)]).toEqual([{}, {}, 100 * KIB]);
    gate.resolve();
    await world.clock.settle();
    expect([a.answer(5), b.answer(5), leftIn(world)]).toEqual([OK, OK, 700 * KIB]);
  });

  it("W38: one that is whole and waits since its client does not read gives way too", async () => {
    const world = worldWith(700 * KIB);
    const [idle, good] = (await connected(world, 2)) as [Peer, Peer];
    idle.stuck = true;
    // More answers than may be unsent: what comes behind them is not carried out.
    for (let i = 0; i < 100; i++) await world.append("log/a", `"${"x".repeat(1000)}"`);
    idle.send(...Array.from({ length: 20 }, (_, i) => ({ id: 100 + i, history: "log/a" })));
    await world.clock.settle();
    sendParts(idle, threeParts(0));
    expect(idle.paused).toBe(true);
    expect(leftIn(world)).toBeLessThanOrEqual(400 * KIB);
    sendParts(good, inParts({ id: 5, publish: "files/1" }, someBytes(600 * KIB), 100 * KIB));
    await world.clock.settle();
    expect(good.answer(5)).toEqual(OK);
    idle.stuck = false;
    idle.drain();
    await world.clock.advance(1000);
    expect(idle.answer(5)).toMatchObject(OVERLOADED);
    expect(leftIn(world)).toBe(700 * KIB);
  });

  it("W38, K16: a connection that ends gives back what it held", async () => {
    const gate = deferred();
    const world = new World(
      { "files/:id": stream({ message: bytes(), onPublish: ({ data }) => gate.promise.then(() => data) }) },
      { limits: { binary: 2 * MIB } },
    );
    const [a, b, c] = (await connected(world, 3)) as [Peer, Peer, Peer];
    sendParts(a, threeParts(0).slice(0, 2));
    sendParts(b, threeParts(1));
    // Two are under way, the third waits for them.
    sendParts(c, [2, 3, 4].flatMap(threeParts));
    await world.clock.settle();
    expect([leftIn(world), c.paused]).toEqual([64 * MIB - 1400 * KIB, true]);
    for (const peer of [a, b, c]) peer.connection.transportClosed("1006", false);
    expect(world.engine.node.incomplete).toMatchObject({ held: 0, size: 0 });
    gate.resolve();
    await world.clock.settle();
    expect(world.engine.node.incomplete).toMatchObject({ held: 0, size: 0 });
  });

  it("W38: the room itself: last in line is who goes on, and nobody gives way to no use", () => {
    const refused = { overloaded: 0 };
    const room = new IncompleteMessages(100, refused);
    const gone: string[] = [];
    const one = (name: string): Incomplete => ({ held: 0, giveWay: () => void gone.push(name) });
    const [a, b, c] = [one("a"), one("b"), one("c")] as const;
    for (const each of [a, b, c]) expect(room.grow(each, 30)).toBe(true);
    expect(room.grow(a, 10)).toBe(true);
    expect([gone, room.held, room.size]).toEqual([[], 100, 3]);
    expect(room.grow(c, 25)).toBe(true);
    expect([gone, b.held, room.held]).toEqual([["b"], 0, 95]);
    room.settle(a);
    expect(room.grow(c, 50)).toBe(false);
    expect([gone, c.held, room.held, room.size]).toEqual([["b"], 0, 40, 0]);
    room.drop(a);
    expect([room.held, refused]).toEqual([0, { overloaded: 2 }]);
  });
});

describe("P26: how large a payload of bytes may be", () => {
  it("P26: limits.binary, whether it comes whole or in parts; more is too_large at once, and the rest is skipped", async () => {
    const world = new World(channels, { limits: { binary: 200 * KIB } });
    const [peer] = (await connected(world, 1)) as [Peer];
    const limit = 200 * KIB;
    sendParts(peer, inParts({ id: 5, publish: "files/a" }, someBytes(limit), 100 * KIB));
    sendParts(peer, inParts({ id: 6, publish: "files/a" }, someBytes(limit), limit));
    const over = inParts({ id: 7, publish: "files/a" }, someBytes(limit + 100 * KIB), 50 * KIB);
    sendParts(peer, over.slice(0, 5));
    await world.clock.settle();
    expect([peer.answer(5), peer.answer(6)]).toEqual([OK, OK]);
    const message = `${limit + 50 * KIB} bytes are over the limit of ${limit}`;
    expect(peer.answer(7)).toMatchObject({ error: { code: "too_large", message, retry: false } });
    expect(world.engine.node.incomplete.held).toBe(0);
    sendParts(peer, over.slice(5));
    sendParts(peer, inParts({ id: 8, publish: "files/a" }, someBytes(limit + 1), limit + 1));
    await world.clock.settle();
    expect(peer.answer(7)).toEqual({});
    expect(peer.answer(8)).toMatchObject({ error: { code: "too_large" } });
    expect(peer.closed).toEqual([]);
  });

  it("P26: a channel without a log takes no more than limits.message, which go in one line", async () => {
    const world = new World({ "typing/:id": transient() }, { limits: { binary: 2 * MIB } });
    const [peer] = (await connected(world, 1)) as [Peer];
    sendParts(peer, inParts({ id: 5, publish: "typing/a" }, someBytes(64 * KIB), 40 * KIB));
    sendParts(peer, inParts({ id: 6, publish: "typing/a" }, someBytes(64 * KIB + 1), 40 * KIB));
    await world.clock.settle();
    expect(peer.answer(5)).toEqual({ offset: 0 });
    expect(peer.answer(6)).toMatchObject({ error: { code: "too_large" } });
    expect(world.engine.node.incomplete.held).toBe(0);
  });

  it("P26, P15: JSON keeps limits.message, and nothing that is published is cut but bytes", async () => {
    const world = new World(channels, { limits: { binary: 2 * MIB } });
    const [peer] = (await connected(world, 1)) as [Peer];
    const large = "x".repeat(65_535);
    expect(await peer.ask({ publish: "log/a", data: large })).toMatchObject({ error: { code: "too_large" } });
    // Where there are no bytes, `part` is a field like others that are not known.
    expect(await peer.ask({ publish: "log/a", data: "x", part: 0, more: true })).toEqual(OK);
  });

  it("P26, W21: the answer to connect says it where it is above limits.message", async () => {
    const limits = async (binary: number): Promise<unknown> => {
      const peer = new World(channels, { limits: { binary } }).dial();
      return (await peer.ask({ connect: {} }))["limits"];
    };
    expect(await limits(2 * MIB)).toEqual({
      message: 65_536,
      frame: 131_072,
      answer: 130_784,
      binary: 2 * MIB,
    });
    expect(await limits(65_536)).toEqual({ message: 65_536, frame: 131_072, answer: 130_784 });
  });
});

describe("P27: a message in parts is one publish like every other", () => {
  it("P27, P11: refused, it keeps its place in the order: later ones with keys are aborted until it is retried", async () => {
    const world = worldWith(150 * KIB);
    const [peer] = (await connected(world, 1)) as [Peer];
    sendParts(peer, threeParts(0));
    expect(await peer.ask({ publish: "files/0", data: null, idem: 2 })).toMatchObject({
      error: { code: "aborted" },
    });
    expect(peer.answer(5)).toMatchObject(OVERLOADED);
    world.engine.node.incomplete.hold(-600 * KIB);
    sendParts(peer, threeParts(0));
    sendParts(peer, [{ line: { id: 6, publish: "files/0", bytes: 1, idem: 2 }, bytes: someBytes(1) }]);
    await world.clock.settle();
    expect([peer.answer(5), peer.answer(6)]).toEqual([OK, OK]);
  });

  it("P27, P3: a retry is recognised, whole or in parts of another size", async () => {
    const world = worldWith(64 * MIB);
    const [peer] = (await connected(world, 1)) as [Peer];
    const data = someBytes(100 * KIB);
    const offsets: unknown[] = [];
    for (const [id, size] of [60 * KIB, 7 * KIB, 100 * KIB].entries()) {
      sendParts(peer, inParts({ id, publish: "files/a", idem: 9, first: true }, data, size));
      await world.clock.settle();
      offsets.push(peer.answer(id));
    }
    expect(offsets).toEqual([OK, offsets[0], offsets[0]]);
  });

  it("P27, K7: counts as one command", async () => {
    const commands = { perSecond: 1, burst: 3 };
    const world = new World(channels, { limits: { binary: 2 * MIB, commands } });
    const [peer] = (await connected(world, 1)) as [Peer];
    for (const id of [5, 6, 7]) sendParts(peer, inParts({ id, publish: "files/a" }, someBytes(1000), 10));
    await world.clock.settle();
    expect([peer.answer(5), peer.answer(6)]).toEqual([OK, OK]);
    expect(peer.answer(7)).toMatchObject({ error: { code: "rate_limited" } });
  });

  it("P27, P23: ages from its first part on", async () => {
    const world = new World(
      { "files/:id": stream({ message: bytes(), dedupe: 60_000 }) },
      { limits: { binary: 2 * MIB } },
    );
    const [peer] = (await connected(world, 1)) as [Peer];
    const parts = inParts({ id: 5, publish: "files/a", idem: 1 }, someBytes(8000), 1000);
    for (const part of parts) {
      sendParts(peer, [part]);
      await world.clock.advance(9000);
    }
    expect(peer.answer(5)).toMatchObject({ error: { code: "outcome_unknown" } });
    sendParts(peer, inParts({ id: 6, publish: "files/a", idem: 2 }, someBytes(8000), 1000));
    await world.clock.settle();
    expect(peer.answer(6)).toEqual(OK);
  });
});

it("P29: the application publishes as many bytes, and no more", async () => {
  const world = new World(channels, { limits: { binary: 2 * MIB } });
  const { node } = world.engine;
  const publish = (data: unknown): Promise<unknown> => {
    const resolved = node.registry.resolve(fillPattern("files/:id", { id: "a" }));
    if (resolved === undefined) throw new Error("there is no such channel");
    return publishAsServer(node, resolved, data);
  };
  expect(await publish(someBytes(2 * MIB))).toEqual(OK);
  await expect(publish(someBytes(2 * MIB + 1))).rejects.toMatchObject({ code: "too_large" });
});
