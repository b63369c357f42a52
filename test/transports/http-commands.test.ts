/** Commands over HTTP, and what the application denies a user between two of them: bare requests, without a client. */
import { beforeEach, describe, expect, test } from "vitest";
import { ask, begin, body } from "./support/http.js";
import { app, url, serve, CONNECT, SUBS } from "./support/http-app.js";

describe("K6: over HTTP", () => {
  test("connect takes 1,000 channels, and no more", async () => {
    await serve({ limits: { subscriptions: 2000 } });
    const names = Array.from({ length: 1001 }, (_, n) => `log/${n}`);
    const taken = await ask(`${url}/poll?wait=0`, { body: body(SUBS(names.slice(1))) });
    const [{ ok } = { ok: undefined }] = taken.lines as { ok?: { subs: object } }[];
    expect(Object.keys(ok?.subs ?? {})).toHaveLength(1000);
    const refused = await ask(`${url}/poll?wait=0`, { body: body(SUBS(names)) });
    expect(refused.lines).toMatchObject([
      { close: 1008, error: { message: "connect takes at most 1000 subs over HTTP", retry: false } },
    ]);
    expect((await app.activeChannels()).channels.filter(({ subscribers }) => subscribers > 0)).toEqual([]);
  });

  test("one whose answer is larger than a connection may hold is told so, for good", async () => {
    await serve();
    const names = Array.from({ length: 800 }, (_, n) => `log/${n}${"x".repeat(120)}`);
    const { status, lines } = await ask(`${url}/stream`, { body: body(SUBS(names)) });
    expect(status).toBe(400);
    expect(lines).toMatchObject([{ close: 1008, error: { message: /unsent.perConnection/ } }]);
  });
});

describe("H42: what the application denies a user between two requests", () => {
  const CURSOR = { "log/a": { cursor: "e:1" } };
  const as = (token: string, subs: object = CURSOR) => ({ body: body({ id: 1, connect: { token, subs } }) });

  test.each(["poll", "stream"])("disconnects the %s that goes on, and nobody else's", async (way) => {
    await serve();
    await app.disconnect("ann", "spam");
    const { status, lines } = await ask(`${url}/${way}?away=0`, as("ann"));
    expect(status).toBe(403);
    expect(lines).toMatchObject([{ close: 4502, error: { code: "forbidden", message: "spam" } }]);
    expect((await ask(`${url}/poll?wait=0&away=0`, as("bob"))).status).toBe(200);
    // Somebody new, who may have been let in again.
    expect((await ask(`${url}/poll?wait=0`, as("ann"))).status).toBe(200);
    for (const nonsense of ["-1", "x", ""])
      expect((await ask(`${url}/poll?wait=0&away=${nonsense}`, as("ann"))).status).toBe(200);
  });

  test("ends an EventSource that comes back by itself", async () => {
    await serve();
    await app.disconnect("ann");
    const headers = { "last-event-id": "e:1" };
    const back = await ask(`${url}/sse?channel=log/a&token=ann`, { method: "GET", headers });
    expect(back.status).toBe(403);
    expect((await begin(`${url}/sse?channel=log/a&token=ann`, { method: "GET" })).status).toBe(200);
  });

  test("ends a subscription that goes on, and none that begins", async () => {
    await serve();
    await app.user("ann").unsubscribe("log/a", "not here");
    const events = async (subs: object): Promise<unknown[]> => {
      const { lines } = await ask(`${url}/poll?wait=0&away=100`, as("ann", subs));
      return lines.filter(({ event }) => event === "unsubscribed");
    };
    const event = { event: "unsubscribed", code: "forbidden", message: "not here" };
    expect(await events(CURSOR)).toMatchObject([event]);
    // Whoever asks with a cursor has not heard of it, or would not.
    expect(await events(CURSOR)).toMatchObject([event]);
    expect(await events({ "log/a": {} })).toEqual([]);
    expect(await events({ "log/b": { cursor: "e:1" } })).toEqual([]);
    await app.user("ann").subscribe("log/a");
    expect(await events(CURSOR)).toEqual([]);
  });
});

describe("commands", () => {
  beforeEach(() => serve());

  test("H8: are answered in kind, when all are answered", async () => {
    const commands = [
      { connect: { token: "ann" } },
      { id: 1, publish: "log/a", data: "one" },
      { id: 2, publish: "log/a", data: "two" },
      { id: 3, history: "log/a" },
      { id: 4, call: "echo", data: [1] },
      { id: 5, call: "nothing" },
      {},
    ];
    const { status, lines } = await ask(`${url}/send`, { body: body(...commands) });
    expect(status).toBe(200);
    expect(lines.at(-1)).toEqual({});
    const byId = Object.fromEntries(lines.map((line) => [line["id"], line]));
    expect(byId[3]).toMatchObject({ ok: { complete: true, more: false } });
    expect(byId[4]).toMatchObject({ ok: [1] });
    expect(byId[5]).toMatchObject({ error: { code: "not_found" } });
    const { lines: log } = await ask(`${url}/send`, {
      body: body({ connect: {} }, { id: 1, history: "log/a" }),
    });
    expect(log[0]).toMatchObject({
      ok: {
        entries: [
          [expect.anything(), "one", { from: "ann" }],
          [expect.anything(), "two", { from: "ann" }],
        ],
      },
    });
  });

  test("H8: may carry bytes, as base64 or as they are", async () => {
    const publish = (n: number) => JSON.stringify({ id: n, publish: "files/a", bytes: 3 });
    const asText = await ask(`${url}/send`, { body: `{"connect":{}}\n${publish(1)}\nAAr/` });
    expect(asText.lines[0]).toMatchObject({ ok: { offset: expect.any(Number) as number } });
    const asBytes = await ask(`${url}/send`, {
      headers: { "content-type": "application/octet-stream" },
      body: Buffer.concat([Buffer.from(`{"connect":{}}\n${publish(2)}\n`), Buffer.from([0, 10, 255])]),
    });
    expect(asBytes.lines[0]).toMatchObject({ ok: { offset: expect.any(Number) as number } });
    const history = await begin(`${url}/send`, {
      body: body({ connect: {} }, { id: 1, history: "files/a" }),
    });
    await history.until(() => (history.ended ? true : undefined));
    expect(history.text).toMatch(/"bytes":6\}\nAAr\/AAr\/\n/);
  });

  test.each([
    [
      "a subscription",
      [{ connect: {} }, { id: 1, publish: "log/a", data: 1 }, { id: 2, subscribe: "log/a" }],
    ],
    ["the end of one", [{ connect: {} }, { id: 2, unsubscribe: "log/a" }]],
    ["subs", [CONNECT, { id: 2, publish: "log/a", data: 1 }]],
    ["another connect", [{ connect: {} }, { connect: {} }]],
    ["no connect", [{ id: 2, publish: "log/a", data: 1 }]],
    ["nothing", []],
    ["no object", [{ connect: {} }, [1]]],
  ])("H9: with %s are refused as a whole", async (_what, commands) => {
    const { status, lines } = await ask(`${url}/send`, { body: body(...commands) });
    expect(status).toBe(400);
    expect(lines[0]).toMatchObject({ close: 1008, error: { code: "bad_request", retry: false } });
    const { lines: log } = await ask(`${url}/send`, {
      body: body({ connect: {} }, { id: 1, history: "log/a" }),
    });
    expect(log[0]).toMatchObject({ ok: { entries: [] } });
  });

  test("K7: over the rate are refused, and the connection ends when they keep coming", async () => {
    await serve({ limits: { commands: { perSecond: 1, burst: 3 } } });
    const publishes = Array.from({ length: 10 }, (_, id) => ({ id, publish: "log/a", data: id, idem: id }));
    const { status, lines } = await ask(`${url}/send`, {
      body: body({ connect: { publisher: "x".repeat(20) } }, ...publishes),
    });
    expect(status).toBe(200);
    expect(lines.filter((line) => "error" in line)).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({ close: 4005 });
  });

  test("H41: a client's rate is one over all its requests, another one's is its own", async () => {
    await serve({ limits: { commands: { perSecond: 0.01, burst: 3 } } });
    const send = async (publisher: string | undefined, count: number) => {
      const calls = Array.from({ length: count }, (_, id) => ({ id, call: "echo", data: id }));
      const { lines } = await ask(`${url}/send`, { body: body({ connect: { publisher } }, ...calls) });
      return lines.filter((line) => "ok" in line).length;
    };
    const [ann, bob] = ["a".repeat(20), "b".repeat(20)];
    expect([await send(ann, 2), await send(ann, 2), await send(ann, 2)]).toEqual([2, 1, 0]);
    expect(await send(bob, 2)).toBe(2);
    // Who gives neither a secret nor a user goes by its address.
    await serve({ limits: { commands: { perSecond: 0.01, burst: 3 } } });
    expect([await send(undefined, 2), await send(undefined, 2)]).toEqual([2, 1]);
  });
});
