/** The node's store of payloads that go in parts, and how much is read for it at once. */
import { describe, expect, it } from "vitest";
import { LargePayloads } from "../../src/server/delivery/large-payloads.js";
import { Reads } from "../../src/server/feed/read-limit.js";
import { payload } from "./support/parts.js";
import { deferred } from "./support/serve.js";

const at = (offset: number) => ({ epoch: "e", offset });
const entry = (offset: number, size = 100_000) => ({ offset, prev: offset - 1, data: payload(size, offset) });

describe("payloads that go in parts", () => {
  it("F16: are held up to a bound for all together, those that were used last", () => {
    const one = new LargePayloads().put("a", "e", entry(1)).size;
    const store = new LargePayloads(3 * one);
    for (const offset of [1, 2, 3]) store.put("a", "e", entry(offset));
    expect(store.bytes).toBe(3 * one);
    store.get("a", at(1));
    store.put("b", "e", entry(2));
    expect([1, 2, 3].map((offset) => store.get("a", at(offset)) !== undefined)).toEqual([true, false, true]);
    expect(store.get("b", at(2))?.data).toEqual(payload(100_000, 2));
    expect(store.bytes).toBe(3 * one);
  });

  it("F16: are at least the one that was used last, however large it is", () => {
    const store = new LargePayloads(1000);
    store.put("a", "e", entry(1));
    const made = store.put("a", "e", entry(2));
    expect([store.get("a", at(1)), store.get("a", at(2))]).toEqual([undefined, made]);
    expect(store.bytes).toBe(made.size);
  });

  it("F16: are told apart by channel, epoch and offset", () => {
    const store = new LargePayloads();
    const made = store.put("a", "e", entry(1));
    expect(store.put("a", "e", entry(1))).toBe(made);
    expect(store.get("a", { epoch: "f", offset: 1 })).toBeUndefined();
    expect(store.get("b", at(1))).toBeUndefined();
    expect(store.bytes).toBe(made.size);
  });

  it("F8: have each part encoded once for those who ask for it one after the other", () => {
    const made = new LargePayloads().put("a", "e", entry(1, 10 * 32 * 1024));
    expect(made.part(1, 3)).toBe(made.part(1, 3));
    const third = made.part(1, 3);
    for (let part = 4; part < 10; part++) made.part(1, part);
    expect(made.part(1, 3)).not.toBe(third);
    expect(made.part(1, 3).toText()).toBe(third.toText());
    // The channel was opened anew, and has another number.
    expect(made.part(2, 3).toText()).toMatch(/^\[2,1,null,\{"bytes":32768,"part":3,"more":true\}\]\n/);
  });
});

describe("reads of logs", () => {
  it("F18: are under way at once so many as bring 64 MiB, and the others in their turn", async () => {
    const { first: limit, again } = new Reads(16 * 1024 * 1024);
    const answers = Array.from({ length: 10 }, () => deferred());
    const begun: number[] = [];
    const reads = answers.map(({ promise }, i) => limit.run(() => (begun.push(i), promise)));
    expect(begun).toEqual([0, 1, 2, 3]);
    answers[2]?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    for (const { resolve } of answers) resolve();
    await Promise.all(reads);
    expect(begun).toHaveLength(10);
    // What is read again waits for its like only.
    const slow = [again.run(() => deferred().promise), again.run(() => deferred().promise)];
    await expect(limit.run(() => Promise.resolve("at once"))).resolves.toBe("at once");
    expect(slow).toHaveLength(2);
  });

  it("F18: make room for others when they fail, in whatever way", async () => {
    const limit = new Reads(Infinity).first;
    const thrown = (): Promise<void> => {
      throw new Error("at once");
    };
    for (let i = 0; i < 8; i++) {
      expect(() => limit.run(thrown)).toThrow("at once");
      await expect(limit.run(() => Promise.reject(new Error("later")))).rejects.toThrow("later");
    }
    await expect(limit.run(() => Promise.resolve(1))).resolves.toBe(1);
  });
});
