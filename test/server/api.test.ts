/** The HTTP API, and what it counts. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { stream, tidemark, transient, type AppOptions } from "tidemark";
import { createMemoryHub, type Broker } from "tidemark/broker";
import { connect, type Client } from "tidemark/client";
import { VirtualClock, seededRandom, testApp } from "tidemark/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { addUp, countChannels } from "../../src/server/inspection/count.js";
import { quiet, serve } from "./support/serve.js";

const KEY = "correct-horse-battery";

function makeApp(options: Pick<AppOptions<unknown>, "apiKey" | "broker" | "log"> = {}) {
  return tidemark({
    ...quiet,
    ...options,
    authenticate: ({ token }) => ({ id: token ?? "nobody" }),
  }).channels({
    "chat/:id": stream({ retain: { count: 10 }, presence: true }),
    "news/:id": stream(),
    "typing/:id": transient(),
  });
}

function client(url: string, token: string): Client {
  const rt = connect(url, { token });
  onTestFinished(() => rt.close());
  return rt;
}

async function ask(http: string, query = "", headers: HeadersInit = { authorization: `Bearer ${KEY}` }) {
  const response = await fetch(`${http}/api/channels${query}`, { headers });
  return { status: response.status, body: (await response.json()) as unknown, headers: response.headers };
}

describe("the API's key", () => {
  test("A80: the API answers who has the key, and nobody else", async () => {
    const { http } = await serve(makeApp({ apiKey: KEY }));
    expect(await ask(http)).toMatchObject({
      status: 200,
      body: { channels: [], nodes: { asked: 1, answered: 1 } },
    });
    for (const wrong of [`${KEY}x`, KEY.slice(1), KEY.toUpperCase(), "é", ""]) {
      const { status, body } = await ask(http, "", {
        authorization: `Bearer ${encodeURIComponent(wrong)}`,
      });
      expect([status, body]).toMatchObject([401, { error: { code: "unauthorized", retry: false } }]);
    }
    const without = await ask(http, "", {});
    expect(without.status).toBe(401);
    expect(without.headers.get("www-authenticate")).toBe("Bearer");
    // Not in the address, where it would be logged.
    expect((await ask(http, `?key=${KEY}&token=${KEY}`, {})).status).toBe(401);
  });

  test("A80: without a key there is no API, and its path is left to others", async () => {
    const { http } = await serve(makeApp());
    expect((await ask(http)).status).toBe(404);

    const server = createServer((_request, response) => response.end('"mine"'));
    const app = makeApp();
    app.attach(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(async () => {
      await app.close();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    expect((await ask(`http://127.0.0.1:${port}`)).body).toBe("mine");
  });

  test("A80: a key that can be guessed, or cannot be sent, is refused when the app is made", () => {
    for (const apiKey of ["", "short", "fifteen-letters", "with spaces in it, long", "schlüssel-schlüssel"]) {
      expect(() => makeApp({ apiKey })).toThrow(TypeError);
    }
    expect(() => makeApp({ apiKey: "sixteen--letters" })).not.toThrow();
  });

  test("A80: other methods and limits that are none are refused", async () => {
    const { http } = await serve(makeApp({ apiKey: KEY }));
    const post = await fetch(`${http}/api/channels`, {
      method: "POST",
      body: "{}",
      headers: { authorization: `Bearer ${KEY}` },
    });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    for (const limit of ["0", "1001", "x", "1.5", "-1", ""]) {
      const { status, body } = await ask(http, `?limit=${limit}`);
      expect([limit, status, body]).toMatchObject([limit, 400, { error: { code: "bad_request" } }]);
    }
  });
});

describe("the channels", () => {
  test("A81: are those that somebody is subscribed to, with who is present", async () => {
    const { http, url } = await serve(makeApp({ apiKey: KEY }));
    const [ann, phone, bob] = ["ann", "ann", "bob"].map((token) => client(url, token));
    const handles = [
      ann?.stream("chat/general"),
      phone?.stream("chat/general"),
      bob?.stream("chat/general"),
      ann?.stream("news/today"),
      bob?.transient("typing/general"),
    ];
    await Promise.all(handles.map((handle) => handle?.ready));
    expect((await ask(http)).body).toEqual({
      channels: [
        { channel: "chat/general", kind: "stream", subscribers: 3, members: 2 },
        { channel: "news/today", kind: "stream", subscribers: 1 },
        { channel: "typing/general", kind: "transient", subscribers: 1 },
      ],
      nodes: { asked: 1, answered: 1 },
    });
    expect((await ask(http, "?prefix=typing/")).body).toMatchObject({
      channels: [{ channel: "typing/general" }],
    });
  });

  test("A81: come in pages, in the order of their names", async () => {
    const app = makeApp();
    const run = testApp(app);
    onTestFinished(() => run.close());
    const rt = run.connect();
    const names = Array.from({ length: 25 }, (_, n) => `news/${n}`);
    await Promise.all(names.map((name) => rt.stream(name as "news/0").ready));
    const pages: string[][] = [];
    let after: string | undefined = "";
    while (after !== undefined) {
      const page = await app.activeChannels({ after, limit: 10 });
      pages.push(page.channels.map(({ channel }) => channel));
      after = page.next;
    }
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(names.toSorted());
    await expect(app.activeChannels({ limit: 0 })).rejects.toMatchObject({ code: "bad_request" });
  });
});

describe("on several servers", () => {
  async function cluster(brokers: readonly Broker[]) {
    return Promise.all(brokers.map((broker) => serve(makeApp({ apiKey: KEY, broker }))));
  }

  test("A82: subscribers of all servers are added up, and members counted once", async () => {
    const hub = createMemoryHub();
    const [one, two, three] = await cluster([hub.broker(), hub.broker(), hub.broker()]);
    const rooms = [
      client(one?.url ?? "", "ann").stream("chat/a"),
      client(two?.url ?? "", "ann").stream("chat/a"),
      client(two?.url ?? "", "bob").stream("chat/a"),
      client(two?.url ?? "", "bob").stream("chat/b"),
      client(one?.url ?? "", "ann").stream("chat/c"),
    ];
    await Promise.all(rooms.map(({ ready }) => ready));
    for (const server of [one, two, three]) {
      expect((await ask(server?.http ?? "", "?limit=2")).body).toMatchObject({
        channels: [
          { channel: "chat/a", subscribers: 3, members: 2 },
          { channel: "chat/b", subscribers: 1, members: 1 },
        ],
        next: "chat/b",
        nodes: { asked: 3, answered: 3 },
      });
    }
  });

  test("A82: a server that does not answer in time is told of, and not waited for", async () => {
    const clock = new VirtualClock();
    const random = seededRandom(1);
    const hub = createMemoryHub({ clock, random });
    const app = makeApp();
    const engine = app.runIn({ clock, random, broker: hub.broker() });
    // It is there, and deaf.
    hub.broker();
    const answer = { nodes: { asked: 2, answered: 1 } };
    const asking = app.activeChannels();
    await clock.advance(1000);
    expect(await asking).toMatchObject(answer);
    const asked = app.activeChannels();
    await Promise.resolve();
    engine.close("the end");
    expect(await asked).toMatchObject(answer);
  });

  test("A82: a broker that is away is unavailable, and what is here is not taken for all", async () => {
    const broker = createMemoryHub().broker();
    const { http } = await serve(makeApp({ apiKey: KEY, broker }));
    await broker.close();
    expect(await ask(http)).toMatchObject({
      status: 503,
      body: { error: { code: "unavailable", retry: true } },
    });
  });
});

test("A81: pages of many channels are the same as the whole list, cut", () => {
  const names = Array.from({ length: 500 }, (_, n) => `news/${(n * 7919) % 1000}`);
  const active = names.map((name) => ({
    resolved: { name, def: { kind: "stream" } },
    audience: { size: 1 },
    roster: undefined,
  })) as unknown as Parameters<typeof countChannels>[0];
  for (const limit of [1, 7, 100, 499, 500, 1000]) {
    const page = { prefix: "", after: "news/3", limit };
    const expected = names.filter((name) => name > page.after).toSorted();
    const { channels, more } = countChannels(active, page);
    expect(channels.map(({ channel }) => channel)).toEqual(expected.slice(0, limit));
    expect(more).toBe(expected.length > limit);
    // Two servers with the same channels.
    const both = addUp([{ channels, more }, countChannels(active, page)], page);
    expect(both.channels.map(({ channel }) => channel)).toEqual(expected.slice(0, limit));
    expect(both.channels[0]?.subscribers).toBe(2);
  }
});
