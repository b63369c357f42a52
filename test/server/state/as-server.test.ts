/** What the application changes by itself, and what is no matter of keys. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { state, stream, tidemark, transient } from "../../../src/server/index.js";
import { readChangeRequest } from "../../../src/server/kinds/slots/change-request.js";
import { changeAsServer } from "../../../src/server/connection/publish/change-as-server.js";
import type { ResolvedChannel } from "../../../src/server/channels/registry.js";
import { World } from "../support/engine.js";
import { CHANNEL, stateSetup, type Options } from "./support.js";

function application(options: Options = {}) {
  const all = stateSetup(options);
  const { node } = all.world.engine;
  const resolved = node.registry.resolve(CHANNEL) as ResolvedChannel;
  const begin = (data: unknown) => changeAsServer(node, resolved, readChangeRequest(data));
  return {
    ...all,
    begin,
    async change(data: unknown) {
      const changed = begin(data);
      changed.catch(() => {});
      await all.world.clock.settle();
      return changed;
    },
  };
}

describe("a change of the application's", () => {
  it("E24: goes through schema, merge and conditions, and past allow and onChange", async () => {
    const all = application({
      value: z.object({ n: z.number(), text: z.string().default("none") }),
      allow: () => false,
      onChange: () => {
        throw new Error("not asked");
      },
    });
    const { cursor, same } = await all.change({ set: { a: { n: 1 } } });
    expect([typeof cursor.epoch, typeof cursor.offset, same]).toEqual(["string", "number", false]);
    expect((await all.change({ set: { a: { n: 1 } } })).same).toBe(true);
    await all.change({ merge: { a: { n: 2 }, b: { n: 3 } }, set: { c: { n: 4 } } });
    const text = "none";
    expect(await all.held()).toEqual({ a: { n: 2, text }, b: { n: 3, text }, c: { n: 4, text } });
    const since = `${cursor.epoch}:${cursor.offset}`;
    await expect(all.change({ set: { a: { n: 5 } }, if: { since, keys: ["a"] } })).rejects.toMatchObject({
      code: "conflict",
      details: { cursor: expect.any(String) as string, now: { a: { n: 2, text } } },
    });
    await expect(all.change({ set: { a: { n: "x" } } })).rejects.toMatchObject({
      code: "invalid",
      issues: [{ path: ["a", "n"] }],
    });
    await expect(all.change({ merge: { a: { n: "x" } } })).rejects.toMatchObject({ code: "invalid" });
  });

  it("E24: takes values as they are at the call", async () => {
    const all = application();
    const [value, patch] = [{ n: 1 }, { n: 1 }];
    const changed = all.change({ set: { a: value }, merge: { b: patch } });
    value.n = patch.n = 2;
    await changed;
    expect(await all.held()).toEqual({ a: { n: 1 }, b: { n: 1 } });
  });

  it("E24: of one key comes after the one before it, and loses nothing of what clients do", async () => {
    const all = application();
    const { peer } = await all.client();
    const changes = Array.from({ length: 10 }, (_, i) => {
      peer.send({ id: i, publish: CHANNEL, data: { merge: { k: { [`c${i}`]: i } } } });
      return all.begin({ merge: { k: { [`s${i}`]: i, last: i } } });
    });
    await all.world.clock.settle();
    await Promise.all(changes);
    const { k } = (await all.held()) as { k: Record<string, number> };
    expect([Object.keys(k).length, k["last"]]).toEqual([21, 9]);
  });

  it.each([
    ["too large a value", { set: { a: "x".repeat(70_000) } }, "too_large"],
    ["what is no JSON", { set: { a: 1n } }, "invalid"],
    ["nothing", { set: { a: undefined } }, "invalid"],
    ["bytes", { set: { a: new Uint8Array(3) } }, "invalid"],
    ["what cannot be merged", { merge: { a: { b: 1n } } }, "invalid"],
    ["too much together", { set: many("x".repeat(60_000), 20) }, "limit_reached"],
    ["too many keys", { set: many(1, 1001) }, "limit_reached"],
  ])("E24: of %s is refused, and nothing of it is done", async (_, data, code) => {
    const all = application();
    const more = data as { set?: object };
    const change = () => all.change({ ...data, set: { before: 1, ...more.set } });
    await expect(change()).rejects.toMatchObject({ code });
    expect(await all.held()).toEqual({});
  });
});

function many(value: unknown, count: number): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));
}

describe("another kind", () => {
  const channels = { "chat/:id": stream(), "keys/:id": state(), "typing/:id": transient() };

  it("E24: than a subscription expects is wrong_kind, which says what to use", async () => {
    const peer = await new World(channels).connect();
    const message = async (channel: string, kind: string): Promise<unknown> => {
      const { error } = (await peer.ask({ subscribe: channel, kind })) as {
        error: { code: string; message: string };
      };
      expect(error.code).toBe("wrong_kind");
      return error.message;
    };
    expect(await message("keys/a", "stream")).toBe(
      '"keys/a" is a state, not a stream; use state(rt, "keys/a") of tidemark/state',
    );
    expect(await message("chat/a", "state")).toBe(
      '"chat/a" is a stream, not a state; use rt.stream("chat/a")',
    );
    expect(await message("typing/a", "state")).toContain('use rt.transient("typing/a")');
  });

  it("E24: has no history, and says what to use", async () => {
    const peer = await new World(channels).connect();
    expect(await peer.ask({ history: "keys/a" })).toMatchObject({
      error: { code: "wrong_kind", message: expect.stringContaining('use state(rt, "keys/a")') as string },
    });
  });

  it("E24: takes no messages of the application's, and a stream no changes of keys", async () => {
    const app = tidemark().channels(channels);
    await expect(app.publishTo("keys/a", { set: { a: 1 } })).rejects.toMatchObject({
      code: "wrong_kind",
      message: expect.stringContaining("app.state") as string,
    });
    await app.close();
    const world = new World(channels);
    const { node } = world.engine;
    const chat = node.registry.resolve("chat/a") as ResolvedChannel;
    await expect(changeAsServer(node, chat, readChangeRequest({ set: { a: 1 } }))).rejects.toMatchObject({
      code: "wrong_kind",
    });
  });
});
