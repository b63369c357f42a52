/** Who connects: what an application says to a connection and to a new token. */
import { describe, expect, it } from "vitest";
import { TidemarkError, stream, tidemark, type ConnectedInfo } from "../../../src/server/index.js";
import { connect, open } from "../support/client.js";
import { World } from "../support/engine.js";
import { deferred, listeningLogger, quiet, serve } from "../support/serve.js";
import { code } from "../support/answers.js";

const keep = { retain: { count: 100 } };

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
