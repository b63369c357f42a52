/** Merges: what they come to, and how long that lives. */
import { describe, expect, it } from "vitest";
import { DUE_REST_MS } from "../../../src/broker/index.js";
import { CHANNEL, stateSetup } from "./support.js";

describe("a merge", () => {
  it.each([
    ["puts fields in", { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ["changes a field", { a: 1, b: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ["takes out what is null", { a: 1, b: 1 }, { b: null, c: null }, { a: 1 }],
    ["changes a field as a whole", { a: { x: 1, y: 1 } }, { a: { x: null } }, { a: { x: null } }],
    ["of a key that holds nothing sets it", undefined, { a: 1, b: null }, { a: 1 }],
    ["of nothing changes nothing", { a: 1 }, {}, { a: 1 }],
  ])("E15: %s", async (_, before, patch, after) => {
    const all = stateSetup();
    const { publish } = await all.client();
    if (before !== undefined) await publish({ set: { k: before } });
    expect(await publish({ merge: { k: patch } })).toHaveProperty("cursor");
    expect(await all.held()).toEqual({ k: after });
  });

  it("E15: has fields of any name, __proto__ too", async () => {
    const all = stateSetup();
    const { peer } = await all.client();
    peer.send(`{"id":1,"publish":"${CHANNEL}","data":{"set":{"k":{"__proto__":{"a":1},"9":1}}}}`);
    peer.send(`{"id":2,"publish":"${CHANNEL}","data":{"merge":{"k":{"__proto__":{"b":1},"10":1}}}}`);
    peer.send(`{"id":3,"publish":"${CHANNEL}","data":{"merge":{"__proto__":{"c":1}}}}`);
    await all.world.clock.settle();
    const viewer = await all.watch();
    const told = JSON.stringify((viewer.lines[0] as unknown[])[2]);
    expect(told).toBe('["k",{"9":1,"10":1,"__proto__":{"b":1}},"__proto__",{"c":1}]');
    expect(({} as Record<string, unknown>)["b"]).toBeUndefined();
  });

  it.each([[1], ["text"], [null], [[1]]])("E15: into %j is invalid, and changes nothing", async (value) => {
    const all = stateSetup();
    const { publish } = await all.client();
    await publish({ set: { k: value } });
    const refused = await publish({ set: { other: 1 }, merge: { k: { a: 1 } } });
    expect(refused).toMatchObject({ error: { code: "invalid", retry: false, issues: [{ path: ["k"] }] } });
    expect(await all.held()).toEqual({ k: value });
  });

  it.each([
    ["what is no object", { merge: [1] }],
    ["what is no object for a key", { merge: { k: 1 } }],
    ["null for a key", { merge: { k: null } }],
    ["a key that is set as well", { merge: { k: {} }, set: { k: 1 } }],
    ["a key that is deleted as well", { merge: { k: {} }, delete: ["k"] }],
  ])("E12: of %s is a bad_request", async (_, data) => {
    const { publish } = await stateSetup().client();
    expect(await publish(data)).toMatchObject({ error: { code: "bad_request" } });
  });

  it("E15: that makes a value too large is too_large, and the key stays as it was", async () => {
    const all = stateSetup({}, { limits: { message: 1000 } });
    const { publish } = await all.client();
    await publish({ set: { k: { a: "x".repeat(600) } } });
    expect(await publish({ merge: { k: { b: "x".repeat(600) } } })).toMatchObject({
      error: { code: "too_large", message: expect.stringContaining('"k"') as string },
    });
    expect(await all.held()).toEqual({ k: { a: "x".repeat(600) } });
  });

  it("E13: that changes nothing says so", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    const { cursor } = await publish({ set: { k: { a: 1 } } });
    expect(await publish({ merge: { k: { a: 1 } } })).toEqual({ cursor, same: true });
  });

  it("E15: and a set of keys that there is no room for are limit_reached", async () => {
    const all = stateSetup({ keys: 1, bytes: 100 });
    const { publish } = await all.client();
    expect(await publish({ merge: { a: { x: 1 }, b: { x: 1 } } })).toMatchObject({
      error: { code: "limit_reached", limit: "keys" },
    });
    expect(await all.held()).toEqual({});
  });
});

describe("the time to live", () => {
  async function livesAfter(options: object, ...publishes: readonly object[]): Promise<unknown[]> {
    const all = stateSetup(options);
    const { publish } = await all.client();
    await all.world.clock.advance(DUE_REST_MS);
    for (const data of publishes) expect(await publish(data)).toHaveProperty("cursor");
    const page = await all.world.elsewhere.readSlots(CHANNEL, { slots: ["k"] }, all.options);
    return [page?.due];
  }

  it("E16: stays through a merge", async () => {
    expect(await livesAfter({}, { set: { k: {} }, ttl: 9000 }, { merge: { k: { a: 1 } } })).toEqual([9000]);
    expect(await livesAfter({}, { set: { k: {} } }, { merge: { k: { a: 1 } } })).toEqual([undefined]);
    expect(await livesAfter({ ttl: "1m" }, { set: { k: {} }, ttl: 9000 }, { merge: { k: {} } })).toEqual([
      9000,
    ]);
  });

  it("E16: is what a publish says, of merges too", async () => {
    expect(
      await livesAfter({ ttl: 100 }, { set: { k: {} }, ttl: 9000 }, { merge: { k: { a: 1 } }, ttl: 8000 }),
    ).toEqual([8000]);
  });

  it("E16: is the channel's where a publish says none, and ends with a set where there is none", async () => {
    expect(await livesAfter({ ttl: "8s" }, { set: { k: 1 } })).toEqual([8000]);
    expect(await livesAfter({ ttl: "8s" }, { merge: { k: { a: 1 } } })).toEqual([8000]);
    expect(await livesAfter({}, { set: { k: 1 }, ttl: 9000 }, { set: { k: 2 } })).toEqual([undefined]);
  });

  it("E14: of merged keys ends as that of others does, and they are deleted", async () => {
    const all = stateSetup();
    const { publish } = await all.client();
    const viewer = await all.watch();
    await publish({ set: { k: {} }, ttl: 6000 });
    await publish({ merge: { k: { a: 1 } } });
    expect(viewer.map).toEqual({ k: { a: 1 } });
    await all.world.clock.advance(20_000);
    expect(viewer.map).toEqual({});
  });
});
