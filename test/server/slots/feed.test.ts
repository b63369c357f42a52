/** What subscribers of a channel of keys are told. */
import { describe, expect, it } from "vitest";
import type { Chunk } from "../../../src/server/delivery/chunk.js";
import type { Peer } from "../support/engine.js";
import { CHANNEL, setup, splitCursor } from "./support.js";

describe("a subscriber of a channel of keys", () => {
  it("E4: begins with all that there is, as of one place, and goes on from there", async () => {
    const { world, put, watch } = setup();
    await put({ a: 1, b: [2], gone: 3 });
    const before = await put({ gone: undefined });
    const viewer = await watch({ kind: "state" });
    expect(viewer.result).toMatchObject({ kind: "state", cursor: `${splitCursor(before)[0]}:0` });
    const ch = viewer.result["ch"];
    expect(viewer.lines).toEqual([[ch, splitCursor(before)[1], ["a", 1, "b", [2]]]]);
    const after = await put({ a: 4, b: undefined });
    await world.clock.settle();
    expect(viewer.lines[1]).toEqual([ch, splitCursor(after)[1], ["a", 4], { del: ["b"] }]);
    expect(viewer.map).toEqual({ a: 4 });
  });

  it("E4: is told that there is nothing", async () => {
    const { world, put, watch } = setup();
    const viewer = await watch();
    expect(viewer.lines).toEqual([[viewer.result["ch"], 0, []]]);
    const at = await put({ a: 1 });
    await world.clock.settle();
    expect(viewer.cursor).toBe(at);
    await put({ a: undefined });
    const other = await watch();
    expect(other.map).toEqual({});
    expect(other.lines).toHaveLength(1);
  });

  it("E5: gets of each key that changed in one turn the newest value, and no half of a change", async () => {
    const { world, put, watch } = setup();
    await put({ z: 0 });
    const viewer = await watch();
    await put({ a: 1, b: -1 });
    await put({ a: 2, b: -2 });
    await put({ c: 1 });
    const at = await put({ c: undefined });
    await world.clock.settle();
    expect(viewer.lines.at(-1)).toEqual([
      viewer.result["ch"],
      splitCursor(at)[1],
      ["a", 2, "b", -2],
      { del: ["c"], merged: 6 },
    ]);
  });

  it("E6: gets what is more than a page in parts, of which none is more than one", async () => {
    const { world, put, watch } = setup();
    for (let i = 0; i < 30; i++) await put({ [`k${i}`]: "x".repeat(5000) });
    await put({ large: "y".repeat(60_000) });
    const viewer = await watch();
    await world.clock.advance(1000);
    const metas = viewer.lines.map((line) => (line as unknown[])[3]);
    expect(metas.length).toBeGreaterThan(4);
    expect(metas).toEqual(
      metas.map((_, part) => (part === metas.length - 1 ? { part } : { part, more: true })),
    );
    expect(Object.keys(viewer.map)).toHaveLength(31);
    for (const line of viewer.lines) {
      const size = JSON.stringify(line).length;
      if (!JSON.stringify(line).includes("yyy")) expect(size).toBeLessThan(33 * 1024);
    }
  });

  it("E6: keys are any text, such as __proto__, and come in no special order", async () => {
    const { put, watch } = setup();
    const odd = JSON.parse('{"__proto__":1,"constructor":2,"10":3,"9":4,"":5,"\\u2028":6}') as object;
    await put(odd as Record<string, unknown>);
    const viewer = await watch();
    const [[, , list]] = viewer.lines as [[number, number, unknown[]]];
    expect(
      list
        .filter((_, i) => i % 2 === 0)
        .map(String)
        .toSorted(),
    ).toEqual(["", "10", "9", "__proto__", "constructor", "\u2028"]);
  });

  it("E7: with a rate gets the first change at once, and then no more messages than that", async () => {
    const { world, put, watch } = setup();
    await put({ a: 0 });
    const viewer = await watch({ rate: 6.5 });
    expect(viewer.result["rate"]).toBe(5);
    await world.clock.advance(1000);
    const begun = viewer.messages;
    for (let i = 1; i <= 100; i++) {
      await put({ a: i });
      await world.clock.advance(10);
      if (i === 1) expect(viewer.map).toEqual({ a: 1 });
    }
    // Five in a second, and the one at once.
    expect(viewer.messages - begun).toBeLessThanOrEqual(6);
    expect(viewer.messages - begun).toBeGreaterThanOrEqual(5);
    await world.clock.advance(200);
    expect(viewer.map).toEqual({ a: 100 });
  });

  it("E7: further than those at its rate, it is told also when they go, and another one who comes and goes", async () => {
    const { world, put, watch } = setup();
    const first = await put({ a: 1 });
    const one = await watch({ rate: 0.5, cursor: first });
    await put({ a: 2 });
    await world.clock.advance(10);
    const second = await put({ a: 3 });
    const further = await watch({ rate: 0.5, cursor: second });
    await one.peer.ask({ unsubscribe: CHANNEL });
    const third = await put({ a: 4 });
    const last = await watch({ rate: 0.5, cursor: third });
    await last.peer.ask({ unsubscribe: CHANNEL });
    await put({ a: 5 });
    await world.clock.advance(10_000);
    expect(further.lines.at(-1)).toMatchObject([further.result["ch"], expect.any(Number), ["a", 5]]);
  });

  it("E7: with rate 0 is told nothing, and comes back later", async () => {
    const { world, put, watch } = setup();
    const at = await put({ a: 0 });
    const viewer = await watch({ rate: 0, cursor: at });
    expect(viewer.result).toMatchObject({ rate: 0, cursor: at });
    await put({ a: 1 });
    await world.clock.advance(10_000);
    expect(viewer.lines).toEqual([]);
    const later = await watch({ cursor: at });
    expect(later.map).toEqual({ a: 1 });
  });

  it("E8: sees keys with a prefix, or of a list, and its cursor is good for that view only", async () => {
    const { world, put, watch } = setup();
    await put({ "x/1": 1, "x/2": 2, "y/1": 3 });
    const some = await watch({ prefix: "x/" });
    const listed = await watch({ keys: ["y/1", "x/2", "none"] });
    expect([some.map, listed.map]).toEqual([
      { "x/1": 1, "x/2": 2 },
      { "x/2": 2, "y/1": 3 },
    ]);
    const view = some.result["view"];
    expect(view).toMatch(/^[\w-]{8}$/);
    expect(listed.result["view"]).not.toBe(view);
    await put({ "x/1": undefined, "y/1": 4 });
    await world.clock.settle();
    expect([some.map, listed.map]).toEqual([{ "x/2": 2 }, { "x/2": 2, "y/1": 4 }]);
    const back = await watch({ prefix: "x/", cursor: some.cursor, view });
    expect(back.result["cursor"]).toBe(some.cursor);
    for (const other of [{ prefix: "y/", view }, { prefix: "x/" }, { view }, {}]) {
      const { result } = await watch({ cursor: some.cursor, ...other });
      const isSame = !("view" in other) && !("prefix" in other);
      expect(splitCursor(String(result["cursor"]))[1]).toBe(isSame ? splitCursor(some.cursor)[1] : 0);
    }
    expect(await (await world.connect()).ask({ subscribe: CHANNEL, prefix: "a", keys: ["b"] })).toMatchObject(
      {
        error: { code: "bad_request" },
      },
    );
  });

  it("E9: is told where it stands at most every five seconds, while others' keys change", async () => {
    const { world, put, watch } = setup();
    await put({ "x/1": 1, "y/1": 0 });
    const viewer = await watch({ prefix: "x/" });
    await world.clock.settle();
    const before = viewer.messages;
    let at = "";
    for (let i = 1; i <= 120; i++) {
      at = await put({ "y/1": i });
      await world.clock.advance(100);
    }
    expect(viewer.messages - before).toBeLessThanOrEqual(3);
    await world.clock.advance(5000);
    expect(viewer.cursor).toBe(at);
    expect(viewer.lines.at(-1)).toEqual([viewer.result["ch"], splitCursor(at)[1]]);
  });

  it("E11: one that does not read costs the others nothing, and gets all of it at once later", async () => {
    const { world, put, watch } = setup();
    await put({ sum: 0 });
    const [slow, fast] = [await watch(), await watch()];
    slow.peer.stuck = true;
    for (let i = 1; i <= 200; i++) {
      await put({ [`k${i % 50}`]: `${i}${"x".repeat(8000)}`, sum: i });
      await world.clock.settle();
      expect(fast.map["sum"]).toBe(i);
    }
    expect(slow.peer.mostUnsent).toBeLessThanOrEqual(128 * 1024);
    const { messages } = slow;
    for (let round = 0; round < 100; round++) {
      slow.peer.drain();
      await world.clock.settle();
    }
    expect(slow.peer.mostUnsent).toBeLessThanOrEqual(128 * 1024);
    expect(slow.map).toEqual(fast.map);
    expect(slow.cursor).toBe(fast.cursor);
    expect(slow.messages - messages).toBeLessThan(4);
    slow.peer.stuck = false;
    await put({ sum: 201 });
    await world.clock.settle();
    expect(slow.map["sum"]).toBe(201);
  });

  it("E11: all who come at once are sent the very same", async () => {
    const { world, put } = setup();
    for (let i = 0; i < 20; i++) await put({ [`k${i}`]: "x".repeat(5000) });
    const peers: Peer[] = [];
    for (let i = 0; i < 5; i++) peers.push(await world.connect());
    const written = peers.map((peer) => {
      const chunks: Chunk[] = [];
      peer.write = (several) => void chunks.push(...several);
      peer.writeShared = (chunk) => void chunks.push(chunk);
      peer.send({ id: 1, subscribe: CHANNEL });
      return chunks;
    });
    await world.clock.advance(1000);
    const [first, ...others] = written.map((chunks) => chunks.filter(({ size }) => size > 1000));
    expect(first?.length).toBeGreaterThan(2);
    for (const chunks of others) {
      expect(chunks).toHaveLength(first?.length ?? 0);
      chunks.forEach((chunk, i) => expect(chunk).toBe(first?.[i]));
    }
  });

  it("E1: hints that do not say what has changed, and holes in them, are mended by reading", async () => {
    const { world, put, watch } = setup();
    await put({ a: 1 });
    const viewer = await watch();
    await put({ large: "x".repeat(70_000), a: 2 });
    await world.clock.advance(100);
    expect(viewer.map["a"]).toBe(2);
    expect(String(viewer.map["large"])).toHaveLength(70_000);
  });
});
