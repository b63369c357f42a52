/** What hands publishes to the broker, by itself. */
import { describe, expect, it } from "vitest";
import type { Appended, Broker, Draft } from "../../src/broker/index.js";
import { Appender } from "../../src/server/connection/publish/appender.js";
import { VirtualClock } from "../../src/testing/index.js";
import { deferred } from "./support/serve.js";
import { raise } from "./support/raise.js";

describe("the appender", () => {
  const options = { keeping: { by: "entries" as const }, dedupe: 0 };
  const draft = (id: number, size = 1): Draft => ({
    data: "x".repeat(size),
    key: { scope: "s", id, print: 0 },
  });

  function setup() {
    const calls: { drafts: number[]; answer: ReturnType<typeof deferred<Appended[]>> }[] = [];
    const broker = {
      append: (_: string, drafts: readonly Draft[]) => {
        const answer = deferred<Appended[]>();
        calls.push({ drafts: drafts.map(({ key }) => key.id as number), answer });
        return answer.promise;
      },
    } as unknown as Broker;
    const appender = new Appender(broker, new VirtualClock(), raise);
    const done: string[] = [];
    const add = (id: number, size = 1, aborted = (): boolean => false): void => {
      const made = draft(id, size);
      appender.append("c", options, {
        draftAt: () => made,
        aborted,
        done: (outcome) =>
          void done.push(
            `${id} ${outcome instanceof Error ? outcome.message : typeof outcome === "string" ? outcome : "ok"}`,
          ),
      });
    };
    const tick = (): Promise<void> => new VirtualClock().settle();
    return { appender, calls, done, add, tick };
  }
  const ok = (drafts: readonly number[]): Appended[] =>
    drafts.map((offset) => ({ offset, duplicate: false }));

  it("P10: one append is under way, and what comes meanwhile goes together in the next", async () => {
    const { appender, calls, done, add, tick } = setup();
    // What comes in one read goes together, too.
    for (const id of [1, 2]) add(id);
    await tick();
    expect(calls.map(({ drafts }) => drafts)).toEqual([[1, 2]]);
    for (const id of [3, 4]) {
      add(id);
      await tick();
    }
    expect(calls).toHaveLength(1);
    calls[0]?.answer.resolve(ok([1, 2]));
    await tick();
    expect(calls.map(({ drafts }) => drafts)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    add(5);
    calls[1]?.answer.resolve(ok([3, 4]));
    await tick();
    calls[2]?.answer.resolve(ok([5]));
    await tick();
    expect(done).toEqual(["1 ok", "2 ok", "3 ok", "4 ok", "5 ok"]);
    expect(appender.waiting).toBe(0);
  });

  it("P9: a failed append fails its own batch only", async () => {
    const { calls, done, add, tick } = setup();
    add(1);
    await tick();
    for (const id of [2, 3]) add(id);
    calls[0]?.answer.resolve(ok([1]));
    await tick();
    calls[1]?.answer.reject(new Error("gone"));
    add(4);
    await tick();
    calls[2]?.answer.resolve(ok([4]));
    await tick();
    expect(done).toEqual(["1 ok", "2 gone", "3 gone", "4 ok"]);
  });

  it("P11: asks at the last moment whether one is aborted", async () => {
    const { calls, done, add, tick } = setup();
    let shut = false;
    add(1);
    await tick();
    add(2, 1, () => shut);
    add(3);
    shut = true;
    calls[0]?.answer.reject(new Error("gone"));
    await tick();
    expect(calls[1]?.drafts).toEqual([3]);
    expect(done).toEqual(["1 gone", "2 aborted"]);
  });

  it("B1: fewer outcomes than drafts is a failure of those left over", async () => {
    const { calls, done, add, tick } = setup();
    for (const id of [1, 2, 3]) add(id);
    await tick();
    calls[0]?.answer.resolve(ok([1, 2]));
    await tick();
    expect(done).toEqual(["1 ok", "2 ok", expect.stringContaining("fewer outcomes")]);
  });

  it("G6: a batch is bounded in count and in bytes", async () => {
    const { calls, add, tick } = setup();
    for (let id = 0; id < 600; id++) add(id);
    for (let id = 600; id < 640; id++) add(id, 100_000);
    while (calls.at(-1)?.drafts.at(-1) !== 639) {
      calls.at(-1)?.answer.resolve(ok(calls.at(-1)?.drafts ?? []));
      await tick();
    }
    const sizes = calls.map(({ drafts }) => drafts.length);
    expect(Math.max(...sizes)).toBe(256);
    expect(sizes.at(-2)).toBeLessThan(30);
    expect(sizes.reduce((a, b) => a + b)).toBe(640);
  });
});
