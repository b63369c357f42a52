/** Messages of bytes that come in parts, and what a server holds of them. In virtual time. */
import { describe, expect, it } from "vitest";
import { toBase64 } from "../../src/protocol/base64.js";
import { bytes, stream, tidemark, type ConnectionLimits } from "../../src/server/index.js";
import { World, type Peer, type WorldOptions } from "./support/engine.js";
import { binaryFrame, inParts, sendParts, someBytes } from "./support/incoming-parts.js";
import { BINARY, TEXT, frame, upgrade } from "./support/raw.js";
import { quiet, serve } from "./support/serve.js";

const KIB = 1024;
const MIB = 1024 * KIB;

const channels = {
  "files/:id": stream({ message: bytes(), retain: { count: 10 } }),
  "log/:id": stream({ retain: { count: 10 } }),
};

function worldOf(limits: Partial<ConnectionLimits> = {}, options: WorldOptions = {}): World {
  return new World(channels, { ...options, limits: { binary: 2 * MIB, ...limits } });
}

/** What the log of a channel has. */
async function logOf(world: World, channel: string): Promise<unknown[]> {
  const from = { after: 0, limit: 100, bytes: 100 * MIB };
  const { entries } = await world.broker.read(channel, from, {
    keeping: { by: "entries", retain: { count: 10 } },
    dedupe: 300_000,
  });
  return entries.map(({ data }) => (typeof data === "string" ? (JSON.parse(data) as unknown) : data));
}

const isSame = (one: unknown, other: Uint8Array): boolean =>
  one instanceof Uint8Array && Buffer.compare(one, other) === 0;
const closeOf = (peer: Peer): unknown => peer.closed.map(({ code, reason }) => [code, reason]);

describe("W36: a message in parts", () => {
  it("W36: is one publish, carried out and answered where its last part is; anything may come in between", async () => {
    const world = worldOf();
    const peer = await world.connect();
    const data = someBytes(2 * MIB);
    const parts = inParts({ id: 5, publish: "files/a", idem: 1, first: true }, data, 47_000);
    sendParts(peer, parts.slice(0, -1));
    expect(await peer.ask({ publish: "log/b", data: "between" })).toMatchObject({
      offset: expect.any(Number),
    });
    sendParts(peer, [{ line: { id: 6, publish: "files/b", bytes: 2 }, bytes: someBytes(2) }]);
    await world.clock.settle();
    expect(peer.answer(6)).toMatchObject({ offset: expect.any(Number) });
    expect(await peer.ask({ members: "log/b" })).toMatchObject({ error: { code: "wrong_kind" } });
    expect([await logOf(world, "files/a"), peer.answer(5)]).toEqual([[], {}]);
    sendParts(peer, parts.slice(-1));
    await world.clock.settle();
    expect(peer.answer(5)).toEqual({ offset: expect.any(Number) });
    const [entry, ...others] = await logOf(world, "files/a");
    expect([isSame(entry, data), others]).toEqual([true, []]);
    expect(world.engine.node.incomplete).toMatchObject({ held: 0, size: 0 });
  });

  it("W36, W4: comes in text frames too, and several parts in one frame", async () => {
    const world = worldOf();
    const peer = await world.connect();
    const data = someBytes(1000);
    const [first, second, ...others] = inParts({ id: 5, publish: "files/a" }, data, 300);
    const lines = [first, second].flatMap((one) => [JSON.stringify(one?.line), toBase64(one?.bytes ?? data)]);
    peer.send(lines.join("\n"));
    peer.connection.receiveBinary(binaryFrame(...others, { id: 6, publish: "log/b", data: 1 }));
    await world.clock.settle();
    expect([peer.answer(5), peer.answer(6)]).toEqual([
      { offset: expect.any(Number) },
      { offset: expect.any(Number) },
    ]);
    expect(isSame((await logOf(world, "files/a"))[0], data)).toBe(true);
  });

  it("W36: comes over a real socket as it was sent", async () => {
    const came: Uint8Array[] = [];
    const app = tidemark({ ...quiet, limits: { binary: 2 * MIB } }).channels({
      "files/:id": stream({
        message: bytes(),
        onPublish: ({ data }) => {
          came.push(data.slice());
          return new Uint8Array(0);
        },
      }),
    });
    const { port } = await serve(app);
    const raw = await upgrade(port);
    raw.write(frame(TEXT, '{"id":1,"connect":{}}'));
    await raw.frame();
    const data = someBytes(2 * MIB);
    for (const part of inParts({ id: 2, publish: "files/a" }, data, 120_000))
      raw.write(frame(BINARY, Buffer.from(binaryFrame(part))));
    expect((await raw.frame()).payload.toString()).toMatch(/^\{"id":2,"ok":\{"offset":\d+\}\}$/);
    expect(came.map((one) => isSame(one, data))).toEqual([true]);
  });

  it("W36: parts may be empty, and a message may have one", async () => {
    const world = worldOf();
    const peer = await world.connect();
    const none = someBytes(0);
    sendParts(peer, [
      { line: { id: 5, publish: "files/a", bytes: 0, part: 0, more: true }, bytes: none },
      { line: { publish: "files/a", bytes: 2, part: 1, more: true }, bytes: someBytes(2) },
      { line: { publish: "files/a", bytes: 0, part: 2 }, bytes: none },
      { line: { id: 6, publish: "files/b", bytes: 3, part: 0 }, bytes: someBytes(3) },
    ]);
    await world.clock.settle();
    expect(isSame((await logOf(world, "files/a"))[0], someBytes(2))).toBe(true);
    expect(isSame((await logOf(world, "files/b"))[0], someBytes(3))).toBe(true);
  });

  it("W36: a first part that is no good command is answered at once, and the rest is skipped", async () => {
    const world = worldOf();
    const peer = await world.connect();
    const parts = inParts({ id: 5, publish: "files/a", idem: "" }, someBytes(10), 4);
    sendParts(peer, parts.slice(0, 1));
    await world.clock.settle();
    expect(peer.answer(5)).toMatchObject({ error: { code: "bad_request", message: /^idem must be/ } });
    sendParts(peer, parts.slice(1));
    expect(await peer.ask({ publish: "files/a", data: null })).toMatchObject({ error: { code: "invalid" } });
    expect(closeOf(peer)).toEqual([]);
  });

  it("W36, K36: all parts but the last count as frames that bring no command", async () => {
    const world = worldOf({ frames: { perSecond: 1, burst: 20 } });
    const peer = await world.connect();
    sendParts(peer, inParts({ id: 5, publish: "files/a" }, someBytes(20), 1));
    await world.clock.settle();
    expect(peer.answer(5)).toMatchObject({ offset: expect.any(Number) });
    const parts = inParts({ id: 6, publish: "files/a" }, someBytes(20), 1);
    peer.connection.receiveBinary(binaryFrame(...parts));
    await world.clock.settle();
    expect(peer.closed).toMatchObject([{ code: 4005 }]);
    expect(world.engine.node.incomplete).toMatchObject({ held: 0, size: 0 });
  });
});

describe("W37: the order of parts", () => {
  it("W37: a first part drops what there is, of any channel, unanswered", async () => {
    const world = worldOf();
    const peer = await world.connect();
    const data = someBytes(10);
    sendParts(peer, inParts({ id: 5, publish: "files/a" }, someBytes(10, 9), 4).slice(0, 2));
    sendParts(peer, inParts({ id: 6, publish: "files/b" }, someBytes(10, 9), 4).slice(0, 2));
    sendParts(peer, inParts({ id: 7, publish: "files/b" }, data, 4));
    await world.clock.settle();
    expect([peer.answer(5), peer.answer(6), peer.answer(7)]).toEqual([
      {},
      {},
      { offset: expect.any(Number) },
    ]);
    expect(await logOf(world, "files/a")).toEqual([]);
    expect((await logOf(world, "files/b")).map((one) => isSame(one, data))).toEqual([true]);
    expect(world.engine.node.incomplete).toMatchObject({ held: 0, size: 0 });
  });

  it("W37: a whole publish to the same channel drops what there is", async () => {
    const world = worldOf();
    const peer = await world.connect();
    const parts = inParts({ id: 5, publish: "files/a" }, someBytes(10), 4);
    sendParts(peer, parts.slice(0, 2));
    sendParts(peer, [{ line: { id: 6, publish: "files/a", bytes: 2 }, bytes: someBytes(2) }]);
    await world.clock.settle();
    expect(peer.answer(6)).toMatchObject({ offset: expect.any(Number) });
    expect(world.engine.node.incomplete.held).toBe(0);
    sendParts(peer, parts.slice(2));
    expect(closeOf(peer)).toEqual([[1008, 'part 2 of "files/a" is not the next; part 0 would be']]);
  });

  it.each([
    [
      "of another number",
      { publish: "files/a", part: 3 },
      'part 3 of "files/a" is not the next; part 2 of "files/a" would be',
    ],
    [
      "that came before",
      { publish: "files/a", part: 1 },
      'part 1 of "files/a" is not the next; part 2 of "files/a" would be',
    ],
    [
      "of another channel",
      { publish: "files/b", part: 2 },
      'part 2 of "files/b" is not the next; part 2 of "files/a" would be',
    ],
    [
      "of no channel",
      { publish: "x".repeat(1000), part: 2 },
      'part 2 of no channel is not the next; part 2 of "files/a" would be',
    ],
    ["without a number", { publish: "files/a", part: "2" }, "part must be a whole number, 0 for the first"],
    ["that is not clear about more", { publish: "files/a", part: 2, more: 1 }, "more must be true or false"],
  ])("W37: a part %s closes with 1008; commands before it are carried out", async (_, line, reason) => {
    const world = worldOf();
    const peer = await world.connect();
    sendParts(peer, inParts({ id: 5, publish: "files/a" }, someBytes(100), 4).slice(0, 2));
    const wrong = { line: { ...line, bytes: 1 }, bytes: someBytes(1) };
    peer.connection.receiveBinary(
      binaryFrame({ id: 6, publish: "log/b", data: 1 }, wrong, { id: 7, publish: "log/b", data: 2 }),
    );
    await world.clock.settle();
    expect(closeOf(peer)).toEqual([[1008, reason]]);
    expect(await logOf(world, "log/b")).toEqual([1]);
    expect(world.engine.node.incomplete).toMatchObject({ held: 0, size: 0 });
  });

  it("W37: parts before the answer to connect close with 1008", async () => {
    const world = worldOf({}, { hooks: { authenticate: () => new Promise(() => {}) } });
    for (const hello of [undefined, { id: 1, connect: {} }]) {
      const peer = world.dial();
      if (hello !== undefined) peer.send(hello);
      sendParts(peer, inParts({ id: 2, publish: "files/a" }, someBytes(10), 4).slice(0, 1));
      expect(closeOf(peer)).toEqual([[1008, "parts of a message are sent after the answer to connect"]]);
    }
    expect(world.engine.node.incomplete).toMatchObject({ held: 0, size: 0 });
  });
});

describe("W39: how long the next part may take", () => {
  const [first, second] = inParts({ id: 5, publish: "files/a" }, someBytes(2500), 1000);

  it("W39: limits.connectTimeout, and a second more for each KiB of the part before; then 4001", async () => {
    const world = worldOf({ ping: 600_000 });
    const peer = await world.connect();
    for (const part of [first, second]) {
      if (part !== undefined) sendParts(peer, [part]);
      await world.clock.advance(9500);
      expect(closeOf(peer)).toEqual([]);
    }
    await world.clock.advance(4000);
    expect(closeOf(peer)).toEqual([
      [4001, "the next part of a message did not come in time; 2000 bytes of it have come"],
    ]);
    expect(world.engine.node).toMatchObject({ incomplete: { held: 0, size: 0 }, refused: { unfinished: 1 } });
  });

  it("W39: who sends large parts slowly has the time for it", async () => {
    const world = worldOf({ ping: 600_000 });
    const peer = await world.connect();
    const data = someBytes(150 * KIB);
    for (const part of inParts({ id: 5, publish: "files/a" }, data, 50 * KIB)) {
      sendParts(peer, [part]);
      await world.clock.advance(50_000);
    }
    expect([closeOf(peer), peer.answer(5)]).toEqual([[], { offset: expect.any(Number) }]);
  });

  it("W39: nothing is waited for when the message is whole, dropped or skipped", async () => {
    const world = worldOf({ ping: 600_000, binary: 64 * KIB });
    const peers = [await world.connect(), await world.connect(), await world.connect()];
    const [whole, dropped, skipped] = peers as [Peer, Peer, Peer];
    sendParts(whole, inParts({ id: 5, publish: "files/a" }, someBytes(10), 4));
    sendParts(dropped, inParts({ id: 5, publish: "files/a" }, someBytes(10), 4).slice(0, 1));
    sendParts(dropped, [{ line: { publish: "files/a", bytes: 1 }, bytes: someBytes(1) }]);
    sendParts(skipped, inParts({ id: 5, publish: "files/a" }, someBytes(80 * KIB), 70 * KIB).slice(0, 1));
    await world.clock.advance(60_000);
    expect(peers.map((peer) => peer.closed)).toEqual([[], [], []]);
  });

  it("W39, K9: time in which the server does not read does not count", async () => {
    const world = worldOf(
      { ping: 600_000, unanswered: 1 },
      { methods: { never: () => new Promise(() => {}) } },
    );
    const peer = await world.connect();
    if (first !== undefined) sendParts(peer, [first]);
    peer.send({ id: 6, call: "never" }, { id: 7, call: "never" });
    expect(peer.paused).toBe(true);
    await world.clock.advance(60_000);
    expect(closeOf(peer)).toEqual([]);
  });
});
