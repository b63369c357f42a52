/** A node, or a newcomer, that has to read the log. */
import { describe, expect, it } from "vitest";
import { createMemoryHub, type Broker, type LogOptions } from "../../src/broker/index.js";
import { Feed } from "../../src/server/feed/feed.js";
import { stream, tidemark } from "../../src/server/index.js";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";

const LOG: LogOptions = { retain: { count: 10_000 }, dedupe: 60_000 };

describe("a feed that was left behind", () => {
  it("F14: reads one page a turn, however much it has missed", async () => {
    const clock = new VirtualClock();
    const broker = createMemoryHub({ clock, random: seededRandom(3) }).broker();
    const flushes: (() => void)[] = [];
    let reads = 0;
    const counting: Broker = Object.create(broker) as Broker;
    counting.read = (...args) => {
      reads++;
      return broker.read(...args);
    };
    const collect = (flush: () => void): void => void flushes.push(flush);
    const feed = new Feed("log/a", 1, LOG, { broker: counting, clock, collect, onError: () => {} });
    await feed.open();
    // Nobody told the feed of these.
    for (let i = 0; i < 300; i++) {
      await broker.append("log/a", [{ data: JSON.stringify("x".repeat(1000)), key: { scope: "s", id: i, print: i } }], LOG);
    }
    reads = 0;
    feed.check();
    await clock.settle();
    expect(reads).toBe(1);
    let turns = 0;
    while (flushes.length > 0 && turns++ < 100) {
      const before = reads;
      for (const flush of flushes.splice(0)) flush();
      await clock.settle();
      expect(reads - before).toBeLessThanOrEqual(1);
    }
    const page = await broker.read("log/a", { after: 0, limit: 1, bytes: 0 }, LOG);
    expect(feed.head.offset).toBe(page.head);
    expect(turns).toBeGreaterThan(5);
  });

  it("C17: last and since on a stream that keeps nothing begin at the head, whenever that is", async () => {
    const clock = new VirtualClock();
    const broker = createMemoryHub({ clock, random: seededRandom(3) }).broker();
    const live: LogOptions = { retain: undefined, dedupe: 60_000 };
    const feed = new Feed("log/a", 1, live, { broker, clock, collect: () => {}, onError: () => {} });
    await feed.open();
    expect(await feed.startOfLast(5)).toEqual({ complete: true });
    await broker.append("log/a", [{ data: "1", key: { scope: "s", id: 1, print: 1 } }], live);
    const later = new Feed("log/a", 2, live, { broker, clock, collect: () => {}, onError: () => {} });
    await later.open();
    expect(await later.startOfLast(5)).toEqual({ complete: false });
    expect(await later.startOfLast(0)).toEqual({ complete: true });
    expect(await later.startAt(1)).toEqual({ complete: false });
  });
});

it("A15: an app that was closed publishes nothing into the void", async () => {
  const app = tidemark().channels({ "log/:id": stream({ retain: { count: 10 } }) });
  await app.listen({ port: 0, host: "127.0.0.1" });
  await app.close();
  await expect(app.publish("log/:id", { id: "a" }, 1)).rejects.toMatchObject({ code: "closed" });
});
