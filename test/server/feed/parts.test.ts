/** Messages that are too large for a line. */
import { describe, expect, it } from "vitest";
import { stream } from "../../../src/server/index.js";
import { World, type Peer } from "../support/engine.js";
import { assemble, digestOf, evict, payload } from "../support/parts.js";
import { setup, subscribed, say } from "../support/between.js";

const KEPT = 128 * 1024;
const MEGABYTES = payload(2_000_000);
const DIGEST = digestOf(MEGABYTES);

/** The peer reads what it has been sent, until nothing more comes. */
async function readAll(world: World, peer: Peer): Promise<void> {
  for (let before = -1; before < peer.lines.length;) {
    before = peer.lines.length;
    peer.drain();
    await world.clock.settle();
  }
}

const dataOf = (peer: Peer): unknown[] => assemble(peer.lines).messages.map(({ data }) => data);

/** A peer that was sent the beginning of a message of two megabytes, and has read nothing of it. */
async function inTheMiddle(world: World): Promise<Peer> {
  const peer = await subscribed(world);
  peer.stuck = true;
  await world.append("log/a", MEGABYTES);
  await world.clock.settle();
  expect(assemble(peer.lines)).toMatchObject({ messages: [], open: 1 });
  return peer;
}

describe("a message of many bytes", () => {
  it("F15: goes in parts of 32 KiB, and what its meta says stands in the first", async () => {
    const { world } = setup();
    const peer = await subscribed(world);
    const data = payload(100_000);
    const offset = await world.append("log/a", data, 1000, '{"from":"ann"}');
    await say(world, 2, 2);
    await world.clock.settle();
    const metas = peer.lines.map((line) => (line as unknown[])[3]);
    expect(metas).toEqual([
      { from: "ann", bytes: 32768, part: 0, more: true },
      { bytes: 32768, part: 1, more: true },
      { bytes: 32768, part: 2, more: true },
      { bytes: 1696, part: 3 },
      undefined,
    ]);
    const [first, second] = assemble(peer.lines).messages;
    expect(first).toEqual({ ch: 1, offset, data: digestOf(data), from: "ann" });
    expect(second?.data).toBe(2);
  });

  it("F15: of 32 KiB goes in a line, and of a byte more in two parts", async () => {
    const { world } = setup();
    const peer = await subscribed(world);
    await world.append("log/a", payload(32 * 1024));
    await world.append("log/a", payload(32 * 1024 + 1));
    await world.clock.settle();
    expect(peer.lines.map((line) => (line as { length: number; 3: object })[3])).toEqual([
      { bytes: 32768 },
      { bytes: 32768, part: 0, more: true },
      { bytes: 1, part: 1 },
    ]);
  });

  it("F15, F1: comes to everybody once and in its place, live and behind, kept and not kept", async () => {
    for (const options of [{ retain: { count: 1000 } }, {}]) {
      const { world } = setup(options);
      const count = "retain" in options ? 1000 : 0;
      const peers = [await subscribed(world), await subscribed(world)];
      const [, slow] = peers as [Peer, Peer];
      slow.stuck = true;
      for (let i = 0; i < 4; i++) {
        await world.append("log/a", `${i}`, count);
        await world.append("log/a", payload(200_000 + i, i), count);
        if (i % 2 === 0) await world.clock.settle();
      }
      for (const peer of peers) await readAll(world, peer);
      if (count > 0) {
        const late = await subscribed(world, { last: 1000 });
        await readAll(world, late);
        peers.push(late);
      }
      for (const peer of peers) {
        expect(peer.events).toEqual([]);
        expect(dataOf(peer)).toEqual([0, 1, 2, 3].flatMap((i) => [i, digestOf(payload(200_000 + i, i))]));
      }
      // Live again, all of them.
      slow.stuck = false;
      await readAll(world, slow);
      await world.append("log/a", '"live"', count);
      await world.clock.settle();
      for (const peer of peers) expect(peer.payloads.at(-1)).toBe("live");
    }
  });

  it("F15: lets everything else through between its parts, and nothing of its channel", async () => {
    const world = new World(
      { "log/:id": stream({ retain: { count: 1000 }, presence: true }) },
      { limits: { commands: false } },
    );
    const peer = await subscribed(world);
    await peer.ask({ subscribe: "log/b" });
    peer.lines.length = 0;
    peer.stuck = true;
    for (const [channel, seed] of [
      ["log/a", 1],
      ["log/b", 2],
    ] as const)
      await world.append(channel, payload(300_000, seed));
    await world.clock.settle();
    await world.append("log/a", '"after a"');
    const other = await world.connect({ publisher: "p".repeat(16) });
    await other.ask({ subscribe: "log/a" });
    peer.drain();
    peer.send({ id: 7, call: "nothing" });
    await readAll(world, peer);
    const answer = peer.lines.findIndex((line) => "id" in line && line.id === 7);
    expect(answer).toBeGreaterThan(0);
    expect(answer).toBeLessThan(peer.lines.length - 5);
    const chs = peer.lines.filter((line) => Array.isArray(line)).map(([ch]) => ch as number);
    // Their parts are mixed.
    expect(chs.slice(0, 4)).toContain(1);
    expect(chs.slice(0, 4)).toContain(2);
    expect(peer.events.map(({ event }) => event)).toContain("join");
    const { messages, open } = assemble(peer.lines);
    expect(open).toBe(0);
    const of = (n: number): unknown[] => messages.filter(({ ch }) => ch === n).map(({ data }) => data);
    expect(of(2)).toEqual([digestOf(payload(300_000, 2))]);
    expect(of(1)).toEqual([digestOf(payload(300_000, 1)), "after a"]);
  });

  it("F15, S2: nothing of it comes after the ok of an unsubscribe", async () => {
    const { world } = setup();
    const peer = await inTheMiddle(world);
    peer.send({ id: 7, unsubscribe: "log/a" });
    await readAll(world, peer);
    const ok = peer.lines.findIndex((line) => "id" in line && line.id === 7);
    expect(ok).toBeGreaterThan(0);
    expect(peer.lines.slice(ok + 1)).toEqual([]);
    // And whoever waits for its end need not wait any more.
    let whole = false;
    peer.connection.out.whenWhole(() => (whole = true));
    expect(whole).toBe(true);
  });

  it("F15: one encoding of each part is written to all who read at one pace", async () => {
    const { world } = setup();
    const peers = [];
    for (let i = 0; i < 20; i++) peers.push(await subscribed(world));
    for (const peer of peers) peer.shared.length = 0;
    await world.append("log/a", payload(30 * 32 * 1024));
    await world.clock.settle();
    const first = peers[0]?.shared ?? [];
    expect(peers.slice(0, 1).flatMap(dataOf)).toEqual([digestOf(payload(30 * 32 * 1024))]);
    for (const peer of peers) expect(peer.shared.every((chunk, i) => chunk === first[i])).toBe(true);
  });
});

describe("who reads slowly", () => {
  it("F16, F4: holds no more of a large message than of others, and keeps nobody from it", async () => {
    const { world } = setup();
    const [slow, fast] = [await subscribed(world), await subscribed(world)];
    slow.stuck = true;
    await world.append("log/a", MEGABYTES);
    await world.clock.settle();
    expect(dataOf(fast)).toEqual([DIGEST]);
    expect(world.engine.node.budget.used).toBeLessThanOrEqual(KEPT);
    await readAll(world, slow);
    expect(dataOf(slow)).toEqual([DIGEST]);
    expect(slow.mostUnsent).toBeLessThanOrEqual(KEPT);
    expect(slow.events).toEqual([]);
  });

  it("F16: goes on at the same part where the node has forgotten the message and reads it again", async () => {
    const { world, between } = setup();
    const peer = await inTheMiddle(world);
    const reads = between.reads;
    for (let round = 0; round < 10; round++) {
      evict(world);
      peer.drain();
      await world.clock.settle();
    }
    expect(between.reads).toBeGreaterThan(reads + 5);
    await readAll(world, peer);
    expect(dataOf(peer)).toEqual([DIGEST]);
    expect(peer.events).toEqual([]);
  });

  it("F16, F10: goes on when the log can be read again", async () => {
    const { world, between } = setup();
    const peer = await inTheMiddle(world);
    evict(world);
    between.read = async () => {
      throw new Error("not now");
    };
    peer.drain();
    await world.clock.advance(1000);
    expect(assemble(peer.lines).open).toBe(1);
    between.read = (read) => read();
    await world.clock.advance(250);
    await readAll(world, peer);
    expect(dataOf(peer)).toEqual([DIGEST]);
  });

  it("F16: gets the rest of one that is of an earlier epoch meanwhile, and then the gap", async () => {
    const { world } = setup();
    const peer = await inTheMiddle(world);
    world.hub.restore(world.hub.snapshot());
    await world.append("log/a", '"of the new epoch"');
    await world.clock.settle();
    await readAll(world, peer);
    expect(assemble(peer.lines)).toMatchObject({ dropped: [], open: 0 });
    expect(dataOf(peer)).toEqual([DIGEST, "of the new epoch"]);
    expect(peer.events).toMatchObject([{ event: "gap", reason: "failover" }]);
  });
});

describe("a message in the middle that is not kept any more", () => {
  it.each([
    ["trimmed", { retain: { count: 2 } }, 2],
    ["never kept", {}, 0],
  ] as const)("F17, C13: %s, is dropped by a gap, and what follows comes", async (_why, options, count) => {
    const { world } = setup(options);
    const peer = await subscribed(world);
    peer.stuck = true;
    await world.append("log/a", MEGABYTES, count);
    await world.clock.settle();
    for (const n of [1, 2, 3]) await world.append("log/a", `${n}`, count);
    await world.clock.settle();
    evict(world);
    await readAll(world, peer);
    expect(assemble(peer.lines)).toMatchObject({ dropped: ["gap trimmed"], open: 0 });
    expect(dataOf(peer)).toEqual(count === 0 ? [] : [2, 3]);
    await world.append("log/a", "4", count);
    await readAll(world, peer);
    expect(peer.payloads.at(-1)).toBe(4);
  });

  it("F17, L4: nor one that is too old for the log, though the node holds it", async () => {
    const { world } = setup({ retain: { for: "10s" } });
    const peer = await subscribed(world);
    peer.stuck = true;
    const retain = { age: 10_000 };
    await world.elsewhere.append(
      "log/a",
      [{ data: MEGABYTES, key: { scope: "elsewhere", id: "1", print: 0 } }],
      { keeping: { by: "entries", retain }, dedupe: 300_000 },
    );
    await world.clock.settle();
    await world.clock.advance(11_000);
    await readAll(world, peer);
    expect(assemble(peer.lines)).toMatchObject({ messages: [], dropped: ["gap trimmed"], open: 0 });
  });

  it("F17, C7: of a stream that keeps nothing a stranger gets none, though the node holds it", async () => {
    const { world } = setup({});
    const first = await world.append("log/a", "1", 0);
    const live = await subscribed(world);
    await world.append("log/a", MEGABYTES, 0);
    await world.clock.settle();
    expect(dataOf(live)).toEqual([DIGEST]);
    const { epoch } = [...world.engine.node.hub][0]?.feed.beginning ?? { epoch: "" };
    const stranger = await subscribed(world, { cursor: `${epoch}:${first}` });
    await readAll(world, stranger);
    expect(stranger.lines).toMatchObject([{ event: "gap", reason: "trimmed" }]);
  });
});
