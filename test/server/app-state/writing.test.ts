/** What the application sets and deletes on a channel of keys, without conditions: it goes together. */
import { describe, expect, it, onTestFinished } from "vitest";
import { BrokerError, type Broker, type ChangesDraft } from "../../../src/broker/index.js";
import { state, tidemark } from "../../../src/server/index.js";
import { guessedBytes } from "../../../src/server/state/write-batches.js";
import { testApp } from "../../../src/testing/index.js";
import { deferred, quiet } from "../support/serve.js";
import { NUMBERS, changed, setup, type SetupOptions } from "./support.js";

/** An app whose changes are counted on their way. */
function counting(options: SetupOptions = {}, before: () => Promise<void> = async () => {}) {
  const drafts: ChangesDraft[] = [];
  const between = (broker: Broker): Broker =>
    changed(broker, {
      change: async (channel, list, slots) => {
        drafts.push(...list);
        await before();
        return broker.change(channel, list, slots);
      },
    });
  return { drafts, ...setup({ ...options, between }) };
}

const sizes = (drafts: readonly ChangesDraft[]): number[] => drafts.map(({ changes }) => changes.length);

describe("what is set and deleted within 10 ms", () => {
  it("E26: is one change, the last for each key, and all are told its place", async () => {
    const { keys, drafts, after, put } = counting();
    await put({ old: 1 });
    const calls = [
      keys.set("a", 1),
      keys.set({ a: 2, b: 3 }),
      keys.set(new Map([["c", 4]])),
      keys.delete(["old", "b"]),
    ];
    const written = await after(Promise.all(calls));
    expect(new Set(written.map(({ cursor }) => cursor)).size).toBe(1);
    expect(written[0]?.cursor).toMatch(/^[\w-]+:\d+$/);
    expect(sizes(drafts)).toEqual([4]);
    expect(await keys.entries()).toEqual(
      new Map([
        ["a", 2],
        ["c", 4],
      ]),
    );
  });

  it("E26: 20,000 sets a second are a hundred changes a second", async () => {
    const { keys, drafts, clock } = counting();
    const calls: Promise<unknown>[] = [];
    for (let ms = 0; ms < 1000; ms++) {
      for (let n = 0; n < 20; n++) calls.push(keys.set(`k${(ms * 20 + n) % 500}`, ms));
      await clock.advance(1);
    }
    await clock.advance(10);
    await Promise.all(calls);
    expect(drafts.length).toBeLessThanOrEqual(101);
    expect(drafts.length).toBeGreaterThan(80);
    expect((await keys.entries()).size).toBe(500);
  });

  it("E26: of more than 1,000 keys, or a MiB, is several changes", async () => {
    const { keys, drafts, after } = counting();
    await after(Promise.all(Array.from({ length: 2500 }, (_, n) => keys.set(`k${n}`, n))));
    expect(sizes(drafts)).toEqual([1000, 1000, 500]);
    drafts.length = 0;
    const large = "x".repeat(60_000);
    await after(Promise.all(Array.from({ length: 40 }, (_, n) => keys.set(`k${n}`, large))));
    expect(drafts.length).toBeGreaterThan(2);
    expect(drafts.length).toBeLessThan(12);
    expect(await keys.get("k39")).toBe(large);
  });

  it("E26: with other times to live is other changes, and the last for a key still holds", async () => {
    const { keys, drafts, after, clock } = counting();
    const calls = [
      keys.set("a", 1, { ttl: "20s" }),
      keys.set("b", 1, { ttl: "20s" }),
      keys.set("a", 2),
      keys.set("c", 1),
      keys.set("b", 3, { ttl: 20_000 }),
      keys.set("c", 2, { ttl: "20s" }),
    ];
    await after(Promise.all(calls));
    expect(await keys.entries()).toEqual(
      new Map([
        ["b", 3],
        ["a", 2],
        ["c", 2],
      ]),
    );
    expect(drafts.length).toBe(3);
    const watch = keys.watch(() => {});
    await clock.advance(30_000);
    watch.close();
    expect([...(await keys.entries()).keys()]).toEqual(["a"]);
  });

  it("E26: one change is under way at a time; what comes meanwhile waits, and only the newest of it goes", async () => {
    let gate = deferred();
    const { keys, drafts, clock } = counting({}, () => gate.promise);
    const first = keys.set("a", 0);
    await clock.advance(10);
    const others = Array.from({ length: 5000 }, (_, n) => keys.set("a", n));
    await clock.advance(5000);
    expect(drafts.length).toBe(1);
    const opened = gate;
    gate = deferred();
    gate.resolve();
    opened.resolve();
    await clock.advance(10);
    await Promise.all([first, ...others]);
    expect(drafts.map(({ changes }) => changes)).toMatchObject([
      [{ slot: "a", data: "0" }],
      [{ slot: "a", data: "4999" }],
    ]);
  });
});

describe("what is refused", () => {
  it("E26: costs the others nothing that were set with it", async () => {
    const { keys, after } = counting({ value: NUMBERS });
    const outcomes = await after(
      Promise.allSettled([
        keys.set("a", 1),
        keys.set("b", "no number"),
        keys.set("ä".repeat(200), 1),
        keys.set("a", 2),
        keys.set({ c: 3, d: "no number" }),
        keys.set("e", 4),
        keys.set({}),
      ]),
    );
    expect(
      outcomes.map((one) =>
        one.status === "fulfilled" ? "ok" : (one.reason as { readonly code: string }).code,
      ),
    ).toEqual(["ok", "invalid", "limit_reached", "ok", "invalid", "ok", "bad_request"]);
    expect(await keys.entries()).toEqual(
      new Map([
        ["a", 2],
        ["e", 4],
      ]),
    );
  });

  it("E26: where the channel is full, those go on that are there already", async () => {
    const { keys, put, after } = counting({ keys: 2 });
    await put({ a: 1, b: 1 });
    const outcomes = await after(Promise.allSettled([keys.set("a", 2), keys.set("c", 2), keys.set("b", 2)]));
    expect(outcomes).toMatchObject([
      { status: "fulfilled" },
      { status: "rejected", reason: { code: "limit_reached", details: { limit: "keys" } } },
      { status: "fulfilled" },
    ]);
  });

  it("E26: by a broker that is away is tried once, and all are told", async () => {
    const { keys, drafts, after } = counting({}, () => {
      throw new BrokerError("unavailable", "no answer");
    });
    const outcomes = await after(Promise.allSettled([keys.set("a", 1), keys.set("b", 1)]));
    expect(outcomes).toMatchObject([
      { reason: { code: "outcome_unknown" } },
      { reason: { code: "outcome_unknown" } },
    ]);
    expect(drafts.length).toBe(1);
  });

  it("E26: values that are strange in themselves are invalid, and are not looked into without end", async () => {
    const { keys, after } = counting();
    const round: Record<string, unknown> = {};
    for (const name of ["a", "b", "c"]) round[name] = round;
    let deep: unknown = 0;
    for (let n = 0; n < 50_000; n++) deep = [deep];
    expect(guessedBytes(round)).toBeGreaterThan(1024 * 1024);
    const outcomes = await after(
      Promise.allSettled([
        keys.set("a", round),
        keys.set("b", 10n),
        keys.set("c", undefined),
        keys.set("d", deep),
        keys.set("e", 1),
      ]),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(outcomes.slice(0, 3)).toMatchObject(Array(3).fill({ reason: { code: "invalid" } }));
  });
});

it("E26: any key is one, __proto__ too", async () => {
  const { keys, after } = counting();
  await after(Promise.all([keys.set("__proto__", { polluted: 1 }), keys.set("constructor", 2)]));
  await after(keys.set(JSON.parse('{"__proto__":{"polluted":2}}') as Record<string, unknown>));
  await keys.change({ set: new Map([["toString", 3]]), merge: new Map([["__proto__", { more: 4 }]]) });
  expect(await keys.get("__proto__")).toEqual({ polluted: 2, more: 4 });
  expect((await keys.entries()).size).toBe(3);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

it("E26: what was set before the app is closed is written", async () => {
  const { keys, app, elsewhere, put } = counting();
  await put({ b: 1 });
  const written = keys.set("a", 1);
  await app.close();
  await written;
  const page = await elsewhere.readSlots(
    "keys/a",
    { slots: ["a"] },
    { keeping: { by: "slots", most: { count: 10, bytes: 1000 }, graves: {} }, dedupe: 1000 },
  );
  expect(page?.entries).toMatchObject([{ changes: [{ slot: "a", data: "1" }] }]);
});

it("E26: in a testApp, where time stands still, what is set waits only for its turn", async () => {
  const app = tidemark(quiet).channels({ "keys/:id": state() });
  const run = testApp(app);
  onTestFinished(() => run.close());
  const keys = app.state("keys/a");
  const [one, two] = await Promise.all([keys.set("a", 1), keys.set("b", 2)]);
  expect(one.cursor).toBe(two.cursor);
  await keys.set("a", 3);
  const watch = keys.watch(() => {});
  await watch.ready;
  expect(await keys.get("a")).toBe(3);
});
