/** What the application says to changes before they are made. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { TidemarkError } from "../../../src/server/index.js";
import { CHANNEL, stateSetup, type Options } from "./support.js";

type Seen = Parameters<NonNullable<Options["onChange"]>>[0];

describe("the schema of values", () => {
  const value = z.object({ n: z.number(), text: z.string().default("none") });

  it("E20: gives what is kept, of sets and of what merges come to", async () => {
    const all = stateSetup({ value });
    const { publish } = await all.client();
    await publish({ set: { a: { n: 1 } } });
    await publish({ merge: { a: { n: 2 }, b: { n: 3 } } });
    expect(await all.held()).toEqual({ a: { n: 2, text: "none" }, b: { n: 3, text: "none" } });
  });

  it.each([
    ["set", { set: { a: { n: 1 }, b: { n: "x" } } }],
    ["merge", { set: { a: { n: 1 } }, merge: { b: { n: "x" } } }],
    ["merge", { set: { a: { n: 1 } }, merge: { b: { n: null } } }],
  ])("E20: refuses all of a publish for one %s, and says where", async (_, data) => {
    for (const schema of [value, value.refine(async () => Promise.resolve(true))]) {
      const all = stateSetup({ value: schema });
      const { publish } = await all.client();
      await publish({ set: { b: { n: 0 } } });
      expect(await publish(data)).toMatchObject({
        error: { code: "invalid", message: expect.stringMatching(/^b\.n: /), issues: [{ path: ["b", "n"] }] },
      });
      expect(await all.held()).toEqual({ b: { n: 0, text: "none" } });
    }
  });

  it("E20: that returns what is no JSON is told of in the log", async () => {
    const all = stateSetup({ value: z.any().transform(() => 1n) });
    const { publish } = await all.client();
    expect(await publish({ set: { a: 1 } })).toMatchObject({ error: { code: "invalid" } });
    expect(JSON.stringify(all.world.log.lines)).toContain("the schema returned what cannot be published");
  });
});

describe("onChange", () => {
  it("E20: sees what is to be, what is, and who asks", async () => {
    const seen: Seen[] = [];
    const all = stateSetup({ onChange: (change) => void seen.push(change) });
    const { publish } = await all.client("ann");
    await publish({ set: { a: 1, m: { x: 1 } } });
    await publish({ set: { a: 2, b: 3 }, merge: { m: { y: 2 } }, delete: ["gone"], ttl: 5000 });
    const [first, second] = seen;
    expect(first).toMatchObject({
      previous: new Map(),
      ttl: undefined,
      channel: CHANNEL,
      user: { id: "ann" },
    });
    expect(second?.set).toEqual(
      new Map<string, unknown>([
        ["a", 2],
        ["b", 3],
        ["m", { x: 1, y: 2 }],
      ]),
    );
    expect(second?.previous).toEqual(
      new Map<string, unknown>([
        ["a", 1],
        ["m", { x: 1 }],
      ]),
    );
    expect([second?.delete, second?.ttl]).toEqual([["gone"], 5000]);
    expect(second?.key).toMatch(/^[\w-]{43}$/);
    expect(second?.key).not.toBe(first?.key);
    expect(await all.held()).toEqual({ a: 2, b: 3, m: { x: 1, y: 2 } });
  });

  it.each([
    ["set", { set: { a: "mine", c: 1 } }, { a: "mine", c: 1 }],
    ["set, as a map", { set: new Map([["a", "mine"]]) }, { a: "mine" }],
    ["delete", { delete: ["a"] }, { b: 2 }],
    ["all", { set: {}, delete: ["old"] }, {}],
    ["nothing", {}, { a: 1, b: 2 }],
  ])("E20: returns what is done instead: %s", async (_, revision, after) => {
    const all = stateSetup({ onChange: async () => Promise.resolve(revision) });
    const { publish } = await all.client();
    await all.put({ old: 1 });
    expect(await publish({ set: { a: 1, b: 2 }, delete: ["old"] })).toHaveProperty("cursor");
    const old = "delete" in revision && !revision.delete.includes("old") ? { old: 1 } : {};
    expect(await all.held()).toEqual({ ...after, ...old });
  });

  it("E20: that throws refuses all of it", async () => {
    const all = stateSetup({
      onChange: ({ set, previous }) => {
        if (previous.has("a") && set.has("a")) throw new TidemarkError("taken", "a is taken");
      },
    });
    const { publish } = await all.client();
    await publish({ set: { a: 1 } });
    expect(await publish({ set: { a: 2, b: 1 } })).toMatchObject({
      error: { code: "taken", message: "a is taken", retry: false },
    });
    expect(await all.held()).toEqual({ a: 1 });
  });

  it.each([
    ["nothing", { set: {}, delete: [] }, "rejected"],
    ["too long a key", { set: { ["x".repeat(300)]: 1 } }, "limit_reached"],
    ["what is no JSON", { set: { a: 1n } }, "invalid"],
    ["no time to live", { ttl: 0 }, "bad_request"],
  ])("E20: that leaves %s refuses all of it", async (_, revision, code) => {
    const all = stateSetup({ onChange: () => revision });
    const { publish } = await all.client();
    expect(await publish({ set: { a: 1 } })).toMatchObject({ error: { code } });
    expect(await all.held()).toEqual({});
  });

  it("E20: that fails is internal, and the next goes on", async () => {
    let fails = true;
    const all = stateSetup({
      onChange: async () => {
        await Promise.resolve();
        if (fails) throw new Error("the database is away");
      },
    });
    const { publish } = await all.client();
    expect(await publish({ set: { a: 1 } })).toMatchObject({ error: { code: "internal" } });
    fails = false;
    expect(await publish({ set: { a: 1 } })).toHaveProperty("cursor");
  });

  it("E17: is asked again where what it was shown has changed, about values of its own", async () => {
    const shown: unknown[] = [];
    const all = stateSetup({
      onChange: async ({ set, previous }) => {
        await Promise.resolve();
        const value = set.get("a") as { n: number };
        value.n += Number((previous.get("a") as { n: number } | undefined)?.n ?? 0);
        shown.push(value.n);
      },
    });
    const { publish } = await all.client();
    const left = [1, 10];
    all.broker.before = async () => {
      const n = left.shift();
      if (n !== undefined) await all.put({ a: { n } });
    };
    await publish({ set: { a: { n: 100 } } });
    expect(shown).toEqual([100, 101, 110]);
    expect(await all.held()).toEqual({ a: { n: 110 } });
  });

  it("E17: decides about one key for one publish after the other, and about others meanwhile", async () => {
    const open: (() => void)[] = [];
    const asked: string[] = [];
    const all = stateSetup({
      onChange: async ({ set, user }) => {
        asked.push(`${user.id} ${[...set.keys()].join()}`);
        await new Promise<void>((resolve) => open.push(resolve));
      },
    });
    const [ann, bob, cay] = [await all.client("ann"), await all.client("bob"), await all.client("cay")];
    for (const [{ peer }, key] of [
      [ann, "a"],
      [bob, "a"],
      [cay, "c"],
      [ann, "d"],
    ] as const)
      peer.send({ id: 1, publish: CHANNEL, data: { set: { [key]: 1 } } });
    await all.world.clock.settle();
    expect(asked).toEqual(["ann a", "cay c"]);
    open.splice(0).forEach((go) => go());
    await all.world.clock.settle();
    expect(asked.slice(2).sort()).toEqual(["ann d", "bob a"]);
    open.splice(0).forEach((go) => go());
    await all.world.clock.settle();
    expect(Object.keys(await all.held()).sort()).toEqual(["a", "c", "d"]);
    expect(all.world.engine.node.appender.waiting).toBe(0);
  });

  it("E18: that does not settle holds others up for ten seconds, and is named in the log", async () => {
    let isStuck = true;
    const all = stateSetup({ onChange: () => (isStuck ? new Promise(() => {}) : undefined) });
    const [ann, bob] = [await all.client("ann"), await all.client("bob")];
    expect(await ann.publish({ set: { a: 1 } })).toEqual({});
    isStuck = false;
    bob.peer.send({ id: 1, publish: CHANNEL, data: { set: { a: 2 } } });
    await all.world.clock.advance(9000);
    expect(bob.peer.answer(1)).toEqual({});
    await all.world.clock.advance(6000);
    expect(bob.peer.answer(1)).toHaveProperty("cursor");
    expect(JSON.stringify(all.world.log.lines)).toContain("onChange");
  });

  it("E20: lets through what is then appended, also where its publisher has gone", async () => {
    const open: (() => void)[] = [];
    const all = stateSetup({ onChange: () => new Promise<void>((resolve) => open.push(resolve)) });
    const { peer } = await all.client();
    peer.send({ id: 1, publish: CHANNEL, data: { set: { a: 1 } } });
    await all.world.clock.settle();
    peer.connection.transportClosed("gone", false);
    open[0]?.();
    await all.world.clock.settle();
    expect(await all.held()).toEqual({ a: 1 });
  });

  it("E19: is not called for what is in the log already", async () => {
    let calls = 0;
    const all = stateSetup({ onChange: () => void calls++ });
    const { publish } = await all.client();
    const first = await publish({ set: { a: 1 } }, { idem: 1, first: true });
    expect(await publish({ set: { a: 1 } }, { idem: 1, first: true, age: 10 })).toEqual(first);
    expect(calls).toBe(1);
  });
});
