/** Commands and their answers, and what an app says and does not say about itself. */
import { describe, expect, it } from "vitest";
import type { Broker } from "tidemark/broker";
import { TidemarkError, method, stream, tidemark, transient, type Duration } from "tidemark";
import * as z from "zod";
import { BrokerError } from "../../src/broker/index.js";
import { duration } from "../../src/protocol/duration.js";
import { connect, open } from "./support/client.js";
import { World } from "./support/engine.js";
import { listeningLogger, quiet, serve } from "./support/serve.js";

function makeApp() {
  return tidemark({ ...quiet, limits: { subscriptions: 3 } })
    .channels({
      "chat/:id": stream({ message: z.object({ text: z.string() }), retain: { count: 10 } }),
      "any/:id": stream({ retain: { count: 10 } }),
      "typing/:id": transient({
        message: z.object({ on: z.boolean() }),
        allow: ({ params }) => params.id !== "no",
      }),
    })
    .methods({
      slow: method({ run: () => new Promise((resolve) => setTimeout(resolve, 5)) }),
      quota: method({
        run: () => {
          throw new TidemarkError("quota", "ten a day", { retry: true, after: 5000 });
        },
      }),
    });
}

async function setup() {
  const app = makeApp();
  const { url } = await serve(app);
  return { app, url };
}

const errorOf = (answer: Record<string, unknown>): unknown => answer["error"];

describe("commands", () => {
  it("K1: connect is the first one, and comes once; the connection goes on", async () => {
    const { url } = await setup();
    const client = await open(url);
    expect(errorOf(await client.ask({ subscribe: "any/a" }))).toMatchObject({ code: "connect_first" });
    expect(await client.ask({ connect: {} })).toHaveProperty("client");
    expect(errorOf(await client.ask({ connect: {} }))).toMatchObject({ code: "already_connected" });
    expect(await client.ask({ subscribe: "any/a" })).toHaveProperty("ch");
  });

  it("W11: unknown fields are ignored", async () => {
    const { url } = await setup();
    const client = await connect(url, { colour: "blue" });
    const { ch } = await client.ask({ subscribe: "any/a", flavour: { sweet: true }, toString: null });
    await client.ask({ publish: "any/a", data: 1, priority: "high" });
    expect(await client.payloads(ch, 1)).toEqual([1]);
  });

  it("W13: each with an id is answered once, whatever becomes of it", async () => {
    const { url } = await setup();
    const client = await connect(url);
    const commands = [
      { subscribe: "any/a" },
      { publish: "any/a", data: 1 },
      { publish: "nowhere", data: 1 },
      { history: "any/a" },
      { members: "any/a" },
      { call: "slow" },
      { call: "quota" },
      { unsubscribe: "any/a" },
      { unsubscribe: "any/a" },
      { dance: true },
    ];
    client.send(...commands.map((command, index) => ({ id: index + 1, ...command })));
    const ids = commands.map((_, index) => index + 1);
    for (const id of ids) await client.answer(id);
    await client.settled();
    expect(client.lines.filter((line) => "id" in line)).toEqual([]);
  });

  it("W14: an error says its code, what happened, whether to retry, when, and where a payload does not fit", async () => {
    const { url } = await setup();
    const client = await connect(url);
    expect(errorOf(await client.ask({ call: "quota" }))).toEqual({
      code: "quota",
      message: "ten a day",
      retry: true,
      after: 5000,
    });
    const message = expect.any(String) as string;
    expect(errorOf(await client.ask({ publish: "nowhere", data: 1 }))).toEqual({
      code: "not_found",
      message,
      retry: false,
    });
    expect(errorOf(await client.ask({ publish: "chat/a", data: { text: 5 } }))).toEqual({
      code: "invalid",
      message,
      retry: false,
      issues: [{ message, path: ["text"] }],
    });
  });

  it("C18: a cursor wins over the other starts, and those exclude each other", async () => {
    const { app, url } = await setup();
    await app.publishTo("any/a", 1);
    const client = await connect(url);
    const { ch, cursor } = await client.ask({ subscribe: "any/a", last: 1 });
    expect(await client.payloads(ch, 1)).toEqual([1]);
    expect(errorOf(await client.ask({ subscribe: "any/b", last: 1, since: 0 }))).toMatchObject({
      code: "bad_request",
      message: "last and since exclude each other",
    });
    await app.publishTo("any/a", 2);
    const other = await connect(url);
    const start = await other.ask({ subscribe: "any/a", cursor, last: 0, since: 0 });
    expect(start["cursor"]).toBe(cursor);
    expect(await other.payloads(start["ch"], 2)).toEqual([1, 2]);
  });

  it("P1: ok means that it is in the log there, and offset 0 that those who are there were handed it", async () => {
    const { url } = await setup();
    const client = await connect(url);
    const { offset } = await client.ask({ publish: "any/a", data: "kept" });
    const { entries } = await client.ask({ history: "any/a" });
    expect(entries).toEqual([[offset, "kept"]]);
    const { ch } = await client.ask({ subscribe: "typing/a" });
    expect(await client.ask({ publish: "typing/a", data: { on: true } })).toEqual({ offset: 0 });
    expect(await client.payloads(ch, 1)).toEqual([{ on: true }]);
  });

  it("P20: a payload that is nested too deeply is invalid, and nothing of it is in the log", async () => {
    const { url } = await setup();
    const client = await connect(url);
    client.send(`{"id":1,"publish":"any/a","data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`);
    expect(errorOf(await client.answer(1))).toMatchObject({ code: "invalid" });
    expect((await client.ask({ history: "any/a" }))["entries"]).toEqual([]);
  });

  it("T6: schema, size limit and allow are the same on a transient channel", async () => {
    const { url } = await setup();
    const client = await connect(url);
    const refusals = [
      [{ publish: "typing/a", data: { on: "yes" } }, "invalid"],
      [{ publish: "typing/a", data: "x".repeat(70_000) }, "too_large"],
      [{ publish: "typing/no", data: { on: true } }, "forbidden"],
      [{ subscribe: "typing/no" }, "forbidden"],
    ] as const;
    for (const [command, code] of refusals) {
      expect(errorOf(await client.ask(command))).toMatchObject({ code });
    }
  });

  it("S12: publishing goes to twice as many channels as there may be subscriptions, at a time", async () => {
    const world = new World(
      { "any/:id": stream() },
      {
        limits: { subscriptions: 3 },
        // Nothing is answered: every publish stays under way.
        broker: (broker) => withChanges(broker, { append: () => new Promise(() => {}) }),
      },
    );
    const peer = await world.connect();
    const ids = Array.from({ length: 7 }, (_, n) => n + 1);
    peer.send(...ids.map((id) => ({ id, publish: `any/${id}`, data: id })));
    await world.clock.settle();
    expect(peer.lines).toEqual([
      { id: 7, error: expect.objectContaining({ code: "limit_reached" }) as object },
    ]);
  });
});

/** A broker that does some things in another way. */
function withChanges(broker: Broker, changes: Partial<Broker>): Broker {
  return new Proxy(broker, {
    get(target, name) {
      const value: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

describe("an app", () => {
  it("G8: says what an acknowledgement survives", async () => {
    const { url } = await setup();
    const client = await open(url);
    expect(await client.ask({ connect: {} })).toMatchObject({ durability: "memory" });
  });

  it("S14: what it subscribes at first is in the answer to connect, what later is told, and what it cannot is logged", async () => {
    const log = listeningLogger();
    const app = tidemark({
      log,
      authenticate: () => ({ id: "ann" }),
      subscriptions: () => ["any/own", "nothing/like/that"],
    }).channels({ "any/:id": stream() });
    const { url } = await serve(app);
    const client = await open(url);
    const { subs } = await client.ask({ connect: { subs: { "any/asked": {} } } });
    expect(Object.keys(subs as object).sort()).toEqual(["any/asked", "any/own"]);
    expect(log.lines.map((line) => JSON.stringify(line)).join()).toContain("nothing/like/that");
    await app.user("ann").subscribe("any/later");
    expect(await client.event("subscribed")).toMatchObject({ channel: "any/later", kind: "stream" });
  });

  it("M15: a leave that the broker does not confirm is said again every second", async () => {
    let failures = 3;
    const world = new World(
      { "room/:id": stream({ presence: true, presenceGrace: 0 }) },
      {
        hooks: { authenticate: ({ token }) => ({ id: token }) },
        broker: (broker) =>
          withChanges(broker, {
            async leave(...args) {
              if (failures-- > 0) throw new BrokerError("unavailable", "not now");
              await broker.leave(...args);
            },
          }),
      },
    );
    const peer = await world.connect({ token: "ann" });
    await peer.ask({ subscribe: "room/a" });
    await peer.ask({ unsubscribe: "room/a" });
    await world.clock.advance(2900);
    expect((await world.elsewhere.members("room/a")).members).toEqual([{ id: "ann" }]);
    await world.clock.advance(200);
    expect((await world.elsewhere.members("room/a")).members).toEqual([]);
  });

  it("A17: takes durations as milliseconds and in words, and nothing else", () => {
    const good: [Duration, number][] = [
      [0, 0],
      [1500, 1500],
      ["500ms", 500],
      ["30s", 30_000],
      ["5m", 300_000],
      ["12h", 43_200_000],
      ["7d", 604_800_000],
      ["1.5h", 5_400_000],
    ];
    for (const [given, ms] of good) expect([given, duration(given, 1, "x")]).toEqual([given, ms]);
    for (const bad of [-1, NaN, Infinity, "", "5", "5 m", "m", "-5m", "5w", null] as unknown as Duration[]) {
      expect(() => stream({ retain: { for: bad } })).toThrow(TypeError);
      expect(() => stream({ retain: { for: bad } })).toThrow("retain.for must be");
    }
  });

  it("A18: logs no tokens and no payloads, whatever goes wrong", async () => {
    const log = listeningLogger();
    const app = tidemark({
      log,
      authenticate: ({ token }) => {
        if (token !== "the-token-of-ann") throw new Error("the directory is down");
        return { id: "ann" };
      },
    })
      .channels({
        "broken/:id": stream({
          onPublish: () => {
            throw new Error("a bug");
          },
        }),
      })
      .methods({
        broken: method({
          run: () => {
            throw new Error("another bug");
          },
        }),
      });
    const { url } = await serve(app);
    const refused = await open(url);
    refused.send({ id: 1, connect: { token: "the-token-of-eve" } });
    await refused.closed;
    const client = await connect(url, { token: "the-token-of-ann" });
    await client.ask({ publish: "broken/a", data: { text: "a-secret-payload" } });
    await client.ask({ call: "broken", data: "a-secret-payload" });
    client.send("this is a-secret-payload and no JSON");
    await client.closed;
    expect(log.lines.length).toBeGreaterThan(2);
    const text = log.lines
      .map(
        ({ fields, message }) =>
          message +
          Object.values(fields)
            .map((value) => (value instanceof Error ? value.stack : JSON.stringify(value)))
            .join(),
      )
      .join();
    expect(text).not.toMatch(/the-token-of|a-secret-payload/);
  });
});

it("S13: a subscriptions hook that returns nothing gives nothing, and the connection opens", async () => {
  // As in an application without types.
  const app = tidemark({ ...quiet, subscriptions: (() => undefined) as never });
  const { url } = await serve(app);
  const client = await open(url);
  expect(await client.ask({ connect: {} })).toMatchObject({ durability: "memory" });
});
