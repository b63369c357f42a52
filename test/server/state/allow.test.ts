/** Who may see and change which keys. */
import { describe, expect, it } from "vitest";
import { CHANNEL, stateSetup, type Options } from "./support.js";

type Allow = NonNullable<Options["allow"]>;

describe("allow, of changes", () => {
  it("E21: is asked about the keys of each thing that a publish does", async () => {
    const asked: unknown[] = [];
    const all = stateSetup({
      allow: ({ action, keys, prefix, user }) => asked.push([user.id, action, keys, prefix]) > 0,
    });
    const { publish } = await all.client("ann");
    await publish({ set: { a: 1 }, merge: { m: {} }, delete: ["d"], if: { absent: ["x"] } });
    expect(asked).toEqual([
      ["ann", "set", ["a", "m"], undefined],
      ["ann", "delete", ["d"], undefined],
      ["ann", "get", ["x"], undefined],
    ]);
    asked.length = 0;
    await publish({ delete: ["d"] });
    expect(asked).toEqual([["ann", "delete", ["d"], undefined]]);
  });

  const own: Allow = ({ user }) => ({ prefix: `${user.id}/` });
  const listed: Allow = async () => Promise.resolve({ keys: ["ann/1", "ann/2"] });

  it.each([
    ["a prefix", own],
    ["a list", listed],
  ])("E21: that answers with %s lets through its keys, and names the first other one", async (_, allow) => {
    const all = stateSetup({ allow });
    const { publish } = await all.client("ann");
    await all.put({ "bob/1": { secret: 1 } });
    expect(await publish({ set: { "ann/1": 1 }, delete: ["ann/2"] })).toHaveProperty("cursor");
    for (const [data, action] of [
      [{ set: { "ann/1": 2, "bob/1": 2 } }, "set"],
      [{ set: { "ann/1": 2 }, merge: { "bob/1": {} } }, "set"],
      [{ set: { "ann/1": 2 }, delete: ["bob/1"] }, "delete"],
      [{ set: { "ann/1": 2 }, if: { absent: ["bob/1"] } }, "get"],
    ] as const)
      expect(await publish(data)).toEqual({
        error: {
          code: "forbidden",
          message: `you may not ${action} "bob/1" on "${CHANNEL}"`,
          retry: false,
        },
      });
    expect(await all.held()).toEqual({ "ann/1": 1, "bob/1": { secret: 1 } });
  });

  it("E21: that says no, or rejects, refuses all of it", async () => {
    const all = stateSetup({ allow: ({ action }) => action !== "delete" });
    const { publish } = await all.client();
    await publish({ set: { a: 1 } });
    expect(await publish({ set: { a: 2 }, delete: ["b"] })).toMatchObject({ error: { code: "forbidden" } });
    expect(await all.held()).toEqual({ a: 1 });
  });

  it("E21: that answers with what is none lets nothing through", async () => {
    for (const answer of [{}, { prefix: 1 }, { keys: "all" }, 1, undefined]) {
      const all = stateSetup({ allow: () => answer as never });
      const { publish, peer } = await all.client();
      expect(await publish({ set: { a: 1 } })).toMatchObject({ error: { code: "internal" } });
      expect(await peer.ask({ subscribe: CHANNEL })).toMatchObject({ error: { code: "internal" } });
      expect(await all.held()).toEqual({});
    }
  });
});

describe("allow, of a subscription", () => {
  async function seen(allow: Allow, how: Readonly<Record<string, unknown>>): Promise<unknown> {
    const all = stateSetup({ allow });
    await all.put({ a: 1, "a/1": 1, "a/2": 1, b: 1 });
    const viewer = await all.watch(how);
    return viewer.result["error"] ?? Object.keys(viewer.map).sort().join(" ");
  }

  it("E22: is asked about what is asked for", async () => {
    const asked: unknown[] = [];
    const allow: Allow = ({ action, keys, prefix }) => asked.push([action, keys, prefix]) > 0;
    await seen(allow, {});
    await seen(allow, { prefix: "a" });
    await seen(allow, { keys: ["a", "b"] });
    expect(asked).toEqual([
      ["subscribe", undefined, undefined],
      ["subscribe", undefined, "a"],
      ["subscribe", ["a", "b"], undefined],
    ]);
  });

  it("E22: shows the keys that are asked for and allowed", async () => {
    expect(await seen(() => true, { prefix: "a/" })).toBe("a/1 a/2");
    expect(await seen(() => ({ prefix: "a/" }), {})).toBe("a/1 a/2");
    expect(await seen(() => ({ prefix: "a/" }), { prefix: "a" })).toBe("a/1 a/2");
    expect(await seen(() => ({ prefix: "a" }), { prefix: "a/" })).toBe("a/1 a/2");
    expect(await seen(() => ({ prefix: "a/" }), { keys: ["a/2", "b"] })).toBe("a/2");
    expect(await seen(() => ({ keys: ["a/2", "b"] }), { prefix: "a" })).toBe("a/2");
    expect(await seen(() => ({ keys: ["a/2", "b"] }), { keys: ["b", "c"] })).toBe("b");
    expect(await seen(() => ({ prefix: "" }), {})).toBe("a a/1 a/2 b");
  });

  it("E22: is forbidden where that is none", async () => {
    const forbidden = { code: "forbidden" };
    expect(await seen(() => false, {})).toMatchObject(forbidden);
    expect(await seen(() => ({ prefix: "a" }), { prefix: "b" })).toMatchObject(forbidden);
    expect(await seen(() => ({ prefix: "a" }), { keys: ["b"] })).toMatchObject(forbidden);
    expect(await seen(() => ({ keys: [] }), {})).toMatchObject(forbidden);
  });

  it("E22: begins anew where others are allowed than when the cursor was given out", async () => {
    let allowed = "a";
    const all = stateSetup({ allow: () => ({ prefix: allowed }) });
    await all.put({ a: 1, "a/1": 1 });
    const first = await all.watch();
    const back = { cursor: first.cursor, view: first.result["view"] };
    const same = await all.watch(back);
    expect(same.result).toMatchObject({ cursor: first.cursor, view: first.result["view"] });
    expect(same.messages).toBe(0);
    allowed = "a/";
    const other = await all.watch(back);
    expect(other.result["cursor"]).toMatch(/:0$/);
    expect(other.result["view"]).not.toBe(first.result["view"]);
    expect(other.map).toEqual({ "a/1": 1 });
  });
});
