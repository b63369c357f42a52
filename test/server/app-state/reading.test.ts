/** What the application reads of a channel of keys. */
import { describe, expect, it } from "vitest";
import { BrokerError, type Broker } from "../../../src/broker/index.js";
import { CHANNEL, changed, setup } from "./support.js";

describe("get", () => {
  it("E25: reads what was written last, wherever that was", async () => {
    const { keys, put } = setup();
    expect(await keys.get("a")).toBeUndefined();
    await put({ a: { x: 1 }, b: null, gone: 1 });
    await put({ a: { x: 2 }, gone: undefined });
    expect(await keys.get("a")).toEqual({ x: 2 });
    expect(await keys.get("b")).toBeNull();
    expect(await keys.get(["gone", "b", "a", "b", "none"])).toEqual(
      new Map<string, unknown>([
        ["b", null],
        ["a", { x: 2 }],
      ]),
    );
  });

  it("E25: sees what this server has set before, also where that was not waited for", async () => {
    const { keys } = setup();
    void keys.set("a", 1);
    void keys.set("a", 2);
    expect(await keys.get("a")).toBe(2);
    void keys.delete("a");
    expect(await keys.entries()).toEqual(new Map());
  });

  it("E25: reads any key, __proto__ too", async () => {
    const { keys, put } = setup();
    await put(JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"10":3,"9":4}') as object as never);
    expect(await keys.get("__proto__")).toEqual({ polluted: 1 });
    expect((await keys.get(["constructor", "toString"])).size).toBe(1);
    expect([...(await keys.entries()).keys()].toSorted()).toEqual(["10", "9", "__proto__", "constructor"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("E25: reads 1 to 1,000 keys", async () => {
    const { keys } = setup();
    for (const count of [0, 1001]) {
      const names = Array.from({ length: count }, (_, n) => `${n}`);
      await expect(keys.get(names)).rejects.toMatchObject({ code: "bad_request" });
    }
    expect(await keys.get(Array.from({ length: 1000 }, (_, n) => `${n}`))).toEqual(new Map());
  });
});

describe("entries", () => {
  it("E25: are all keys, or those with a prefix", async () => {
    const { keys, put } = setup();
    await put({ "web-1": 1, "db-1": 2, "web-2": 3 });
    await put({ "web-1": 4, "web-2": undefined });
    expect(await keys.entries()).toEqual(
      new Map([
        ["db-1", 2],
        ["web-1", 4],
      ]),
    );
    expect([...(await keys.entries({ prefix: "web-" })).keys()]).toEqual(["web-1"]);
    expect(await keys.entries({ prefix: "x" })).toEqual(new Map());
  });

  it("E25: are not of a moment before they were asked for, also where this server has missed what happened", async () => {
    let isDeaf = false;
    const { keys, put, app } = setup({
      between: (broker) =>
        changed(broker, {
          follow: (channel, follower) =>
            broker.follow(channel, {
              ...follower,
              onEntries: (hint) => follower.onEntries(hint),
              onSignals: (signals) => follower.onSignals(signals),
              onPresence: (change) => follower.onPresence(change),
              onReset: () => follower.onReset(),
              onChanges: (hint) => (isDeaf ? undefined : follower.onChanges?.(hint)),
            }),
        }),
    });
    await put({ a: 1 });
    expect(await keys.entries()).toEqual(new Map([["a", 1]]));
    isDeaf = true;
    for (let n = 2; n < 10; n++) {
      await put({ a: n });
      expect(await keys.entries()).toEqual(new Map([["a", n]]));
    }
    expect(app.stats.channels).toBe(0);
  });

  it("E25: are as of one moment, however fast they change", async () => {
    const { keys, put } = setup();
    await put({ left: 50, right: 50 });
    const changing = (async () => {
      for (let n = 0; n < 200; n++) await put({ left: n, right: 100 - n, [`other-${n}`]: n });
    })();
    for (let n = 0; n < 20; n++) {
      const { left, right } = Object.fromEntries(await keys.entries()) as Record<string, number>;
      expect(Number(left) + Number(right)).toBe(100);
    }
    await changing;
  });
});

describe("a broker that does not answer", () => {
  const away = (broker: Broker, isAway: () => boolean): Broker =>
    changed(broker, {
      readSlots: async (channel, from, options) => {
        if (isAway()) throw new BrokerError("unavailable", "10.0.0.1 does not answer");
        return broker.readSlots(channel, from, options);
      },
    });

  it("E25: is unavailable to whoever reads, and the next one reads again", async () => {
    let isAway = true;
    const { keys, put, log } = setup({ between: (broker) => away(broker, () => isAway) });
    await put({ a: 1 });
    for (const reading of [keys.get("a"), keys.entries()])
      await expect(reading).rejects.toMatchObject({ code: "unavailable", retry: true });
    isAway = false;
    expect(await keys.entries()).toEqual(new Map([["a", 1]]));
    isAway = true;
    await expect(keys.entries()).rejects.toMatchObject({ code: "unavailable" });
    isAway = false;
    expect(await keys.get("a")).toBe(1);
    expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("the names of channels", () => {
  it("E25: channels of other kinds are wrong_kind, each with the call that fits", async () => {
    const { app } = setup();
    expect(() => app.state("chat/a")).toThrow(/is a stream channel.*app\.publish/);
    await expect(app.publishTo(CHANNEL, { set: { a: 1 } })).rejects.toMatchObject({
      code: "wrong_kind",
      message: expect.stringContaining('app.state("keys/a")') as string,
    });
    expect(() => app.state("nothing/a")).toThrow(expect.objectContaining({ code: "not_found" }) as Error);
    expect(() => app.state("\n")).toThrow(expect.objectContaining({ code: "bad_request" }) as Error);
    expect(app.state("keys/:id", { id: "a/b" }).channel).toBe("keys/a%2Fb");
  });

  it("E25: a handle is of use after the app has been closed and runs again", async () => {
    const { app, keys } = setup();
    await app.close();
    await expect(keys.get("a")).rejects.toMatchObject({ code: "closed" });
    await expect(keys.set("a", 1)).rejects.toMatchObject({ code: "closed" });
    expect(() => keys.watch(() => {})).toThrow(expect.objectContaining({ code: "closed" }) as Error);
  });
});
