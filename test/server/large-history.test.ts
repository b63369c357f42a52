/** Answers to history whose payloads are large. */
import { describe, expect, it } from "vitest";
import type { Page } from "../../src/broker/index.js";
import { historyAnswer } from "../../src/server/connection/channels/history-answer.js";
import type { World, Peer } from "./support/engine.js";
import { digestOf, evict, payload } from "./support/parts.js";
import { setup } from "./support/between.js";

interface Part {
  readonly id: number;
  readonly ok?: { readonly entries: readonly unknown[]; readonly more: boolean };
  readonly bytes: number;
  readonly part?: number;
  readonly more?: true;
  readonly content: Uint8Array;
}

const LARGE = payload(1_000_000);

async function readAll(world: World, peer: Peer): Promise<void> {
  for (let before = -1; before < peer.lines.length;) {
    before = peer.lines.length;
    peer.drain();
    await world.clock.settle();
  }
}

const parts = (peer: Peer, id: number): Part[] =>
  peer.lines.filter((line) => "id" in line && line.id === id) as unknown as Part[];

const contentOf = (all: readonly Part[]): string =>
  digestOf(Buffer.concat(all.map(({ content }) => content)));

describe("a history of large messages", () => {
  it("F13, W5: comes in parts: the entries with the first, and the bytes in their order", async () => {
    const { world } = setup();
    const offset = await world.append("log/a", LARGE);
    const peer = await world.connect();
    peer.send({ id: 7, history: "log/a" });
    await world.clock.settle();
    const all = parts(peer, 7);
    const last = all.length - 1;
    expect(all[0]?.ok).toMatchObject({ entries: [[offset, null, { bytes: LARGE.length }]], more: false });
    expect(all.map(({ part, more }) => [part, more])).toEqual(all.map((_, i) => [i, i < last || undefined]));
    expect(all.slice(1).every(({ ok }) => ok === undefined)).toBe(true);
    expect(all.every(({ bytes, content }) => bytes === content.length && bytes <= 32 * 1024)).toBe(true);
    expect(contentOf(all)).toBe(digestOf(LARGE));
  });

  it("F13: has small payloads among the large ones in their place", async () => {
    const sizes = [10, 40_000, 0, 300, 100_000];
    const entries = sizes.map((size, i) => ({ offset: i + 1, prev: i, data: payload(size, i) }));
    const page: Page = {
      entries: [...entries, { offset: 6, prev: 5, data: '"text"' }],
      oldestPrev: 0,
      head: 6,
      epochs: [{ epoch: "e", base: 0 }],
    };
    const found: number[] = [];
    const answer = historyAnswer(1, page, { after: 0 }, 50, async (offset) => {
      found.push(offset);
      return entries[offset - 1]?.data ?? new Uint8Array(0);
    });
    if (answer === undefined || !("parts" in answer)) throw new Error("one line");
    const all: Uint8Array[] = [];
    for (let i = 0; i < answer.parts; i++) {
      const { text, bytes = new Uint8Array(0), size } = await answer.part(i);
      expect(JSON.parse(text)).toMatchObject({ id: 1, part: i, bytes: bytes.length });
      expect(size).toBeLessThanOrEqual(34 * 1024);
      all.push(bytes);
    }
    expect(digestOf(Buffer.concat(all))).toBe(digestOf(Buffer.concat(entries.map(({ data }) => data))));
    // Only what is large is found again.
    expect([...new Set(found)]).toEqual([2, 5]);
  });

  it("F13: of up to 32 KiB of bytes is one line", async () => {
    const { world } = setup();
    await world.append("log/a", payload(32 * 1024));
    const peer = await world.connect();
    peer.send({ id: 7, history: "log/a" });
    await world.clock.settle();
    expect(parts(peer, 7)).toMatchObject([{ bytes: 32 * 1024 }]);
    expect(parts(peer, 7)[0]).not.toHaveProperty("part");
  });

  it("F13, F4: costs a part at a time for a peer that does not read, and is read again for it", async () => {
    const { world, between } = setup();
    await world.append("log/a", LARGE);
    const peer = await world.connect();
    peer.stuck = true;
    for (const id of [1, 2, 3]) peer.send({ id, history: "log/a" });
    await world.clock.settle();
    expect(between.reads).toBe(1);
    for (let round = 0; round < 200; round++) {
      if (round < 5) evict(world);
      peer.drain();
      await world.clock.settle();
    }
    for (const id of [1, 2, 3]) expect(contentOf(parts(peer, id))).toBe(digestOf(LARGE));
    // One after the other.
    expect(peer.lines.map((line) => ("id" in line ? line.id : 0))).toEqual(
      [1, 2, 3].flatMap((id) => Array<number>(parts(peer, id).length).fill(id)),
    );
    expect(peer.mostUnsent).toBeLessThanOrEqual(128 * 1024);
    expect(between.reads).toBeGreaterThan(3);
  });

  it("F13: is broken off with an error where the log has dropped it meanwhile", async () => {
    const { world } = setup({ retain: { count: 1 } });
    await world.append("log/a", LARGE, 1);
    const peer = await world.connect();
    peer.stuck = true;
    peer.send({ id: 1, history: "log/a" });
    await world.clock.settle();
    await world.append("log/a", "2", 1);
    evict(world);
    await readAll(world, peer);
    expect(peer.lines.at(-1)).toMatchObject({ id: 1, error: { code: "unavailable", retry: true } });
    // Others go on.
    expect(await peer.ask({ history: "log/a" })).toMatchObject({ entries: [[expect.any(Number), 2]] });
  });

  it("F13: is asked for no more by who has gone", async () => {
    const { world, between } = setup();
    await world.append("log/a", LARGE);
    const peer = await world.connect();
    peer.stuck = true;
    peer.send({ id: 1, history: "log/a" });
    await world.clock.settle();
    const { length } = peer.lines;
    peer.connection.transportClosed("1006", false);
    evict(world);
    await readAll(world, peer);
    expect([peer.lines.length, between.reads]).toEqual([length, 1]);
  });
});
