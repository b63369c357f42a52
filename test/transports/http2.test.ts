/** Servers that speak HTTP/2, with TLS and without, and HTTP/1.1 beside it. */
import { once } from "node:events";
import {
  connect as connectHttp2,
  createSecureServer,
  createServer,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { TidemarkError, stream, tidemark } from "tidemark";
import { quiet } from "../server/support/serve.js";
import { whatReachesProcess } from "../server/support/process.js";
import { noCertificates, selfSigned } from "./support/certificate.js";

const KEY = "a-key-for-backends-0123456789";
const ANN = { token: "ann", publisher: "a-secret-of-ann-0123456789" };

let tls: ReturnType<typeof selfSigned>;
beforeAll(() => {
  if (!noCertificates) tls = selfSigned();
});

const makeApp = () =>
  tidemark<{ id: string } | null>({
    ...quiet,
    apiKey: KEY,
    authenticate: ({ token }) => {
      if (token === "mallory") throw new TidemarkError("banned", "not you");
      return token === undefined ? null : { id: token };
    },
  }).channels({
    "chat/:id": stream({ retain: { count: 100 }, presence: true }),
    "mine/:id": stream({ allow: () => false }),
  });
type TestApp = ReturnType<typeof makeApp>;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** An answer that is still coming. */
class Stream {
  text = "";
  status = 0;
  headers: IncomingHttpHeaders = {};
  ended = false;
  broken: Error | undefined;
  readonly #stream: ClientHttp2Stream;

  constructor(asking: ClientHttp2Stream) {
    this.#stream = asking;
    asking.setEncoding("utf8");
    asking.on("error", (error) => (this.broken = error));
    asking.on("response", (headers) => {
      this.headers = headers;
      this.status = Number(headers[":status"]);
    });
    asking.on("data", (text: string) => (this.text += text));
    asking.on("close", () => (this.ended = true));
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.ended) throw new Error(`the answer ended with ${this.status} ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => {
        for (const event of ["data", "close"]) this.#stream.once(event, () => resolve());
      });
    }
  }

  async whole(): Promise<Answer> {
    while (!this.ended) await new Promise((resolve) => this.#stream.once("close", resolve));
    return this;
  }

  drop(): void {
    this.#stream.destroy();
  }
}

class Browser {
  readonly session: ClientHttp2Session;

  constructor(url: string) {
    this.session = connectHttp2(url, { rejectUnauthorized: false });
    this.session.on("error", () => {});
    onTestFinished(() => this.session.destroy());
  }

  begin(path: string, headers: OutgoingHttpHeaders = {}, body?: string): Stream {
    const method = body === undefined ? "GET" : "POST";
    const asking = this.session.request({ ":path": path, ":method": method, ...headers });
    const answer = new Stream(asking);
    asking.end(body);
    return answer;
  }

  ask(path: string, headers?: OutgoingHttpHeaders, body?: string): Promise<Answer> {
    return this.begin(path, headers, body).whole();
  }
}

async function listening(server: Http2Server | Http2SecureServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The ways in which an app comes to a server, and the servers. */
const WAYS: Readonly<Record<string, (app: TestApp) => Promise<string>>> = {
  "attach over TLS": async (app) => {
    const server = createSecureServer({ ...tls, allowHTTP1: true });
    app.attach(server);
    return `https://127.0.0.1:${await listening(server)}`;
  },
  "attach without TLS": async (app) => {
    const server = createServer();
    app.attach(server);
    return `http://127.0.0.1:${await listening(server)}`;
  },
  "handleRequest over TLS": async (app) => {
    const server = createSecureServer({ ...tls, allowHTTP1: true });
    server.on("request", (asked, answer) => {
      if (!app.handleRequest(asked, answer)) answer.writeHead(404).end("theirs");
    });
    return `https://127.0.0.1:${await listening(server)}`;
  },
};

const connectOf = (subs: object = {}): string => JSON.stringify({ id: 1, connect: { ...ANN, subs } });

describe.skipIf(noCertificates).each(Object.keys(WAYS))("%s", (way) => {
  async function setUp() {
    const reached = whatReachesProcess();
    const app = makeApp();
    onTestFinished(() => app.close());
    onTestFinished(() => expect(reached).toEqual([]));
    const url = (await WAYS[way]?.(app)) ?? "";
    return { app, url, browser: new Browser(url) };
  }

  test("H16, A12: health, the API and what is not there", async () => {
    const { app, browser } = await setUp();
    expect(await browser.ask("/healthz")).toMatchObject({ status: 200, text: '{"status":"ok"}\n' });
    expect(await browser.ask("/readyz")).toMatchObject({ status: 200 });
    expect(await browser.ask("/connect")).toMatchObject({ status: 426 });
    expect((await browser.ask("/elsewhere")).status).toBe(404);
    expect((await browser.ask("/api/channels")).status).toBe(401);
    await app.publish("chat/:id", { id: "a" }, 1);
    const listed = await browser.ask("/api/channels", { authorization: `Bearer ${KEY}` });
    expect(JSON.parse(listed.text)).toMatchObject({ channels: [], nodes: { asked: 1 } });
  });

  test("H16: polls, commands, a stream and events are answered as over HTTP/1.1", async () => {
    const { app, browser } = await setUp();
    const events = browser.begin("/connect/sse?channel=chat/a");
    await events.until(() => events.text.includes("event: subscribed"));
    const lines = browser.begin("/connect/stream", {}, connectOf({ "chat/a": {} }));
    await lines.until(() => lines.text.includes('"subs"'));
    const first = await browser.ask("/connect/poll?wait=0", {}, connectOf({ "chat/a": {} }));
    expect(first).toMatchObject({
      status: 200,
      headers: { "content-type": "application/x-ndjson; charset=utf-8" },
    });
    expect(JSON.parse(first.text.split("\n")[0] ?? "")).toMatchObject({
      id: 1,
      ok: { subs: { "chat/a": {} } },
    });
    const poll = browser.ask("/connect/poll", {}, connectOf({ "chat/a": {} }));
    const publish = '{"id":2,"publish":"chat/a","data":"over h2","idem":1}';
    const sent = await browser.ask("/connect/send", {}, `${connectOf()}\n${publish}`);
    expect(sent.text).toMatch(/"id":2,"ok":\{"offset":\d+\}/);
    await events.until(() => events.text.includes('"data":"over h2"'));
    await lines.until(() => lines.text.includes('"over h2"'));
    // The poll may have been let in after the message.
    await app.publish("chat/:id", { id: "a" }, "later");
    expect((await poll).text).toMatch(/over h2|later/);
    expect(app.stats.connections).toBe(2);
    const left = new Promise((resolve) => browser.session.once("close", resolve));
    lines.drop();
    browser.session.destroy();
    await left;
    while (app.stats.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test("H16, H5: what is refused has its status", async () => {
    const { browser } = await setUp();
    const refused = await browser.ask("/connect/sse?channel=mine/a");
    expect(refused).toMatchObject({ status: 403, broken: undefined });
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: "forbidden" } });
    expect((await browser.ask("/connect/sse?channel=chat/a&token=mallory")).status).toBe(401);
    expect((await browser.ask("/connect/poll", {}, "nonsense")).status).toBe(400);
    expect((await browser.ask("/connect/poll", {}, `"${"x".repeat(200_000)}"`)).status).toBe(413);
    expect((await browser.ask("/connect/poll")).status).toBe(405);
  });

  test("H16, H11: pages of the same host may, others may not, and a second host is refused", async () => {
    const { url, browser } = await setUp();
    const host = url.replace(/^https?:\/\//, "");
    expect((await browser.ask("/connect/poll?wait=0", { origin: url }, connectOf())).status).toBe(200);
    const evil = { origin: "https://evil.example" };
    expect((await browser.ask("/connect/poll?wait=0", evil, connectOf())).status).toBe(403);
    expect((await browser.ask("/connect/poll?wait=0", { host }, connectOf())).status).toBe(200);
    const two = { ":authority": host, host: "evil.example" };
    const status = (answer: Answer): number => answer.status;
    // Some releases of Node's client and server refuse it themselves.
    expect(status(await browser.ask("/connect/poll?wait=0", two, connectOf()))).not.toBe(200);
  });

  test("H16, K25: requests that are cut off end themselves and nothing else", async () => {
    const { app, browser, url } = await setUp();
    const other = new Browser(url);
    await Promise.all(
      ["/connect/sse?channel=chat/a", "/connect/stream", "/connect/poll"].map(async (path) => {
        const half = browser.session.request({ ":path": path, ":method": "POST" });
        half.on("error", () => {});
        half.write('{"id":1,"conn');
        await new Promise((resolve) => half.once("ready", resolve));
        half.destroy();
      }),
    );
    browser.session.destroy();
    const poll = await other.ask("/connect/poll?wait=0", {}, connectOf());
    expect(poll.status).toBe(200);
    while (app.stats.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

test.skipIf(noCertificates)("H16: on such a server HTTP/1.1 and WebSockets go on", async () => {
  const app = makeApp();
  const server = createSecureServer({ ...tls, allowHTTP1: true });
  app.attach(server);
  const port = await listening(server);
  onTestFinished(() => app.close());
  const insecure = { rejectUnauthorized: false };
  const socket = new WebSocket(`wss://127.0.0.1:${port}/connect`, insecure);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  socket.send('{"id":1,"connect":{}}');
  expect(String((await once(socket, "message"))[0])).toContain('"client"');
  const status = await new Promise((resolve) => {
    request(`https://127.0.0.1:${port}/healthz`, insecure, (answer) => resolve(answer.statusCode)).end();
  });
  expect(status).toBe(200);
});
