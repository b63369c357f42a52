/** Asking what some keys hold. */
import { describe, expect, it } from "vitest";
import { stream } from "../../../src/server/index.js";
import { World } from "../support/engine.js";
import { CHANNEL, stateSetup } from "./support.js";

describe("get", () => {
  it("E23: tells what keys hold, and where that is so", async () => {
    const all = stateSetup();
    const { peer, publish } = await all.client();
    await publish({ set: { a: { x: 1 }, b: null, ["__proto__"]: 3, gone: 1 } });
    const { cursor } = await publish({ set: { "10": 1 }, delete: ["gone"] });
    peer.send(`{"id":5,"get":"${CHANNEL}","keys":["a","b","10","gone","never","__proto__","a"]}`);
    await all.world.clock.settle();
    const answer = peer.answer(5) as { cursor: string; values: object };
    expect(answer.cursor).toBe(cursor);
    const told = new Map(Object.entries(answer.values) as [string, unknown][]);
    expect(told).toEqual(
      new Map<string, unknown>([
        ["10", 1],
        ["__proto__", 3],
        ["a", { x: 1 }],
        ["b", null],
      ]),
    );
    expect(await publish({ set: { a: 2 }, if: { since: answer.cursor, keys: ["a"] } })).toHaveProperty(
      "cursor",
    );
  });

  it("E23: of a channel in which nothing is yet has a cursor, and leaves nothing behind", async () => {
    const all = stateSetup();
    const { peer, publish } = await all.client();
    const answer = await peer.ask({ get: CHANNEL, keys: ["a"] });
    expect(answer).toEqual({ cursor: expect.stringMatching(/:0$/) as string, values: {} });
    const since = answer["cursor"];
    expect(await publish({ set: { a: 1 }, if: { since, keys: ["a"] } })).toHaveProperty("cursor");
  });

  it("E23: of more than 64 KiB together is too_large, of one key never", async () => {
    const all = stateSetup({}, { limits: { message: 96 * 1024, frame: 128 * 1024 } });
    const { peer } = await all.client();
    await all.put({ a: "x".repeat(40_000), b: "x".repeat(40_000), c: "x".repeat(90_000) });
    expect(await peer.ask({ get: CHANNEL, keys: ["a", "b"] })).toMatchObject({
      error: { code: "too_large", message: expect.stringMatching(/fewer.*subscribe/) as string },
    });
    expect(await peer.ask({ get: CHANNEL, keys: ["c"] })).toHaveProperty("values.c.length", 90_000);
  });

  it.each([
    ["no keys", {}],
    ["an empty list", { keys: [] }],
    ["too many", { keys: Array.from({ length: 1001 }, String) }],
    ["what is no list", { keys: "a" }],
    ["what is no key", { keys: [1] }],
  ])("E23: of %s is a bad_request", async (_, how) => {
    const { peer } = await stateSetup().client();
    expect(await peer.ask({ get: CHANNEL, ...how })).toMatchObject({ error: { code: "bad_request" } });
  });

  it("E21: asks allow about its keys", async () => {
    const all = stateSetup({ allow: ({ action }) => (action === "get" ? { prefix: "a" } : true) });
    await all.put({ a: 1, b: 1 });
    const { peer } = await all.client();
    expect(await peer.ask({ get: CHANNEL, keys: ["a"] })).toHaveProperty("values", { a: 1 });
    expect(await peer.ask({ get: CHANNEL, keys: ["a", "b"] })).toMatchObject({
      error: { code: "forbidden", message: expect.stringContaining('get "b"') as string },
    });
  });

  it("E23: of what is no state channel is wrong_kind, and of no channel not_found", async () => {
    const world = new World({ "chat/:id": stream() });
    const peer = await world.connect();
    expect(await peer.ask({ get: "chat/a", keys: ["a"] })).toMatchObject({ error: { code: "wrong_kind" } });
    expect(await peer.ask({ get: "nothing", keys: ["a"] })).toMatchObject({ error: { code: "not_found" } });
  });
});
