/** Beginning from a cursor, from a number of messages and from a time, over real sockets. */
import { describe, expect, it } from "vitest";
import { stream } from "../../src/server/index.js";
import { connect, open } from "./support/client.js";
import { World } from "./support/engine.js";
import { say, setup } from "./support/chat.js";

/** What a connect command was answered for one of its subscriptions. */
function resultOf(subs: unknown, name: string): { ch: number; cursor: string } {
  return (subs as Record<string, { ch: number; cursor: string }>)[name] ?? { ch: 0, cursor: "none" };
}

describe("resuming", () => {
  it("C4, C20, K3: one connect frame brings back everything, each channel from its own place", async () => {
    const { app, url } = await setup();
    const cursors: Record<string, { cursor: string }> = {};
    const first = await open(url);
    const names = Array.from({ length: 50 }, (_, i) => `chat/${i}`);
    const { subs } = await first.ask({
      connect: { subs: Object.fromEntries(names.map((name) => [name, {}])) },
    });
    for (const [i, name] of names.entries()) {
      const { ch, cursor } = resultOf(subs, name);
      await say(app, name, 1, i % 4);
      let offset: unknown = 0;
      for (let n = 0; n < i % 4; n++) [offset] = await first.message(ch);
      cursors[name] = { cursor: `${cursor.split(":")[0]}:${String(offset)}` };
    }
    first.socket.terminate();
    for (const name of names) await say(app, name, 10, 12);
    const second = await open(url);
    const { subs: again } = await second.ask({ connect: { subs: cursors } });
    for (const name of names) {
      const { ch, cursor } = resultOf(again, name);
      expect(cursor).toBe(cursors[name]?.cursor);
      expect(await second.payloads(ch, 3)).toEqual([10, 11, 12]);
    }
    await second.settled();
    expect(second.lines).toEqual([]);
  });

  it("C3: the cursor in the answer is where delivery starts, also when nothing of it came", async () => {
    const { app, client } = await setup();
    await say(app, "chat/a", 1, 5);
    const { cursor, ch } = await client.ask({ subscribe: "chat/a", last: 3 });
    expect(await client.payloads(ch, 3)).toEqual([3, 4, 5]);
    await client.ask({ unsubscribe: "chat/a" });
    expect(await client.ask({ subscribe: "chat/a", cursor })).toMatchObject({ cursor });
    expect(await client.payloads(ch, 3)).toEqual([3, 4, 5]);
  });

  it("C5, C6, C14: what was trimmed is a gap, and then comes all that is kept", async () => {
    const { app, client } = await setup();
    const { cursor, ch } = await client.ask({ subscribe: "few/a" });
    await client.ask({ unsubscribe: "few/a" });
    const offsets = await say(app, "few/a", 1, 6);
    expect(await client.ask({ subscribe: "few/a", cursor })).toMatchObject({ cursor });
    const gap = await client.event("gap");
    expect(gap).toEqual({
      event: "gap",
      ch,
      after: 0,
      until: offsets[2],
      epoch: String(cursor).split(":")[0],
      reason: "trimmed",
    });
    expect(await client.payloads(ch, 3)).toEqual([4, 5, 6]);
  });

  it("C7: on a stream that keeps nothing, only the head resumes without a gap", async () => {
    const { app, client } = await setup();
    await say(app, "live/a", 1, 1);
    const { cursor, ch } = await client.ask({ subscribe: "live/a" });
    await client.ask({ unsubscribe: "live/a" });
    await client.ask({ subscribe: "live/a", cursor });
    await say(app, "live/a", 2, 2);
    const [offset] = await client.message(ch);
    await client.ask({ unsubscribe: "live/a" });
    expect(client.lines).toEqual([]);
    const [until] = await say(app, "live/a", 3, 3);
    await client.ask({ subscribe: "live/a", cursor: `${String(cursor).split(":")[0]}:${String(offset)}` });
    expect(await client.event("gap")).toMatchObject({ after: offset, until, reason: "trimmed" });
    await say(app, "live/a", 4, 4);
    expect(await client.payloads(ch, 1)).toEqual([4]);
  });

  it("C2: without a start it begins at the head", async () => {
    const { app, client } = await setup();
    const [, head] = await say(app, "chat/a", 1, 2);
    const { cursor, ch } = await client.ask({ subscribe: "chat/a" });
    expect(cursor).toMatch(new RegExp(`:${head}$`));
    await say(app, "chat/a", 3, 3);
    expect(await client.payloads(ch, 1)).toEqual([3]);
  });

  it("C19: on a transient channel a start is ignored", async () => {
    const { client } = await setup();
    expect(await client.ask({ subscribe: "now/a", cursor: "x:7" })).toEqual({
      ch: expect.any(Number),
      kind: "transient",
    });
    expect(await client.ask({ subscribe: "now/b", last: 7 })).toEqual({
      ch: expect.any(Number),
      kind: "transient",
    });
  });
});

describe("last and since", () => {
  const lasts = [
    ["chat/a", 0, [], true],
    ["chat/a", 2, [4, 5], true],
    ["chat/a", 5, [1, 2, 3, 4, 5], true],
    ["chat/a", 1000, [1, 2, 3, 4, 5], true],
    ["few/a", 2, [4, 5], true],
    ["few/a", 3, [3, 4, 5], true],
    ["few/a", 4, [3, 4, 5], false],
    ["live/a", 2, [], false],
    ["chat/new", 3, [], true],
    ["live/new", 3, [], true],
  ] as const;

  it.each(lasts)("C15, C17: on %s, the last %d", async (name, last, payloads, complete) => {
    const { app, client } = await setup();
    // One who listens, so that the node has a memory of its own.
    const listener = await client.ask({ subscribe: name });
    if (!name.endsWith("new")) await say(app, name, 1, 5);
    const other = await connect(client.socket.url);
    expect(await other.ask({ subscribe: name, last })).toMatchObject({ complete, ch: listener["ch"] });
    expect(await other.payloads(listener["ch"], payloads.length)).toEqual(payloads);
    await app.publishTo(name, "next");
    expect(await other.payloads(listener["ch"], 1)).toEqual(["next"]);
  });

  it("C16, C17, L2: since a time", async () => {
    const world = new World({ "chat/:id": stream({ retain: { count: 4 } }) });
    const start = world.clock.now();
    for (let i = 1; i <= 4; i++) {
      await world.append("chat/a", `${i}`, 4);
      await world.clock.advance(1000);
    }
    const since = async (ms: number): Promise<unknown[]> => {
      const peer = await world.connect();
      const { complete } = await peer.ask({ subscribe: "chat/a", since: start + ms });
      return [complete, ...peer.payloads];
    };
    expect(await since(-5)).toEqual([true, 1, 2, 3, 4]);
    expect(await since(0)).toEqual([true, 1, 2, 3, 4]);
    expect(await since(1)).toEqual([true, 2, 3, 4]);
    expect(await since(3000)).toEqual([true, 4]);
    expect(await since(99_000)).toEqual([true]);
    await world.append("chat/a", "5", 4);
    expect(await since(0)).toEqual([false, 2, 3, 4, 5]);
    expect(await since(1000)).toEqual([true, 2, 3, 4, 5]);
  });
});
