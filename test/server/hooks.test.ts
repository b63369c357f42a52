/** What an application says to a connection, a subscription, a publish. */
import { testApp } from "tidemark/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import {
  TidemarkError,
  bytes,
  method,
  stream,
  tidemark,
  transient,
  type ConnectedInfo,
} from "../../src/server/index.js";
import { connect, open } from "./support/client.js";
import { World } from "./support/engine.js";
import { deferred, listeningLogger, quiet, serve } from "./support/serve.js";

const keep = { retain: { count: 100 } };
const code = (answer: Record<string, unknown>): unknown =>
  (answer["error"] as { code?: unknown } | undefined)?.code;

describe("authenticate", () => {
  it("A10: what it returns is the user in every hook, and its id the sender's name", async () => {
    const seen: unknown[] = [];
    const app = tidemark({
      ...quiet,
      authenticate: ({ token, request }) => ({
        id: 7,
        token,
        agent: request.headers["user-agent"],
        url: request.url,
      }),
      onConnect: ({ user }) => void seen.push(user),
    }).channels({
      "chat/:id": stream({
        ...keep,
        allow: ({ user }) => seen.push(user) > 0,
        onPublish: ({ user, data }) => (seen.push(user), data),
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url, { token: "secret" });
    const { ch } = await client.ask({ subscribe: "chat/a" });
    await client.ask({ publish: "chat/a", data: 1 });
    expect((await client.message(ch))[2]).toEqual({ from: "7" });
    const user = { id: 7, token: "secret", agent: undefined, url: "/connect" };
    expect(seen).toEqual([user, user, user, user]);
  });

  it.each([null, undefined, {}, { id: null }, { id: {} }, "ann"])(
    "A10, P17: %o has no name",
    async (user) => {
      const { url } = await serve(
        tidemark({ ...quiet, authenticate: () => user }).channels({ "chat/:id": stream(keep) }),
      );
      const client = await connect(url);
      const { ch } = await client.ask({ subscribe: "chat/a" });
      await client.ask({ publish: "chat/a", data: 1 });
      expect(await client.message(ch)).toEqual([expect.any(Number), 1]);
    },
  );

  const refusals = [
    [
      "an error of its own",
      new Error("the password is hunter2"),
      "unauthorized",
      4500,
      "the token was refused",
    ],
    ["something that is no error", "no", "unauthorized", 4500, "the token was refused"],
    ["a TidemarkError", new TidemarkError("banned", "you were banned"), "banned", 4500, "you were banned"],
    [
      "token_expired",
      new TidemarkError("token_expired", "get a new token"),
      "token_expired",
      4004,
      "get a new token",
    ],
    [
      "an error that a retry can help",
      new TidemarkError("unavailable", "no database"),
      "unavailable",
      4006,
      "no database",
    ],
  ] as const;

  it.each(refusals)(
    "K5, A6: %s is answered, and closes the connection",
    async (_, thrown, error, close, reason) => {
      const log = listeningLogger();
      const app = tidemark({
        log,
        authenticate: () => Promise.reject(thrown),
      });
      const { url } = await serve(app);
      const client = await open(url);
      const answer = await client.ask({ connect: { token: "x", subs: { "chat/a": {} } } });
      expect(answer).toMatchObject({ error: { code: error, message: reason } });
      expect(await client.closed).toEqual({ code: close, reason });
      expect(JSON.stringify(client.frames)).not.toContain("hunter2");
      expect(log.lines.filter(({ level }) => level === "warn")).toHaveLength(
        thrown instanceof TidemarkError ? 0 : 1,
      );
    },
  );

  it("K4: commands that come while it takes its time are carried out after it, in order", async () => {
    const verdict = deferred<{ id: string }>();
    const app = tidemark({ ...quiet, authenticate: () => verdict.promise }).channels({
      "chat/:id": stream(keep),
    });
    const { url } = await serve(app);
    const client = await open(url);
    client.send({ id: 1, connect: {} }, { id: 2, subscribe: "chat/a" });
    client.send({ id: 3, publish: "chat/a", data: "hi" });
    expect(app.stats.channels).toBe(0);
    verdict.resolve({ id: "ann" });
    expect(await client.answer(1)).toHaveProperty("client");
    expect(await client.answer(2)).toHaveProperty("ch");
    expect(await client.answer(3)).toHaveProperty("offset");
  });

  it("A11: a peer that leaves while onConnect is under way has been disconnected, too", async () => {
    const verdict = deferred();
    const calls: string[] = [];
    const world = new World(
      { "chat/:id": stream(keep) },
      {
        hooks: {
          onConnect: async () => {
            calls.push("connect");
            await verdict.promise;
          },
          onDisconnect: ({ reason }) => void calls.push(`disconnect: ${reason}`),
        },
      },
    );
    const peer = world.dial();
    await peer.ask({ connect: { subs: { "chat/a": {} } } });
    peer.connection.transportClosed("1006", false);
    verdict.resolve();
    await world.clock.settle();
    expect(calls).toEqual(["connect", "disconnect: 1006"]);
    expect(world.engine.connections.size).toBe(0);
  });

  it("A11: onDisconnect is called once, and not for who was refused", async () => {
    const ended: string[] = [];
    const gone = deferred();
    const app = tidemark({
      ...quiet,
      authenticate: ({ token }) => ({ id: token ?? "" }),
      onConnect: ({ user }: ConnectedInfo<{ id: string }>) => {
        if (user.id === "eve") throw new TidemarkError("forbidden", "not you");
      },
      onDisconnect: ({ user }: ConnectedInfo<{ id: string }>) => {
        ended.push(user.id);
        gone.resolve();
      },
    });
    const { url } = await serve(app);
    const eve = await open(url);
    await eve.ask({ connect: { token: "eve" } });
    expect((await eve.closed).code).toBe(4500);
    const ann = await connect(url, { token: "ann" });
    ann.socket.close();
    await gone.promise;
    await ann.closed;
    expect(ended).toEqual(["ann"]);
  });

  it("A14: app.disconnect closes the user's connections with 4502, and nobody else's", async () => {
    const app = tidemark({ ...quiet, authenticate: ({ token }) => ({ id: token ?? "" }) });
    const { url } = await serve(app);
    const [ann, again, bob] = [
      await connect(url, { token: "ann" }),
      await connect(url, { token: "ann" }),
      await connect(url, { token: "bob" }),
    ];
    await app.disconnect("ann", "spam");
    expect(await ann.closed).toEqual({ code: 4502, reason: "spam" });
    expect(await again.closed).toEqual({ code: 4502, reason: "spam" });
    await bob.settled();
    await app.disconnect("ann");
  });

  it("A14, A21: what a user is denied while the app is asked about them holds", async () => {
    const bothAsked = deferred();
    const answer = deferred();
    let asked = 0;
    const app = tidemark({
      ...quiet,
      authenticate: async ({ token }) => {
        if (++asked === 2) bothAsked.resolve();
        await answer.promise;
        return { id: token ?? "" };
      },
    }).channels({ "chat/:id": stream(keep) });
    const { url } = await serve(app);
    const [ann, bob] = [await open(url), await open(url)];
    const subs = { "chat/a": {}, "chat/b": {} };
    ann.send({ id: 100, connect: { token: "ann", subs } });
    bob.send({ id: 100, connect: { token: "bob", subs } });
    await bothAsked.promise;
    await app.disconnect("ann", "spam");
    await app.user("bob").unsubscribe("chat/a", "not here");
    answer.resolve();
    expect(await ann.closed).toEqual({ code: 4502, reason: "spam" });
    const { subs: begun } = (await bob.answer(100)) as { subs: Record<string, { ch: number }> };
    expect(await bob.event("unsubscribed")).toMatchObject({ ch: begun["chat/a"]?.ch, message: "not here" });
    await app.publishTo("chat/a", 1);
    await app.publishTo("chat/b", 2);
    await bob.settled();
    expect(bob.lines.filter(Array.isArray).map((message) => (message as unknown[])[2])).toEqual([2]);
  });
});

describe("allow", () => {
  const actions = [
    ["subscribe", { subscribe: "chat/a" }],
    ["publish", { publish: "chat/a", data: 1 }],
    ["history", { history: "chat/a" }],
    ["members", { members: "chat/a" }],
  ] as const;

  it.each(actions)("A3: is asked for %s, and only its yes is a yes", async (action, command) => {
    let verdict: unknown;
    const asked: unknown[] = [];
    const app = tidemark({ ...quiet, authenticate: () => ({ id: "ann" }) }).channels({
      "chat/:id": stream({
        ...keep,
        presence: true,
        allow: (context) => {
          asked.push(context);
          return verdict as boolean;
        },
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    for (verdict of [false, undefined, null, 0, "", Promise.resolve(false), Promise.resolve(undefined)]) {
      expect(code(await client.ask(command))).toBe("forbidden");
    }
    verdict = Promise.resolve(true);
    expect(await client.ask(command)).not.toHaveProperty("error");
    expect(asked[0]).toEqual({
      user: { id: "ann" },
      client: expect.any(String),
      channel: "chat/a",
      params: { id: "a" },
      action,
    });
  });

  it("A6: what it throws is said where it is meant to be, and nowhere else", async () => {
    const log = listeningLogger();
    let thrown = new Error();
    const app = tidemark({ log }).channels({
      "chat/:id": stream({
        allow: () => {
          throw thrown;
        },
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    for (const command of [{ subscribe: "chat/a" }, { publish: "chat/a", data: 1 }, { history: "chat/a" }]) {
      thrown = new TidemarkError("slow_down", "one a minute", { retry: true, after: 60_000 });
      expect(await client.ask(command)).toEqual({
        error: { code: "slow_down", message: "one a minute", retry: true, after: 60_000 },
      });
      thrown = new Error("select * from users");
      expect(code(await client.ask(command))).toBe("internal");
    }
    expect(JSON.stringify(client.frames)).not.toContain("select");
    expect(log.lines.map(({ level }) => level)).toEqual(["error", "error", "error"]);
  });

  it("S9: onSubscribe refuses, and nothing stays of it", async () => {
    const app = tidemark(quiet).channels({
      "chat/:id": stream({
        ...keep,
        presence: true,
        onSubscribe: ({ params }) => {
          if (params.id === "secret") throw new TidemarkError("forbidden", "members only");
        },
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    expect(await client.ask({ subscribe: "chat/secret" })).toMatchObject({
      error: { message: "members only" },
    });
    expect(await client.ask({ members: "chat/secret" })).toMatchObject({ members: [], total: 0 });
    expect(code(await client.ask({ unsubscribe: "chat/secret" }))).toBe("not_subscribed");
  });
});

describe("refresh", () => {
  it.each([{ name: "ann" }, "ann", {}, null])("K21: is refused where users have no id: %o", async (user) => {
    const tokens: unknown[] = [];
    const app = tidemark({ ...quiet, authenticate: ({ token }) => (tokens.push(token), user) }).channels({
      "who/:id": stream({ ...keep, onPublish: ({ user: now }) => ({ now }) }),
    });
    const { url } = await serve(app);
    const client = await connect(url, { token: "ann" });
    expect(code(await client.ask({ refresh: { token: "bob" } }))).toBe("unauthorized");
    expect(tokens).toEqual(["ann", "bob"]);
  });
});

describe("onPublish", () => {
  it("P14, A5: rewrites, also in place and without a schema", async () => {
    interface Text {
      text: string;
      by?: string;
    }
    const app = tidemark({ ...quiet, authenticate: () => ({ id: "ann" }) }).channels({
      "new/:id": stream({
        message: z.object({ text: z.string() }),
        onPublish: ({ data }) => ({ text: data.text.toUpperCase() }),
      }),
      "same/:id": stream({
        onPublish: ({ data, user }) => {
          const message = data as Text;
          message.text = message.text.toUpperCase();
          message.by = user.id;
          return message;
        },
      }),
      "later/:id": transient({ onPublish: async ({ data }) => [data, "later"] }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    const said = async (channel: string): Promise<unknown> => {
      const { ch } = await client.ask({ subscribe: channel });
      await client.ask({ publish: channel, data: { text: "hi" } });
      return (await client.message(ch))[1];
    };
    expect(await said("new/a")).toEqual({ text: "HI" });
    expect(await said("same/a")).toEqual({ text: "HI", by: "ann" });
    expect(await said("later/a")).toEqual([{ text: "hi" }, "later"]);
  });

  it("A5: gets a key that is the same for each try of one publish, and nobody else's", async () => {
    const keys: string[] = [];
    const app = tidemark({ ...quiet, authenticate: ({ token }) => ({ id: token ?? "" }) }).channels({
      "chat/:id": stream({ ...keep, onPublish: ({ data, key }) => (keys.push(key), data) }),
    });
    const { url } = await serve(app);
    const ann = { token: "ann", publisher: "a-secret-of-anns-own" };
    const publish = async (
      who: Record<string, unknown>,
      channel: string,
      idem?: number | string,
    ): Promise<void> => {
      const client = await connect(url, who);
      await client.ask({ publish: channel, data: 1, ...(idem !== undefined && { idem }) });
      client.socket.close();
    };
    await publish(ann, "chat/a", 1);
    await publish(ann, "chat/a", 1);
    await publish(ann, "chat/a", "1");
    await publish(ann, "chat/a", 2);
    await publish(ann, "chat/b", 1);
    await publish({ ...ann, token: "bob" }, "chat/a", 1);
    await publish({ ...ann, publisher: "a-secret-of-anns-other" }, "chat/a", 1);
    await publish({ token: "ann" }, "chat/a", 1);
    await publish({ token: "ann" }, "chat/a", 1);
    await publish(ann, "chat/a");
    await publish(ann, "chat/a");
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(keys.length - 1);
    expect(keys.filter((key) => !/^[\w-]{43}$/.test(key))).toEqual([]);
  });

  it("A5: is not called for a retry that the log knows", async () => {
    const calls: unknown[] = [];
    const app = tidemark(quiet).channels({
      "chat/:id": stream({ ...keep, onPublish: ({ data }) => ({ data, call: calls.push(data) }) }),
    });
    const { url } = await serve(app);
    const ann = await connect(url, { publisher: "a-secret-of-anns-own" });
    const first = await ann.ask({ publish: "chat/a", data: 1, idem: 1 });
    const again = await connect(url, { publisher: "a-secret-of-anns-own" });
    expect(await again.ask({ publish: "chat/a", data: 1, idem: 1, age: 500 })).toEqual(first);
    expect(code(await again.ask({ publish: "chat/a", data: 9, idem: 1, age: 500 }))).toBe("key_conflict");
    expect(calls).toEqual([1]);
    // One that the log does not know goes its way.
    expect(await again.ask({ publish: "chat/a", data: 2, idem: 2, age: 500 })).toMatchObject({
      offset: expect.any(Number) as number,
    });
    expect(calls).toEqual([1, 2]);
    expect(await again.ask({ history: "chat/a" })).toMatchObject({
      entries: [
        [first["offset"], { data: 1, call: 1 }],
        [expect.any(Number), { data: 2, call: 2 }],
      ],
    });
  });

  it("P19, A5: answers to retries keep their order, whichever of them the log knows", async () => {
    const app = tidemark(quiet).channels({
      "chat/:id": stream({ ...keep, onPublish: async ({ data }) => data }),
    });
    const { url } = await serve(app);
    const ann = await connect(url, { publisher: "a-secret-of-anns-own" });
    for (const idem of [2, 4]) await ann.ask({ publish: "chat/a", data: idem, idem });
    const again = await connect(url, { publisher: "a-secret-of-anns-own" });
    const answered: number[] = [];
    await Promise.all(
      [5, 2, 6, 4, 7].map(async (idem) => {
        await again.ask({ publish: "chat/a", data: idem, idem, age: 500 });
        answered.push(idem);
      }),
    );
    expect(answered).toEqual([5, 2, 6, 4, 7]);
  });

  it("P4: what counts for a key is what was sent, not what was made of it", async () => {
    let calls = 0;
    const app = tidemark(quiet).channels({
      "chat/:id": stream({ ...keep, onPublish: ({ data }) => ({ data, call: ++calls }) }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    const first = await client.ask({ publish: "chat/a", data: 1, idem: "k" });
    expect(await client.ask({ publish: "chat/a", data: 1, idem: "k" })).toEqual(first);
    expect(code(await client.ask({ publish: "chat/a", data: 2, idem: "k" }))).toBe("key_conflict");
    expect(await client.ask({ history: "chat/a" })).toMatchObject({
      entries: [[first["offset"], { data: 1, call: 1 }]],
    });
  });

  it("P18, A6: refuses; nothing is appended, no key is used up, nothing leaks", async () => {
    const log = listeningLogger();
    let thrown: Error | undefined;
    const app = tidemark({ log }).channels({
      "chat/:id": stream({
        ...keep,
        onPublish: ({ data }) => {
          if (thrown !== undefined) throw thrown;
          return data;
        },
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    thrown = new TidemarkError("rejected", "mind your language", {
      issues: [{ message: "rude", path: ["text"] }],
    });
    expect(await client.ask({ publish: "chat/a", data: 1, idem: "k" })).toEqual({
      error: {
        code: "rejected",
        message: "mind your language",
        retry: false,
        issues: [{ message: "rude", path: ["text"] }],
      },
    });
    thrown = new Error("postgres://admin:hunter2@db");
    expect(await client.ask({ publish: "chat/a", data: 1, idem: "k" })).toMatchObject({
      error: { code: "internal", retry: false },
    });
    expect(JSON.stringify(client.frames)).not.toContain("hunter2");
    expect(log.lines).toHaveLength(1);
    thrown = undefined;
    const ok = await client.ask({ publish: "chat/a", data: 2, idem: "k" });
    expect(await client.ask({ history: "chat/a" })).toMatchObject({ entries: [[ok["offset"], 2]] });
  });

  it.each([undefined, () => 1, Symbol("s")])("P14: returning %o is no message", async (value) => {
    const app = tidemark(quiet).channels({ "chat/:id": stream({ onPublish: () => value }) });
    const { url } = await serve(app);
    const client = await connect(url);
    expect(code(await client.ask({ publish: "chat/a", data: 1 }))).toBe("invalid");
  });

  it("P15: a message that a hook made too large is too_large", async () => {
    const app = tidemark(quiet).channels({
      "chat/:id": stream({ onPublish: ({ data }) => `${String(data)}${"x".repeat(65_536)}` }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    expect(code(await client.ask({ publish: "chat/a", data: 1 }))).toBe("too_large");
  });

  it("P10: slow hooks keep the order of a connection's publishes to a channel, and hold up no other channel", async () => {
    const waits = [deferred(), deferred(), deferred()];
    let calls = 0;
    const app = tidemark(quiet).channels({
      "slow/:id": stream({
        ...keep,
        onPublish: async ({ data }) => {
          await waits[calls++]?.promise;
          return data;
        },
      }),
      "fast/:id": stream(keep),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    const { ch } = await client.ask({ subscribe: "slow/a" });
    client.send(
      { id: 1, publish: "slow/a", data: 1 },
      { id: 2, publish: "slow/a", data: 2 },
      { id: 3, publish: "slow/a", data: 3 },
    );
    expect(await client.ask({ publish: "fast/a", data: 1 })).toHaveProperty("offset");
    waits[2]?.resolve();
    waits[1]?.resolve();
    await client.settled();
    expect(client.lines).toEqual([]);
    waits[0]?.resolve();
    expect(await client.payloads(ch, 3)).toEqual([1, 2, 3]);
    const offsets = [await client.answer(1), await client.answer(2), await client.answer(3)].map(
      ({ offset }) => offset as number,
    );
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  });
});

describe("schemas", () => {
  const app = tidemark(quiet)
    .channels({
      "text/:id": stream({
        ...keep,
        message: z.object({ text: z.string().max(5), n: z.number().default(7) }),
      }),
      "later/:id": stream({ ...keep, message: z.string().refine(async (text) => text !== "no", "not no") }),
      "bytes/:id": stream({ ...keep, message: bytes({ max: 4 }) }),
    })
    .methods({
      sum: method({ input: z.array(z.number()), run: (numbers) => numbers.reduce((a, b) => a + b, 0) }),
      who: method({ run: (_, { user, client }) => ({ user, client }) }),
      nothing: method({ run: () => undefined }),
      fail: method({
        run: () => {
          throw new Error("secret");
        },
      }),
      refuse: method({
        run: () => {
          throw new TidemarkError("teapot", "short and stout", { retry: true });
        },
      }),
      large: method({ run: (size) => "x".repeat(size as number) }),
    });

  it("P14, A4: a payload that does not fit is answered with the schema's own words", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const { error } = await client.ask({ publish: "text/a", data: { text: "too long" } });
    expect(error).toEqual({
      code: "invalid",
      message: expect.stringMatching(/^text: .*5 char/),
      retry: false,
      issues: [{ message: expect.stringMatching(/5 char/), path: ["text"] }],
    });
    expect(code(await client.ask({ publish: "text/a", data: null }))).toBe("invalid");
    expect(await client.ask({ publish: "later/a", data: "no" })).toMatchObject({
      error: { code: "invalid", message: "not no" },
    });
    expect(await client.ask({ publish: "later/a", data: "yes" })).toHaveProperty("offset");
  });

  it("P14: what the schema returns is what is appended", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const { ch } = await client.ask({ subscribe: "text/b" });
    await client.ask({ publish: "text/b", data: { text: "hi", more: "stripped" } });
    expect((await client.message(ch))[1]).toEqual({ text: "hi", n: 7 });
  });

  it("A4, W3: bytes() takes bytes only, from binary frames and from base64", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const { ch } = await client.ask({ subscribe: "bytes/a" });
    expect(await client.ask({ publish: "bytes/a", data: "text" })).toMatchObject({
      error: { code: "invalid", message: "expected bytes" },
    });
    client.send('{"id":1,"publish":"bytes/a","data":null,"bytes":3}', "AQID");
    expect(await client.answer(1)).toHaveProperty("offset");
    client.socket.send(
      Buffer.concat([
        Buffer.from('{"id":2,"publish":"bytes/a","data":null,"bytes":2}\n'),
        Buffer.from([10, 255]),
      ]),
    );
    expect(await client.answer(2)).toHaveProperty("offset");
    client.send('{"id":3,"publish":"bytes/a","data":null,"bytes":5}', "AQIDBAU=");
    expect(code(await client.answer(3))).toBe("invalid");
    client.send('{"id":4,"publish":"bytes/a","data":null,"bytes":0}');
    expect(await client.answer(4)).toHaveProperty("offset");
    const all = (await client.payloads(ch, 3)).map((payload) => [...(payload as Uint8Array)]);
    expect(all).toEqual([[1, 2, 3], [10, 255], []]);
  });

  it("A9: the application's own messages are validated like all others", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const { ch } = await client.ask({ subscribe: "text/c" });
    await expect(app.publish("text/:id", { id: "c" }, { text: "too long" })).rejects.toMatchObject({
      code: "invalid",
    });
    await expect(app.publishTo("nowhere", 1)).rejects.toMatchObject({ code: "not_found" });
    const { offset } = await app.publish("text/:id", { id: "c" }, { text: "hi" });
    expect(await client.message(ch)).toEqual([offset, { text: "hi", n: 7 }]);
  });

  it("A7, A6: calls are answered with what the method returned or threw", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const call = async (name: string, data?: unknown): Promise<unknown> => {
      client.send({ id: 1, call: name, data });
      const line = (await client.take((one) => "id" in one && one.id === 1)) as {
        ok?: unknown;
        error?: unknown;
      };
      return line.error ?? line.ok;
    };
    expect(await call("sum", [1, 2])).toBe(3);
    expect(await call("sum", ["1"])).toMatchObject({ code: "invalid", issues: [{ path: [0] }] });
    expect(await call("who")).toEqual({ user: null, client: expect.any(String) });
    expect(await call("nothing")).toBeNull();
    expect(await call("fail")).toEqual({
      code: "internal",
      message: expect.not.stringContaining("secret"),
      retry: false,
    });
    expect(await call("refuse")).toEqual({ code: "teapot", message: "short and stout", retry: true });
    expect(await call("none")).toMatchObject({ code: "not_found" });
    expect(await call("large", 60_000)).toHaveLength(60_000);
    expect(await call("large", 70_000)).toMatchObject({ code: "too_large" });
  });

  it("A8: calls run side by side", async () => {
    const first = deferred<string>();
    const { url } = await serve(
      tidemark(quiet).methods({
        slow: method({ run: () => first.promise }),
        fast: method({ run: () => first.resolve("done") }),
      }),
    );
    const client = await connect(url);
    client.send({ id: 1, call: "slow" }, { id: 2, call: "fast" });
    expect(await client.take((line) => "id" in line && line.id === 1)).toEqual({ id: 1, ok: "done" });
  });
});

describe("presence data", () => {
  it("M12, K18: that is no JSON refuses the subscription, and harms nobody", async () => {
    const log = listeningLogger();
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    let data: unknown = { name: "ann" };
    const app = tidemark({ log }).channels({ "chat/:id": stream({ presence: () => data }) });
    const { url } = await serve(app);
    const ann = await connect(url);
    await ann.ask({ subscribe: "chat/a" });
    const bob = await connect(url);
    for (data of [loop, { n: 1n }]) expect(code(await bob.ask({ subscribe: "chat/a" }))).toBe("internal");
    data = { name: "bob", later: undefined };
    await bob.ask({ subscribe: "chat/a" });
    expect(await ann.take((line) => "event" in line && JSON.stringify(line).includes("bob"))).toMatchObject({
      event: "join",
    });
    expect(log.lines).toHaveLength(2);
  });

  it("M6, M12: other data of somebody who is there is announced as an update, and listed", async () => {
    let mood = "glad";
    const app = tidemark({ ...quiet, authenticate: ({ token }) => ({ id: token }) }).channels({
      "chat/:id": stream({ presence: () => ({ mood }) }),
    });
    const { url } = await serve(app);
    const ann = await connect(url, { token: "ann" });
    await ann.ask({ subscribe: "chat/a" });
    const { version } = (await ann.event("join")) as { version: number };
    const again = await connect(url, { token: "ann", subs: { "chat/a": {} } });
    mood = "sad";
    const third = await connect(url, { token: "ann", subs: { "chat/a": {} } });
    const members = [{ id: "ann", data: { mood: "sad" } }];
    expect(await ann.event("update")).toMatchObject({ version: version + 1, members });
    expect(await again.ask({ members: "chat/a" })).toEqual({ members, version: version + 1, total: 1 });
    expect(await third.ask({ members: "chat/a" })).toMatchObject({ members });
  });
});

describe("a hook", () => {
  it.each(["authenticate", "onConnect", "allow", "onSubscribe", "onPublish"] as const)(
    "A22: a hook that does not settle is named in the log, once: %s",
    async (hook) => {
      const log = listeningLogger();
      const never = (name: string) => (name === hook ? new Promise<never>(() => {}) : undefined);
      const app = tidemark({
        log,
        authenticate: async () => (await never("authenticate")) ?? { id: "ann" },
        onConnect: () => never("onConnect"),
      }).channels({
        "chat/:id": stream({
          allow: () => never("allow") ?? true,
          onSubscribe: () => never("onSubscribe"),
          onPublish: ({ data }) => never("onPublish") ?? data,
        }),
      });
      const run = testApp(app);
      onTestFinished(() => run.close());
      for (const id of ["a", "b"]) {
        const chat = run.connect({ connectTimeout: 600_000 }).stream("chat/:id", { id });
        for (const promise of [chat.ready, chat.publish(1)]) promise.catch(() => {});
      }
      await run.pass("2s");
      expect(log.lines).toEqual([]);
      await run.pass("60s");
      const told = log.lines.filter((line) => JSON.stringify(line).includes("has not settled"));
      expect(told).toHaveLength(1);
      expect(JSON.stringify(told)).toContain(JSON.stringify(hook));
    },
  );
});
