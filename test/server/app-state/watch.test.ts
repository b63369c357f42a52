/** A subscription inside of the process. */
import { describe, expect, it } from "vitest";
import { BrokerError, type Broker } from "../../../src/broker/index.js";
import { TidemarkError, type WatchedChanges } from "../../../src/server/index.js";
import { deferred } from "../support/serve.js";
import { changed, setup } from "./support.js";

/** What a listener was told, and what that comes to. */
function listener() {
  const told: WatchedChanges<unknown>[] = [];
  const map = new Map<string, unknown>();
  return {
    told,
    map,
    take(one: WatchedChanges<unknown>): void {
      told.push(one);
      if (one.full) map.clear();
      for (const [key, value] of one.changes) {
        if (value === undefined) map.delete(key);
        else map.set(key, value);
      }
    },
  };
}

const full = ({ told }: ReturnType<typeof listener>): boolean[] => told.map((one) => one.full);

describe("a watch", () => {
  it("E28: tells what there is, and then what changes, wherever that was", async () => {
    const { keys, put, clock, after } = setup();
    await put({ a: 1, b: 2 });
    const heard = listener();
    const watch = keys.watch((told) => heard.take(told));
    await after(watch.ready, 0);
    expect(heard.told).toMatchObject([{ full: true, cursor: expect.stringMatching(/:\d+$/) as string }]);
    await put({ a: undefined, c: null });
    await after(keys.set("d", { x: 1 }));
    expect(full(heard)).toEqual([true, false, false]);
    expect(heard.told[1]?.changes).toEqual(
      new Map([
        ["c", null],
        ["a", undefined],
      ]),
    );
    expect(heard.map).toEqual(new Map(Object.entries({ b: 2, c: null, d: { x: 1 } })));
    watch.close();
    await put({ a: 1 });
    await clock.settle();
    expect(heard.told.length).toBe(3);
  });

  it("E28: tells that there is nothing, and is counted as a subscriber", async () => {
    const { keys, app, after, clock } = setup();
    const heard = listener();
    const watch = keys.watch((told) => heard.take(told));
    await after(watch.ready, 0);
    expect(heard.told).toMatchObject([{ full: true, changes: new Map() }]);
    expect(app.stats.channels).toBe(1);
    watch.close();
    watch.close();
    await clock.advance(6000);
    expect(app.stats.channels).toBe(0);
  });

  it("E28: of some keys tells of those only, at its rate", async () => {
    const { keys, put, clock, after } = setup();
    await put({ "web-1": 1, "db-1": 1 });
    const [web, one] = [listener(), listener()];
    await after(keys.watch((told) => web.take(told), { prefix: "web-", rate: 5 }).ready, 0);
    await after(keys.watch((told) => one.take(told), { keys: ["db-1", "x"] }).ready, 0);
    for (let n = 0; n < 100; n++) {
      await put({ "web-1": n, "web-2": n, "db-1": n });
      await clock.advance(10);
    }
    await clock.advance(200);
    expect(web.map).toEqual(
      new Map([
        ["web-1", 99],
        ["web-2", 99],
      ]),
    );
    expect(web.told.length).toBeLessThanOrEqual(8);
    expect(one.told.length).toBe(101);
    expect(one.map).toEqual(new Map([["db-1", 99]]));
  });

  it("E28: of many keys tells them all at once", async () => {
    const { keys, put, after, clock } = setup();
    const many = Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`key-${n}`, "x".repeat(400)]));
    await put(many);
    const heard = listener();
    await after(keys.watch((told) => heard.take(told)).ready, 0);
    await put(Object.fromEntries(Object.keys(many).map((key) => [key, "y".repeat(400)])));
    await clock.settle();
    expect(heard.told.map(({ changes }) => changes.size)).toEqual([900, 900]);
  });

  it("E28: adds changes up for a listener that takes its time", async () => {
    const { keys, put, after, clock } = setup();
    await put({ a: 0, gone: 1 });
    const heard = listener();
    const waits = [deferred(), deferred(), deferred()];
    const watch = keys.watch((told) => {
      heard.take(told);
      return waits[heard.told.length - 1]?.promise;
    });
    await after(watch.ready, 0);
    for (let n = 1; n <= 500; n++) {
      await put({ a: n, [`k${n % 7}`]: "x".repeat(1000) });
      await clock.settle();
    }
    await put({ gone: undefined });
    expect(heard.told.length).toBe(1);
    waits[0]?.resolve();
    await clock.settle();
    expect(heard.told.length).toBe(2);
    expect(heard.told[1]?.full).toBe(false);
    expect(heard.map.get("a")).toBe(500);
    expect(heard.map.has("gone")).toBe(false);
    expect(heard.map.size).toBe(8);
    waits[1]?.reject(new Error("the listener failed"));
    await put({ a: 501 });
    await clock.settle();
    expect(heard.map.get("a")).toBe(501);
  });

  it("E28: tells a listener all anew that comes back behind what tombstones are known for", async () => {
    const { keys, put, after, clock } = setup({ graves: { count: 2 } });
    await put(Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`k${n}`, n])));
    const heard = listener();
    const wait = deferred();
    await after(
      keys.watch((told) => {
        heard.take(told);
        return wait.promise;
      }).ready,
      0,
    );
    for (let n = 0; n < 8; n++) {
      await put({ [`k${n}`]: undefined });
      await clock.settle();
    }
    wait.resolve();
    await clock.settle();
    expect(full(heard)).toEqual([true, true]);
    expect([...heard.map.keys()]).toEqual(["k8", "k9"]);
  });

  it("E28: what its listener throws is logged, and costs nothing", async () => {
    const { keys, put, after, clock, log } = setup();
    const heard = listener();
    await after(
      keys.watch((told) => {
        heard.take(told);
        throw new Error(`not ${heard.told.length}`);
      }).ready,
      0,
    );
    await put({ a: 1 });
    await clock.settle();
    expect(heard.told.length).toBe(2);
    expect(log.lines).toMatchObject([
      { level: "error", fields: { channel: "keys/a", error: new Error("not 1") } },
      { level: "error", fields: { error: new Error("not 2") } },
    ]);
  });

  it("E28: may be closed by its own listener, and changes may be made in it", async () => {
    const { keys, put, clock } = setup();
    await put({ a: 1 });
    let told = 0;
    const watch = keys.watch(() => {
      told++;
      void keys.set("b", 1);
      watch.close();
    });
    await clock.advance(20);
    await put({ a: 2 });
    await clock.advance(20);
    expect(told).toBe(1);
    expect(await keys.get("b")).toBe(1);
  });

  it("E28: begins when the broker is there", async () => {
    let isAway = true;
    const away = (broker: Broker): Broker =>
      changed(broker, {
        follow: async (channel, follower) => {
          if (isAway) throw new BrokerError("unavailable", "no answer");
          return broker.follow(channel, follower);
        },
      });
    const { keys, put, clock, log } = setup({ between: away });
    await put({ a: 1 });
    const heard = listener();
    const watch = keys.watch((told) => heard.take(told));
    await clock.advance(5000);
    expect(heard.told).toEqual([]);
    isAway = false;
    await clock.advance(1000);
    await watch.ready;
    expect(heard.map).toEqual(new Map([["a", 1]]));
    expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("E28: that cannot begin says so once, and is tried again", async () => {
    let isFull = true;
    const noRoom = (broker: Broker): Broker =>
      changed(broker, {
        follow: async (channel, follower) => {
          if (isFull) throw new TidemarkError("overloaded", "there is no room");
          return broker.follow(channel, follower);
        },
      });
    const { keys, clock, log } = setup({ between: noRoom });
    const watch = keys.watch(() => {});
    await clock.advance(5000);
    expect(log.lines).toMatchObject([{ level: "warn", fields: { channel: "keys/a" } }]);
    await expect(keys.entries()).rejects.toMatchObject({ code: "overloaded" });
    isFull = false;
    await clock.advance(1000);
    await watch.ready;
  });

  it("E28: that was closed before it began is not ready, and app.close ends all", async () => {
    const { app, keys, put, clock, after } = setup();
    const early = keys.watch(() => {});
    early.close();
    await expect(early.ready).rejects.toMatchObject({ code: "closed" });
    const heard = listener();
    await after(keys.watch((told) => heard.take(told)).ready, 0);
    await app.close();
    await put({ a: 1 });
    await clock.advance(10_000);
    expect(heard.told.length).toBe(1);
  });

  it.each([
    [{ keys: ["a"], prefix: "b" }],
    [{ keys: [] }],
    [{ rate: 0 }],
    [{ rate: -1 }],
    [{ rate: Number.NaN }],
  ])("E28: with %j makes no sense", (options) => {
    const { keys } = setup();
    expect(() => keys.watch(() => {}, options)).toThrow(
      expect.objectContaining({ code: "bad_request" }) as Error,
    );
  });
});
