/** Subscribing, resuming and looking back, over real sockets. */
import { describe, expect, it } from "vitest";
import { offsetAt, timeOf } from "../../src/protocol/index.js";
import { stream, tidemark, transient, type ListenOptions } from "../../src/server/index.js";
import { connect, open, type Client, type Line } from "./support/client.js";
import { World } from "./support/engine.js";
import { deferred, quiet, serve } from "./support/serve.js";

const code = (answer: Record<string, unknown>): unknown =>
  (answer["error"] as { code?: unknown } | undefined)?.code;

function makeApp() {
  return tidemark({ ...quiet, limits: { commands: false } }).channels({
    "chat/:id": stream({ retain: { count: 1000 } }),
    "few/:id": stream({ retain: { count: 3 } }),
    "live/:id": stream(),
    "now/:id": transient(),
  });
}

interface Publisher {
  publishTo(channel: string, data: unknown): Promise<{ offset: number }>;
  listen(options: ListenOptions): Promise<{ port: number; host: string; url: string }>;
  close(): Promise<void>;
}

async function say(app: Publisher, channel: string, from: number, to: number): Promise<number[]> {
  const offsets = [];
  for (let i = from; i <= to; i++) offsets.push((await app.publishTo(channel, i)).offset);
  return offsets;
}

async function setup(): Promise<{ app: Publisher; url: string; client: Client }> {
  const app = makeApp();
  const { url } = await serve(app);
  return { app, url, client: await connect(url) };
}

describe("the order of things", () => {
  it("S1, S2, S3: subscribe, publish and unsubscribe in one frame are carried out in that order", async () => {
    const { client, app } = await setup();
    const commands = [];
    for (let i = 0; i < 20; i++) {
      commands.push(
        { id: 3 * i, subscribe: "chat/a" },
        { id: 3 * i + 1, publish: "chat/a", data: i },
        { id: 3 * i + 2, unsubscribe: "chat/a" },
      );
    }
    client.send(...commands);
    await client.until(() => (client.lines.filter((line) => "ok" in line).length === 60 ? true : undefined));
    await say(app, "chat/a", 100, 100);
    await client.settled();
    let subscribed = false;
    for (const line of client.lines) {
      if (Array.isArray(line)) expect(subscribed).toBe(true);
      else if ("id" in line && (line.id as number) % 3 === 0) subscribed = true;
      else if ("id" in line && (line.id as number) % 3 === 2) subscribed = false;
    }
    expect(client.lines.filter((line) => "error" in line)).toEqual([]);
    expect((await client.ask({ history: "chat/a" }))["entries"]).toHaveLength(21);
  });

  it("S1: ok comes before the backlog, in the same connect frame too", async () => {
    const { app, url, client } = await setup();
    await say(app, "chat/a", 1, 5);
    client.send({ id: 1, subscribe: "chat/a", last: 5 });
    await client.until(() => (client.lines.length === 6 ? true : undefined));
    expect(client.lines[0]).toMatchObject({ id: 1 });
    const other = await open(url);
    other.send({ id: 1, connect: { subs: { "chat/a": { last: 5 } } } });
    await other.until(() => (other.lines.length === 6 ? true : undefined));
    expect(other.lines[0]).toMatchObject({ id: 1 });
  });

  it("S3: other channels do not wait for a slow one", async () => {
    const verdict = deferred<boolean>();
    const app = tidemark(quiet).channels({
      "slow/:id": stream({ allow: () => verdict.promise }),
      "fast/:id": stream(),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    client.send(
      { id: 1, subscribe: "slow/a" },
      { id: 2, unsubscribe: "slow/a" },
      { id: 3, subscribe: "fast/a" },
    );
    await client.answer(3);
    expect(client.lines).toEqual([]);
    verdict.resolve(true);
    expect(await client.answer(1)).toHaveProperty("ch");
    expect(await client.answer(2)).toEqual({});
  });

  it("S4, S8: twice is already_subscribed; the number stays the channel's", async () => {
    const { url, client } = await setup();
    const { ch } = await client.ask({ subscribe: "chat/a" });
    expect(code(await client.ask({ subscribe: "chat/a" }))).toBe("already_subscribed");
    const other = await connect(url);
    expect(await other.ask({ subscribe: "chat/a" })).toMatchObject({ ch });
    expect((await other.ask({ subscribe: "chat/b" }))["ch"]).not.toBe(ch);
    expect(await client.ask({ unsubscribe: "chat/a" })).toEqual({});
    expect(code(await client.ask({ unsubscribe: "chat/a" }))).toBe("not_subscribed");
    expect(await client.ask({ subscribe: "chat/a" })).toMatchObject({ ch });
  });

  it("S5: the 1,001st subscription is limit_reached, until one ends", async () => {
    const { client } = await setup();
    const ids = Array.from({ length: 1200 }, (_, i) => i);
    client.send(...ids.map((id) => ({ id, subscribe: `chat/${id}` })));
    const outcomes = [];
    for (const id of ids) outcomes.push(code(await client.answer(id)));
    expect(outcomes.filter((one) => one === undefined)).toHaveLength(1000);
    expect(outcomes.filter((one) => one === "limit_reached")).toHaveLength(200);
    const first = outcomes.indexOf(undefined);
    await client.ask({ unsubscribe: `chat/${first}` });
    expect(await client.ask({ subscribe: "chat/more" })).toHaveProperty("ch");
  });

  it("S6, S7: the wrong kind, and no channel at all", async () => {
    const { client } = await setup();
    expect(code(await client.ask({ subscribe: "now/a", kind: "stream" }))).toBe("wrong_kind");
    expect(code(await client.ask({ subscribe: "nowhere" }))).toBe("not_found");
    expect(await client.ask({ subscribe: "now/a", kind: "transient" })).toMatchObject({ kind: "transient" });
  });

  it("S10, K3: each subscription of a connect command has a result of its own", async () => {
    const { url } = await setup();
    const client = await open(url);
    const ok = await client.ask({
      connect: { subs: { "chat/a": {}, nowhere: {}, "now/a": { kind: "stream" }, "live/a": {} } },
    });
    expect(ok).toMatchObject({
      client: expect.any(String),
      durability: "memory",
      ping: 25_000,
      subs: {
        "chat/a": { kind: "stream", cursor: expect.stringMatching(/:0$/) },
        nowhere: { error: { code: "not_found" } },
        "now/a": { error: { code: "wrong_kind" } },
        "live/a": { kind: "stream" },
      },
    });
  });
});

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

describe("history", () => {
  const payloads = (page: Record<string, unknown>): unknown[] =>
    (page["entries"] as unknown[][]).map((entry) => entry[1]);

  it("L7, L8, L11: pages in both directions put together are the log", async () => {
    const { app, client } = await setup();
    await say(app, "chat/a", 1, 25);
    const all = Array.from({ length: 25 }, (_, i) => i + 1);
    for (const limit of [1, 7, 24, 25, 26, 1000]) {
      let back: unknown[] = [];
      let before: unknown;
      for (;;) {
        const page = await client.ask({ history: "chat/a", limit, ...(before !== undefined && { before }) });
        back = [...payloads(page), ...back];
        before = (page["entries"] as unknown[][])[0]?.[0];
        expect(page["complete"]).toBe(true);
        if (page["more"] === false) break;
      }
      expect(back).toEqual(all);
      const forth: unknown[] = [];
      let after: unknown = 0;
      for (;;) {
        const page = await client.ask({ history: "chat/a", limit, after });
        forth.push(...payloads(page));
        after = (page["entries"] as unknown[][]).at(-1)?.[0];
        expect(page["complete"]).toBe(true);
        if (page["more"] === false) break;
      }
      expect(forth).toEqual(all);
    }
  });

  it("L7: 50 unless it says otherwise, and about 32 KiB, but at least one", async () => {
    const { app, client } = await setup();
    await say(app, "chat/a", 1, 60);
    expect(payloads(await client.ask({ history: "chat/a" }))).toHaveLength(50);
    for (let i = 0; i < 5; i++) await app.publishTo("chat/b", `${i}`.padEnd(20_000, "."));
    const page = await client.ask({ history: "chat/b" });
    expect(payloads(page).map((text) => parseInt(text as string))).toEqual([4]);
    expect(page).toMatchObject({ more: true, complete: true });
    await app.publishTo("chat/c", "x".repeat(65_000));
    expect(payloads(await client.ask({ history: "chat/c" }))).toHaveLength(1);
  });

  it("L8, L9: says what was trimmed", async () => {
    const { app, client } = await setup();
    const offsets = await say(app, "few/a", 1, 5);
    const ask = async (more: Record<string, unknown>): Promise<unknown[]> => {
      const page = await client.ask({ history: "few/a", ...more });
      return [payloads(page), page["complete"], page["more"]];
    };
    expect(await ask({})).toEqual([[3, 4, 5], false, false]);
    expect(await ask({ limit: 3 })).toEqual([[3, 4, 5], true, false]);
    expect(await ask({ limit: 2 })).toEqual([[4, 5], true, true]);
    expect(await ask({ before: offsets[2] })).toEqual([[], false, false]);
    expect(await ask({ before: offsets[0] })).toEqual([[], false, false]);
    expect(await ask({ after: 0 })).toEqual([[3, 4, 5], false, false]);
    expect(await ask({ after: offsets[1] })).toEqual([[3, 4, 5], true, false]);
    expect(await ask({ after: offsets[1], limit: 1 })).toEqual([[3], true, true]);
    expect(await ask({ after: offsets[4] })).toEqual([[], true, false]);
    expect(await ask({ since: 0 })).toEqual([[3, 4, 5], false, false]);
    expect(await ask({ since: timeOf(offsets[4] ?? 0) + 1000 })).toEqual([[], true, false]);
  });

  it("L9: of a new log there is all; of one that keeps nothing there is nothing", async () => {
    const { app, client } = await setup();
    expect(await client.ask({ history: "chat/new" })).toEqual({ entries: [], complete: true, more: false });
    expect(await client.ask({ history: "live/new" })).toEqual({ entries: [], complete: true, more: false });
    await say(app, "live/a", 1, 1);
    expect(await client.ask({ history: "live/a" })).toEqual({ entries: [], complete: false, more: false });
  });

  it("L4: by age, what is too old is not read any more", async () => {
    const world = new World({ "chat/:id": stream({ retain: { for: "10s" } }) });
    await world.append("chat/a", "1");
    await world.clock.advance(6000);
    await world.append("chat/a", "2");
    await world.clock.advance(6000);
    const peer = await world.connect();
    expect(await peer.ask({ history: "chat/a" })).toMatchObject({
      entries: [[expect.any(Number), 2]],
      complete: false,
      more: false,
    });
  });

  it("W5: bytes come behind the answer, in the order of the entries", async () => {
    const { app, client } = await setup();
    await app.publishTo("chat/a", new Uint8Array([1, 2, 3]));
    await app.publishTo("chat/a", "text");
    await app.publishTo("chat/a", new Uint8Array([10, 10]));
    client.send({ id: 1, history: "chat/a" });
    const line = (await client.take((one) => "id" in one)) as {
      ok: { entries: unknown[][] };
      bytes: number;
      content: Uint8Array;
    };
    expect(line.ok.entries.map((entry) => entry.slice(1))).toEqual([
      [null, { bytes: 3 }],
      ["text"],
      [null, { bytes: 2 }],
    ]);
    expect([line.bytes, [...line.content]]).toEqual([5, [1, 2, 3, 10, 10]]);
  });

  it("W3, W4: messages with bytes and without, in one turn", async () => {
    const { app, client } = await setup();
    const { ch } = await client.ask({ subscribe: "chat/a" });
    await Promise.all([
      app.publishTo("chat/a", { text: "€" }),
      app.publishTo("chat/a", new Uint8Array([10, 0, 255])),
      app.publishTo("chat/a", new Uint8Array(0)),
      app.publishTo("chat/a", "last"),
    ]);
    const [one, two, three, four] = await client.payloads(ch, 4);
    expect([one, [...(two as Uint8Array)], [...(three as Uint8Array)], four]).toEqual([
      { text: "€" },
      [10, 0, 255],
      [],
      "last",
    ]);
  });

  it("L10: needs no subscription, and is not for transients", async () => {
    const { client } = await setup();
    expect(code(await client.ask({ history: "now/a" }))).toBe("wrong_kind");
  });

  it("F13: large answers go out one after the other, when there is room", async () => {
    const world = new World({ "chat/:id": stream({ retain: { count: 1000 } }) });
    for (let i = 0; i < 30; i++) await world.append("chat/a", `"${"x".repeat(1000)}"`);
    const peer = await world.connect();
    peer.stuck = true;
    for (let id = 0; id < 50; id++) peer.send({ id, history: "chat/a", limit: 30 });
    await world.clock.settle();
    expect(peer.unsent).toBeLessThanOrEqual(128 * 1024);
    for (let round = 0; round < 60; round++) {
      peer.drain();
      await world.clock.settle();
    }
    expect(peer.lines.map((line: Line) => ("id" in line ? line.id : undefined))).toEqual(
      Array.from({ length: 50 }, (_, id) => id),
    );
    expect(peer.mostUnsent).toBeLessThanOrEqual(128 * 1024);
  });

  it("L2: an offset tells its time", async () => {
    const { app } = await setup();
    const before = Date.now();
    const [offset = 0] = await say(app, "chat/a", 1, 1);
    expect(offset).toBeGreaterThanOrEqual(offsetAt(before));
    expect(timeOf(offset)).toBeLessThanOrEqual(Date.now());
  });
});
