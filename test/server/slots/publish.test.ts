/** What is asked of a channel of keys, and what is answered. */
import { describe, expect, it } from "vitest";
import { CHANNEL, setup, type Setup } from "./support.js";

async function publisher({ world }: Setup) {
  const peer = await world.connect();
  return (data: unknown, more: object = {}) => peer.ask({ publish: CHANNEL, data, ...more });
}

describe("a publish to a channel of keys", () => {
  it("E12: sets and deletes keys, all of them at once", async () => {
    const all = setup();
    const publish = await publisher(all);
    const viewer = await all.watch();
    const { cursor } = await publish({ set: { a: { x: 1 }, b: "two", c: null } });
    expect(cursor).toMatch(/^[\w-]+:\d+$/);
    await publish({ set: { d: 4 }, delete: ["b"] });
    await all.world.clock.settle();
    expect(viewer.map).toEqual({ a: { x: 1 }, c: null, d: 4 });
    expect(viewer.lines).toHaveLength(3);
  });

  it("E12: takes any key, __proto__ too, and changes nothing that is not its own", async () => {
    const all = setup();
    const peer = await all.world.connect();
    peer.send(`{"id":7,"publish":"${CHANNEL}","data":{"set":{"__proto__":{"polluted":1},"10":2}}}`);
    await all.world.clock.settle();
    expect(peer.answer(7)).toMatchObject({ cursor: expect.any(String) as string });
    const viewer = await all.watch();
    expect(viewer.lines).toMatchObject([[1, expect.any(Number), ["10", 2, "__proto__", { polluted: 1 }]]]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it.each([
    ["no object", 5],
    ["nothing", {}],
    ["an empty change", { set: {}, delete: [] }],
    ["a list to set", { set: [1] }],
    ["what is no list to delete", { delete: "a" }],
    ["what is no key to delete", { delete: [1] }],
    ["a key twice", { set: { a: 1 }, delete: ["a"] }],
    ["half of a character", { set: { "\ud800": 1 } }],
    ["no time to live", { set: { a: 1 }, ttl: 0.5 }],
    ["a cursor without keys", { set: { a: 1 }, if: { since: "e:1" } }],
    ["keys without a cursor", { set: { a: 1 }, if: { keys: ["a"] } }],
    ["what is no cursor", { set: { a: 1 }, if: { since: "now", keys: ["a"] } }],
    ["what is no condition", { set: { a: 1 }, if: "absent" }],
  ])("E12: of %s is a bad_request", async (_, data) => {
    const publish = await publisher(setup());
    expect(await publish(data)).toMatchObject({ error: { code: "bad_request", retry: false } });
  });

  it("E12: of too many keys, or too long ones, is limit_reached", async () => {
    const publish = await publisher(setup());
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`${i}`, 0]));
    for (const data of [
      { set: many },
      { delete: Object.keys(many) },
      { set: { ["ä".repeat(129)]: 1 } },
      { set: { a: 1 }, if: { absent: Object.keys(many) } },
    ])
      expect(await publish(data)).toMatchObject({ error: { code: "limit_reached", retry: false } });
    expect(await publish({ set: { ["ä".repeat(128)]: 1 } })).toMatchObject({ cursor: expect.any(String) });
  });

  it("E13: is answered where it is, once, and says when nothing has changed", async () => {
    const all = setup();
    const publish = await publisher(all);
    const first = await publish({ set: { a: 1 } }, { idem: "one" });
    expect(await publish({ set: { a: 1 } }, { idem: "one" })).toEqual(first);
    expect(await publish({ set: { a: 1 } }, { idem: "two" })).toEqual({ ...first, same: true });
    expect(await publish({ set: { a: 2 } }, { idem: "one" })).toMatchObject({
      error: { code: "key_conflict" },
    });
    const viewer = await all.watch();
    expect(viewer.cursor).toBe(first["cursor"]);
  });

  it("E13: whose condition does not hold is told what there is, and from where it may try again", async () => {
    const all = setup();
    const publish = await publisher(all);
    const { cursor: since } = await publish({ set: { a: 1, gone: 1 } });
    const { cursor } = await publish({ set: { a: 2, ["__proto__"]: 3 }, delete: ["gone"] });
    const refused = await publish({ set: { a: 9 }, if: { since, keys: ["a", "gone"], absent: ["none"] } });
    expect(refused).toEqual({
      error: {
        code: "conflict",
        message: expect.any(String) as string,
        retry: false,
        cursor,
        now: { a: 2, gone: null, none: null },
      },
    });
    expect(await publish({ set: { a: 9 }, if: { since: cursor, keys: ["a"] } })).toHaveProperty("cursor");
    expect(await publish({ set: { b: 1 }, if: { absent: ["a"] } })).toHaveProperty("error.now", { a: 9 });
    const ahead = `${String(cursor).split(":")[0]}:${2 ** 52}`;
    expect(await publish({ set: { a: 9 }, if: { since: ahead, keys: ["a"] } })).toHaveProperty(
      "error.code",
      "bad_request",
    );
  });

  it("E13: for which there is no room is told of what there is too much", async () => {
    const publish = await publisher(setup({ keys: 2, bytes: 100 }));
    await publish({ set: { a: 1, b: 1 } });
    const full = (limit: string) => ({ error: { code: "limit_reached", retry: false, limit } });
    expect(await publish({ set: { c: 1 } })).toMatchObject(full("keys"));
    expect(await publish({ set: { a: "x".repeat(200) } })).toMatchObject(full("bytes"));
    expect(await publish({ set: { c: 1 }, delete: ["a"] })).toHaveProperty("cursor");
  });
});
