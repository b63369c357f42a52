/** Subscribing, over real sockets. */
import { describe, expect, it } from "vitest";
import { stream, tidemark } from "../../src/server/index.js";
import { connect, open } from "./support/client.js";
import { deferred, quiet, serve } from "./support/serve.js";
import { say, setup } from "./support/chat.js";
import { code } from "./support/answers.js";

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
