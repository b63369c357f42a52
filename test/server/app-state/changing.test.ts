/** Changes of the application that depend on what a channel of keys holds. */
import { describe, expect, it } from "vitest";
import type { TidemarkError } from "../../../src/server/index.js";
import { NUMBERS, setup } from "./support.js";

describe("merge and change", () => {
  it("E27: puts fields into a value, and removes those that are null", async () => {
    const { keys } = setup();
    await keys.merge("a", { x: 1, y: 2 });
    const { cursor, same } = await keys.merge("a", { y: null, z: { deep: 1 } });
    expect(await keys.get("a")).toEqual({ x: 1, z: { deep: 1 } });
    expect([typeof cursor, same]).toEqual(["string", false]);
    expect(await keys.merge("a", { x: 1 })).toMatchObject({ same: true });
  });

  it("E27: changes all of it or nothing, where the conditions hold", async () => {
    const { keys } = setup();
    const { cursor } = await keys.change({ set: { a1: "ann" }, if: { absent: ["a1"] } });
    const error = await keys
      .change({ set: new Map([["a1", "bob"]]), delete: ["b"], if: { absent: ["a1"] } })
      .catch((thrown: unknown) => thrown as TidemarkError);
    expect(error).toMatchObject({ code: "conflict", retry: false, details: { now: { a1: "ann" } } });
    await keys.change({ set: { a1: "bob" }, if: { since: cursor, keys: ["a1"] } });
    await expect(
      keys.change({ set: { a1: "eve" }, if: { since: cursor, keys: ["a1"] } }),
    ).rejects.toMatchObject({ code: "conflict" });
    expect(await keys.entries()).toEqual(new Map([["a1", "bob"]]));
  });

  it("E27: comes after what was set before, in the order of the calls", async () => {
    const { keys, after } = setup();
    const set = keys.set("a", { x: 1 });
    const merged = keys.merge("a", { y: 2 });
    await merged;
    await after(set);
    expect(await keys.get("a")).toEqual({ x: 1, y: 2 });
  });

  it("E27: refuses what makes no sense", async () => {
    const { keys } = setup();
    await expect(keys.change({})).rejects.toMatchObject({ code: "bad_request" });
    await expect(keys.change({ set: { a: 1 }, delete: ["a"] })).rejects.toMatchObject({
      code: "bad_request",
    });
    await expect(keys.change({ set: { a: 1 }, ttl: "soon" as "1s" })).rejects.toThrow(TypeError);
    await expect(keys.set("a", 1, { ttl: "soon" as "1s" })).rejects.toThrow(TypeError);
  });
});

describe("update", () => {
  it("E27: sets a key to what is made of what it holds, one after the other on one server", async () => {
    const { keys } = setup();
    const asked: unknown[] = [];
    await Promise.all(
      Array.from({ length: 50 }, () =>
        keys.update("count", (count) => {
          asked.push(count);
          return Number(count ?? 0) + 1;
        }),
      ),
    );
    expect(await keys.get("count")).toBe(50);
    expect(asked.length).toBe(50);
  });

  it("E27: asks again with what others have made of it meanwhile", async () => {
    const { keys, put } = setup();
    await put({ count: 1 });
    const seen: unknown[] = [];
    await keys.update("count", async (count) => {
      seen.push(count);
      if (seen.length < 4) await put({ count: Number(count) * 10 });
      return Number(count) + 1;
    });
    expect(seen).toEqual([1, 10, 100, 1000]);
    expect(await keys.get("count")).toBe(1001);
  });

  it("E27: null is a value, and nothing is nothing, also after a conflict", async () => {
    const { keys, put } = setup();
    const seen: unknown[] = [];
    const steps: (() => Promise<void>)[] = [() => put({ a: null }), () => put({ a: undefined })];
    await keys.update("a", async (value) => {
      seen.push(value);
      await steps.shift()?.();
      return "mine";
    });
    expect(seen).toEqual([undefined, null, undefined]);
    expect(await keys.get("a")).toBe("mine");
  });

  it("E27: gives up after so many tries", async () => {
    const { keys, put } = setup();
    let asked = 0;
    const updating = keys.update(
      "a",
      async () => {
        await put({ a: ++asked });
        return "mine";
      },
      { tries: 3 },
    );
    await expect(updating).rejects.toMatchObject({ code: "unavailable", retry: true });
    expect(asked).toBe(3);
  });

  it("E27: changes nothing where nothing is returned, or something is thrown", async () => {
    const { keys, put } = setup({ value: NUMBERS });
    await put({ a: 1 });
    expect(await keys.update("a", () => undefined)).toMatchObject({ same: true });
    await expect(
      keys.update("a", () => {
        throw new RangeError("no");
      }),
    ).rejects.toThrow(RangeError);
    await expect(keys.update("a", () => "no number")).rejects.toMatchObject({ code: "invalid" });
    expect(await keys.get("a")).toBe(1);
  });

  it("E27: one that never ends keeps nobody else waiting", async () => {
    const { keys } = setup();
    void keys.update("a", () => new Promise(() => {}));
    await keys.update("a", () => 1);
    await keys.update("a", async () => {
      await keys.update("a", () => 2);
      return undefined;
    });
    expect(await keys.get("a")).toBe(2);
  });
});
