/** The HTTP transports as bare requests: what docs/protocol.md says of them, without a client. */
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { bytes, method, stream, tidemark, TidemarkError, type AppOptions } from "tidemark";
import { ask, begin, body } from "./support/http.js";

type Options = Partial<AppOptions<{ id: string } | null>>;

function appWith(options: Options) {
  return tidemark<{ id: string } | null>({
    log: { info() {}, warn() {}, error: (_fields, message) => expect.fail(message) },
    authenticate: ({ token }) => {
      if (token === "mallory") throw new TidemarkError("banned", "not you");
      if (token === "late") throw new TidemarkError("busy", "later", { retry: true, after: 1500 });
      return token === undefined ? null : { id: token };
    },
    ...options,
  })
    .channels({
      "log/:id": stream({ retain: { count: 10_000 } }),
      "room/:id": stream({ retain: { count: 10 }, presence: true }),
      "files/:id": stream({ message: bytes(), retain: { count: 10 } }),
      "closed/:id": stream({ allow: () => false }),
    })
    .methods({ echo: method({ run: (value: unknown) => value }) });
}

let app: ReturnType<typeof appWith>;
let url: string;

async function serve(options: Options = {}): Promise<void> {
  const own = (app = appWith(options));
  const { port } = await own.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => own.close());
  url = `http://127.0.0.1:${port}/connect`;
}

const CONNECT = { id: 1, connect: { subs: { "log/a": {} } } };

describe("a stream", () => {
  beforeEach(() => serve());

  test("H2: begins with padding and the answer to connect, and goes on with messages", async () => {
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/x-ndjson; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    });
    const [ok] = await answer.until(() => (answer.lines.length > 0 ? answer.lines : undefined));
    expect(ok).toMatchObject({ id: 1, ok: { durability: "memory", subs: { "log/a": { kind: "stream" } } } });
    expect(answer.text.indexOf("{")).toBeGreaterThan(2000);
    const { offset } = await app.publishTo("log/a", { text: "hi" });
    const message = await answer.until(() => answer.lines.find(Array.isArray));
    expect(message.slice(1)).toEqual([offset, { text: "hi" }]);
    expect(answer.text.endsWith("\n\n")).toBe(true);
  });

  test("H1: bytes come as a line of base64", async () => {
    const answer = await begin(`${url}/stream`, { body: body({ connect: { subs: { "files/a": {} } } }) });
    await app.publishTo("files/a", Uint8Array.from([0, 10, 255]));
    await answer.until(() => (answer.text.includes("AAr/") ? true : undefined));
    expect(answer.text).toMatch(/\n\[\d+,\d+,null,\{"bytes":3\}\]\nAAr\/\n\n$/);
  });

  test("H6: a server that stops says so in the last line", async () => {
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    await answer.until(() => answer.lines[0]);
    await app.close();
    expect((await answer.end()).at(-1)).toEqual({ close: 4000, reason: "the server is stopping" });
  });

  test("H3: one that has lasted long enough ends with {}, to be asked for again", async () => {
    await serve({ http: { stream: 50 } });
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    expect((await answer.end()).at(-1)).toEqual({});
  });

  test("H4: whoever hangs up is gone from the server", async () => {
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    await answer.until(() => answer.lines[0]);
    expect(app.stats.connections).toBe(1);
    answer.drop();
    await expect.poll(() => app.stats.connections).toBe(0);
  });

  test("F4: one that is not read holds no more than its share, and gets everything when it is read", async () => {
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    await answer.until(() => answer.lines[0]);
    answer.pause();
    const text = "x".repeat(1000);
    for (let n = 0; n < 8000; n++) await app.publishTo("log/a", [n, text]);
    answer.resume();
    const count = (): number => answer.text.split(`"${text}"`).length - 1;
    await answer.until(() => (count() >= 8000 ? true : undefined));
    const numbers = answer.lines.filter(Array.isArray).map((message) => (message[2] as unknown[])[0]);
    expect(numbers).toEqual(Array.from({ length: 8000 }, (_, n) => n));
  });
});

describe("a poll", () => {
  beforeEach(() => serve());

  test("H7: is over as soon as there is something besides the answer to connect", async () => {
    const answer = await begin(`${url}/poll`, { body: body(CONNECT) });
    await answer.until(() => answer.lines[0]);
    expect(answer.ended).toBe(false);
    await app.publishTo("log/a", "hi");
    const lines = await answer.end();
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain("hi");
    expect(lines[2]).toEqual({});
  });

  test("H7: goes on from a cursor at once, where there is something", async () => {
    const first = (await ask(`${url}/poll?wait=0`, { body: body(CONNECT) })).lines[0] as {
      ok: { subs: Record<string, unknown> };
    };
    await app.publishTo("log/a", "missed");
    const { lines } = await ask(`${url}/poll`, {
      body: body({ id: 1, connect: { subs: { "log/a": first.ok.subs["log/a"] } } }),
    });
    expect((lines as unknown[]).filter(Array.isArray).map((message) => (message as unknown[])[2])).toEqual([
      "missed",
    ]);
  });

  test("H7: is over at once when it was asked not to wait, or when a channel was refused", async () => {
    const quick = await ask(`${url}/poll?wait=0`, { body: body(CONNECT) });
    expect(quick.lines).toHaveLength(2);
    const refused = await ask(`${url}/poll`, {
      body: body({ connect: { subs: { "closed/a": {}, "log/a": {} } }, id: 1 }),
    });
    expect(refused.lines[0]).toMatchObject({
      ok: { subs: { "closed/a": { error: { code: "forbidden" } } } },
    });
  });

  test("H7: waits as long as the server allows, and no longer", async () => {
    await serve({ http: { poll: 30 } });
    for (const wait of ["", "?wait=100000", "?wait=nonsense", "?wait=-1"]) {
      const { lines } = await ask(`${url}/poll${wait}`, { body: body(CONNECT) });
      expect(lines.at(-1)).toEqual({});
    }
  });
});

const SUBS = (names: string[]) => ({
  id: 1,
  connect: { subs: Object.fromEntries(names.map((n) => [n, {}])) },
});

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

describe("what is refused", () => {
  beforeEach(() => serve());

  const big = body({ connect: { token: "x".repeat(200_000) } });
  test.each([
    [
      "a token",
      "/stream",
      body({ id: 7, connect: { token: "mallory" } }),
      401,
      { close: 4500, id: 7, error: { code: "banned" } },
    ],
    [
      "a token, of commands",
      "/send",
      body({ connect: { token: "mallory" } }, { id: 1, call: "echo" }),
      401,
      { close: 4500, error: { code: "banned" } },
    ],
    [
      "a token, of a poll",
      "/poll",
      body({ id: 7, connect: { token: "mallory" } }),
      401,
      { close: 4500, id: 7, error: { code: "banned" } },
    ],
    [
      "for now",
      "/stream",
      body({ id: 7, connect: { token: "late" } }),
      503,
      { close: 4006, error: { code: "busy", retry: true, after: 1500 } },
    ],
    ["what is no JSON", "/stream", "hello", 400, { close: 1007 }],
    ["what is no UTF-8", "/stream", Buffer.from([0xff, 0xfe]), 400, { close: 1007 }],
    ["an empty body", "/stream", "", 400, { close: 1008 }],
    ["another command", "/stream", body({ subscribe: "log/a" }), 400, { close: 1008 }],
    ["two commands", "/poll", body(CONNECT, CONNECT), 400, { close: 1008 }],
    ["a bad field", "/stream", body({ connect: { subs: { "log/a": { last: -1 } } } }), 400, { close: 1008 }],
    ["a body over the limit", "/stream", big, 413, { close: 1009, error: { code: "too_large" } }],
    ["a body over the limit, of commands", "/send", big, 413, { close: 1009, error: { code: "too_large" } }],
  ])("H5: %s: %s", async (_what, path, sent, status, line) => {
    const answer = await ask(`${url}${path}`, { body: sent });
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.lines).toHaveLength(1);
    expect(answer.lines[0]).toMatchObject(line);
    expect(app.stats.connections).toBe(0);
  });

  test("H5: for now says in a header when to come back", async () => {
    const answer = await ask(`${url}/stream`, { body: body({ connect: { token: "late" } }) });
    expect(answer.headers["retry-after"]).toBe("2");
  });

  test("H5: a body over the limit that does not say so is not read to its end", async () => {
    const answer = await ask(`${url}/stream`, { headers: { "transfer-encoding": "chunked" }, body: big });
    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe("close");
  });

  test("H5: a body that does not come", async () => {
    await serve({ limits: { connectTimeout: 100 } });
    const answer = await ask(`${url}/stream`, { headers: { "content-length": "100" }, body: "{" }).catch(
      (error: Error) => error,
    );
    expect(answer).toMatchObject({ status: 408 });
  });

  test("H5: a body that is compressed", async () => {
    const answer = await ask(`${url}/stream`, { headers: { "content-encoding": "gzip" }, body: "x" });
    expect(answer.status).toBe(415);
  });

  test.each([
    ["GET", "/stream", "POST"],
    ["PUT", "/send", "POST"],
    ["DELETE", "/poll", "POST"],
    ["POST", "/sse", "GET"],
  ])("H5: %s %s", async (method_, path, allowed) => {
    const answer = await ask(`${url}${path}`, { method: method_ });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allowed);
  });

  test("A12: other paths below are left to others, and so are these where HTTP is off", async () => {
    expect((await ask(`${url}/other`, {})).status).toBe(404);
    expect((await ask(`${url}/stream/x`, {})).status).toBe(404);
    await serve({ http: false });
    expect((await ask(`${url}/stream`, { body: body(CONNECT) })).status).toBe(404);
  });
});
