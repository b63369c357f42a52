/** Attempts to come in as somebody else, or from somewhere else: each refused, and nobody else disturbed. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { stream, tidemark, TidemarkError } from "tidemark";
import { connect, type Stream as ClientStream } from "tidemark/client";
import { dial, upgradeRequest } from "../server/support/raw.js";
import { ask, body } from "./support/http.js";

const PUBLISHER = "a-secret-of-ann-0123456789";
const FRIEND = "https://friend.example";
let port: number;
let url: string;
let witness: { readonly got: unknown[]; readonly publish: (data: unknown) => Promise<unknown> };

beforeEach(async () => {
  const app = tidemark<{ id: string } | null>({
    log: { info() {}, warn() {}, error: (_fields, message) => expect.fail(message) },
    origins: [FRIEND],
    authenticate: ({ token }) => {
      if (token === undefined) return null;
      if (!token.startsWith("token-of-")) throw new TidemarkError("unauthorized", "no such token");
      return { id: token.slice("token-of-".length) };
    },
  }).channels({
    "chat/:id": stream({
      retain: { count: 100 },
      allow: ({ user, params }) => params["id"] === "open" || user?.id === params["id"],
    }),
  });
  ({ port } = await app.listen({ port: 0, host: "127.0.0.1" }));
  url = `http://127.0.0.1:${port}/connect`;
  onTestFinished(() => app.close());
  const client = connect(url, { token: "token-of-ann" });
  onTestFinished(() => client.close());
  const chat = client.stream("chat/open" as never) as unknown as ClientStream;
  const got: unknown[] = [];
  chat.on("message", ({ data, from }) => got.push([from, data]));
  await chat.ready;
  witness = { got, publish: (data) => chat.publish(data) };
});

// Whatever was tried: who was there goes on, and has seen nothing strange.
afterEach(async () => {
  const before = witness.got.length;
  await witness.publish("still here");
  await expect.poll(() => witness.got.slice(before)).toEqual([["ann", "still here"]]);
});

describe("somebody else's name", () => {
  test("H11: another user's publisher secret, even if it were known, does not make somebody that user", async () => {
    const publish = (token: string) =>
      ask(`${url}/send`, {
        body: body(
          { connect: { token, publisher: PUBLISHER } },
          { id: 1, publish: "chat/open", data: token, idem: 1 },
        ),
      });
    expect((await publish("token-of-mallory")).lines[0]).toMatchObject({ ok: {} });
    // A key of mallory's own: ann's first message with it is no retry, and no conflict.
    expect((await publish("token-of-ann")).lines[0]).toMatchObject({ ok: {} });
    await expect
      .poll(() => witness.got)
      .toEqual([
        ["mallory", "token-of-mallory"],
        ["ann", "token-of-ann"],
      ]);
    witness.got.length = 0;
  });

  test.each([
    ["a client id in place of a token", { connect: { client: "c-1", token: "c-1" } }, 401],
    ["a guessed token", { connect: { token: "token-for-ann" } }, 401],
    ["a token that is no text", { connect: { token: { id: "ann" } } }, 400],
  ])("H11: %s", async (_what, command, status) => {
    for (const path of ["/stream", "/poll?wait=0"])
      expect((await ask(`${url}${path}`, { body: body(command) })).status).toBe(status);
    expect(
      (await ask(`${url}/send`, { body: body(command, { id: 1, publish: "chat/open", data: "x" }) })).status,
    ).toBe(status);
  });

  test("H11: a client id in the command changes nothing: there is no session to take over", async () => {
    const { lines } = await ask(`${url}/poll?wait=0`, {
      body: body({ id: 1, connect: { client: "someone", session: "someone", subs: { "chat/ann": {} } } }),
    });
    expect(lines[0]).toMatchObject({ ok: { subs: { "chat/ann": { error: { code: "forbidden" } } } } });
    expect((lines[0] as { ok: { client: string } }).ok.client).not.toBe("someone");
  });
});

const own = (): string => `http://127.0.0.1:${port}`;
const REQUESTS = [
  { path: "/stream", method: "POST", sent: body({ connect: {} }) },
  { path: "/poll?wait=0", method: "POST", sent: body({ connect: {} }) },
  {
    path: "/send",
    method: "POST",
    sent: body({ connect: {} }, { id: 1, publish: "chat/open", data: "forged" }),
  },
  { path: "/sse?channel=chat/open", method: "GET", sent: "" },
];

describe.each(REQUESTS)("a page of somewhere else, at $path", ({ path, method, sent }) => {
  test.each([
    ["a foreign origin", { origin: "https://evil.example" }],
    ["the null origin", { origin: "null" }],
    ["an origin that begins like an allowed one", { origin: `${FRIEND}.evil.example` }],
    ["an allowed one with another port", { origin: `${FRIEND}:8443` }],
    ["an allowed one with another scheme", { origin: "http://friend.example" }],
    ["an empty origin", { origin: "" }],
    ["two origins", { origin: `${FRIEND} https://evil.example` }],
    ["a foreign origin with our Host behind it", { origin: "https://evil.example@127.0.0.1" }],
    [
      "a foreign origin that says X-Forwarded-Host",
      { origin: "https://evil.example", "x-forwarded-host": "evil.example" },
    ],
    ["a form of another site", { origin: "https://evil.example", "content-type": "text/plain" }],
    ["an image or script of another site", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
    ["an image or script of a sister site", { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" }],
  ])("H11: %s", async (_what, headers) => {
    const answer = await ask(`${url}${path}`, {
      method,
      headers,
      body: sent,
    });
    expect(answer.status).toBe(403);
    expect(answer.lines[0]).toMatchObject({ close: 4501, error: { code: "forbidden" } });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test.each([
    ["a foreign origin", { origin: "https://evil.example" }],
    ["the null origin", { origin: "null" }],
    [
      "a foreign origin that asks for more",
      { origin: "https://evil.example", "access-control-request-private-network": "true" },
    ],
  ])("H12: a preflight of %s", async (_what, headers) => {
    const asking = {
      "access-control-request-method": method,
      "access-control-request-headers": "content-type",
      ...headers,
    } as Record<string, string>;
    const answer = await ask(`${url}${path}`, { method: "OPTIONS", headers: asking });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("H12: an allowed origin may ask, read, and send no credentials", async () => {
    const asked = await ask(`${url}${path}`, {
      method: "OPTIONS",
      headers: { origin: FRIEND, "access-control-request-method": method },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers).toMatchObject({
      "access-control-allow-origin": FRIEND,
      "access-control-allow-methods": method,
      "access-control-allow-headers": "content-type",
      vary: "origin",
    });
    expect(asked.headers["access-control-allow-credentials"]).toBeUndefined();
    if (path === "/poll?wait=0") {
      const answer = await ask(`${url}${path}`, { method, headers: { origin: FRIEND }, body: sent });
      expect([answer.status, answer.headers["access-control-allow-origin"], answer.headers.vary]).toEqual([
        200,
        FRIEND,
        "origin",
      ]);
    }
  });
});

test("H11: a page of the same origin, and whoever is no page, come in", async () => {
  for (const headers of [
    { origin: own() },
    { origin: own(), "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
    {},
  ]) {
    expect(
      (
        await ask(`${url}/poll?wait=0`, {
          headers,
          body: body({ connect: {} }),
        })
      ).status,
    ).toBe(200);
  }
});

describe("requests that are not what they seem", () => {
  const POST = "POST /connect/poll?wait=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  const SMUGGLED = "POST /connect/send HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 66\r\n\r\n";
  const BODY = '{"connect":{}}';
  /** Would be answered with 200 if it were read. */
  const BEHIND = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  test.each([
    [
      "a length and chunks",
      `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    ],
    ["two lengths", `${POST}Content-Length: ${BODY.length}\r\nContent-Length: 5\r\n\r\n${BODY}`],
    ["a length that is no number", `${POST}Content-Length: +14\r\n\r\n${BODY}`],
    ["a space before the colon", `${POST}Content-Length : 14\r\n\r\n${BODY}`],
    ["a disguised encoding", `${POST}Transfer-Encoding: xchunked\r\n\r\n${BODY}`],
    [
      "a chunk whose size is no number",
      `${POST}Transfer-Encoding: chunked\r\n\r\n0x0e\r\n${BODY}\r\n0\r\n\r\n`,
    ],
    ["a header over two lines", `${POST}Content-Length:\r\n 14\r\n\r\n${BODY}`],
    ["no Host", `POST /connect/poll HTTP/1.1\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`],
    ["two Hosts", `${POST}Host: evil.example\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`],
    ["an upgrade that is none", upgradeRequest("/connect", { Upgrade: "h2c" })],
    ["an upgrade without a key", upgradeRequest("/connect", { "Sec-WebSocket-Key": undefined })],
    ["an upgrade with POST", upgradeRequest("/connect").replace("GET", "POST")],
    ["an upgrade of the stream", upgradeRequest("/connect/stream")],
    // A proxy that takes such a refusal for an open WebSocket lets through what the client says next.
    ["an upgrade of another version", upgradeRequest("/connect", { "Sec-WebSocket-Version": "7" }) + BEHIND],
    ["a refused upgrade with a request behind it", upgradeRequest("/elsewhere") + BEHIND],
    [
      "a refused upgrade with a length",
      upgradeRequest("/connect", {
        "Sec-WebSocket-Version": "7",
        "Content-Length": `${BEHIND.length}`,
      }) + BEHIND,
    ],
    [
      "a refused upgrade with chunks",
      `${upgradeRequest("/connect", {
        "Sec-WebSocket-Version": "7",
        "Transfer-Encoding": "chunked",
      })}0\r\n\r\n${BEHIND}`,
    ],
  ])("H13: %s", async (what, request) => {
    const raw = await dial(port);
    raw.write(request);
    const status = await raw.status().catch(() => 0);
    expect([0, 400, 404, 405, 426], `${what}: ${status}`).toContain(status);
    raw.socket.end();
    await raw.ended;
    // Nothing of what came behind was taken for a request.
    expect(raw.received.toString("latin1")).not.toMatch(/HTTP\/1\.1 200/);
  });

  test("H13: what comes behind an upgrade is no request", async () => {
    const raw = await dial(port);
    raw.write(upgradeRequest("/connect", { "Content-Length": "0" }) + SMUGGLED);
    const status = await raw.status().catch(() => 0);
    expect([0, 101, 400]).toContain(status);
    raw.socket.end();
    await raw.ended;
    expect(raw.received.toString("latin1")).not.toMatch(/HTTP\/1\.1/);
  });
});
