/** The first look at a connection: handshakes that are plain are taken there, and nobody can tell. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import { Duplex } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { seededRandom } from "tidemark/testing";
import { stream, tidemark } from "../../src/server/index.js";
import { readPlainUpgrade } from "../../src/server/transports/websocket/plain-upgrade.js";
import { TEXT, dial, frame, upgradeRequest, type Raw } from "./support/raw.js";
import { quiet, serve } from "./support/serve.js";
import { nextTurn } from "./support/sockets.js";

const REQUESTS = 3000;
const SEED = Number(process.env["TIDEMARK_SEED"] ?? Date.now() % 1_000_000_007);

interface Understood {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly head: string;
}

/** What Node's HTTP server makes of the bytes, where that is an upgrade. */
async function readByNode(bytes: Buffer): Promise<Understood | undefined> {
  const server = createServer();
  let found: Understood | undefined;
  server.on("upgrade", ({ url, headers }, _socket, head) => {
    found = { url, headers: { ...headers }, head: (head as Buffer).toString("latin1") };
  });
  const socket = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
  socket.on("error", () => {});
  server.emit("connection", socket);
  socket.push(bytes);
  await nextTurn();
  socket.destroy();
  return found;
}

function readByUs(bytes: Buffer): Understood | undefined {
  const found = readPlainUpgrade(bytes);
  return found && { ...found, headers: { ...found.headers }, head: found.head.toString("latin1") };
}

/** A request that begins a WebSocket, or nearly. */
function nearlyUpgrade(random: { float(): number }): string {
  const oneOf = (...values: readonly string[]): string =>
    values[Math.floor(random.float() * values.length)] ?? "";
  const rarely = (unusual: string, usual: string): string => (random.float() < 0.06 ? unusual : usual);
  const name = (text: string): string => oneOf(text, text, text.toLowerCase(), text.toUpperCase());
  const end = rarely(oneOf("\n", "\r", "\r\r\n", "\r\n "), "\r\n");
  const space = (): string => oneOf(" ", " ", "", "  ", "\t", " \t ");
  const lines = [
    `${name("Host")}:${space()}${oneOf("example.com", "[::1]:80", "a")}${space()}`,
    `${name("Upgrade")}:${space()}${oneOf("websocket", "websocket", "WebSocket", rarely("h2c", "websocket"))}`,
    `${name("Connection")}:${space()}${oneOf("Upgrade", "keep-alive, Upgrade", "upgrade", "upgrade,x", rarely("close", "Upgrade"))}`,
    `${name("Sec-WebSocket-Key")}:${space()}dGhlIHNhbXBsZSBub25jZQ==`,
    `Sec-WebSocket-Version: 13`,
  ];
  const extra = (): string =>
    oneOf(
      "Origin: https://example.com",
      "Cookie: a=1; b=2",
      "Cookie: c=3",
      'User-Agent: Mozilla/5.0 (X11; Linux) it\'s "quoted" {x}',
      "X-Empty:",
      "X-Forwarded-For: 10.0.0.1",
      "Authorization: Bearer a.b.c",
      rarely("Content-Length: 3", "Accept: */*"),
      rarely("Transfer-Encoding: chunked", "Accept-Language: de,en;q=0.5"),
      rarely("Set-Cookie: a=1", "Pragma: no-cache"),
      rarely("__proto__: x", "constructor: y"),
      rarely("X-Letters: \u00e4\u00f6", "hasOwnProperty: z"),
      rarely("X Space: 1", "X_Under: 1"),
      rarely("X-Null: a\0b", "X-Tab: a\tb"),
      rarely("no colon at all", "toString: 1"),
      rarely(": no name", "X: 1"),
    );
  for (let i = Math.floor(random.float() * 5); i > 0; i--) {
    lines.splice(Math.floor(random.float() * (lines.length + 1)), 0, extra());
  }
  // Once in a while one is missing, twice there, or folded.
  const at = Math.floor(random.float() * lines.length);
  if (random.float() < 0.08) lines.splice(at, 1);
  const one = lines[at] ?? "";
  if (random.float() < 0.08) lines.push(one);
  if (random.float() < 0.04) lines.push(`${one}\r\n folded`);
  const path = `/${oneOf("connect", "connect?token=a%20b&x=[1]", "a/../b", "connect?x=" + "y".repeat(40), "*", "a|b", 'a"b', "a#b", "a{b}", "\u00e4")}`;
  const first = `${rarely(oneOf("POST", "get", "GETS", " GET"), "GET")} ${path} ${rarely(oneOf("HTTP/1.0", "HTTP/2.0", "http/1.1", "HTTP/1.1 "), "HTTP/1.1")}`;
  const rest = oneOf("", "", "\x81\x85abcd", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
  return `${first}${end}${lines.join(end)}${end}${end}${rest}`;
}

it(`K24: what is taken for a plain upgrade is what Node takes it for (seed ${SEED})`, async () => {
  let [taken, left] = [0, 0];
  for (let i = 0; i < REQUESTS; i++) {
    const bytes = Buffer.from(nearlyUpgrade(seededRandom(SEED + i)), "latin1");
    const ours = readByUs(bytes);
    const nodes = await readByNode(bytes);
    if (ours === undefined) left++;
    else {
      taken++;
      expect(ours, `seed ${SEED + i}: ${JSON.stringify(bytes.toString("latin1"))}`).toEqual(nodes);
    }
  }
  expect(taken).toBeGreaterThan(REQUESTS / 10);
  expect(left).toBeGreaterThan(REQUESTS / 10);
});

it("K24: browsers' requests are plain", () => {
  const bytes = Buffer.from(
    upgradeRequest("/connect?x=1", {
      Pragma: "no-cache",
      "Cache-Control": "no-cache",
      "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0",
      Origin: "http://127.0.0.1:8080",
      "Accept-Encoding": "gzip, deflate, br, zstd",
      "Accept-Language": "en-US,en;q=0.9",
      Cookie: "session=abc; theme=dark",
      "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
      Connection: "keep-alive, Upgrade",
    }),
  );
  expect(readPlainUpgrade(bytes)).toMatchObject({
    url: "/connect?x=1",
    headers: { cookie: "session=abc; theme=dark", "accept-encoding": "gzip, deflate, br, zstd" },
  });
});

it("K24: what is not plain is seen to be that in one pass, however it is made", () => {
  // With a second pass for each byte this would go on for minutes.
  for (const filler of ["\t", " ", "a: b\r\n", "a"]) {
    const bytes = Buffer.from(`GET / HTTP/1.1\r\nx:${filler.repeat(8000 / filler.length)}\0`);
    for (let i = 0; i < 1000; i++) expect(readPlainUpgrade(bytes)).toBeUndefined();
  }
});

const chat = () => tidemark(quiet).channels({ "chat/:id": stream({ retain: { count: 100 } }) });

async function statusOf(raw: Raw, path = "/healthz"): Promise<number> {
  raw.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const status = await raw.status();
  await raw.until(() => (raw.received.length > 0 ? true : undefined));
  raw.received = Buffer.alloc(0);
  return status;
}

describe("K24: nobody can tell who took a connection", () => {
  it("whatever pieces a handshake comes in, with or without what follows it", async () => {
    const { port } = await serve(chat());
    const connect = frame(TEXT, '{"id":1,"connect":{}}');
    const whole = Buffer.concat([Buffer.from(upgradeRequest()), connect]);
    const request = whole.length - connect.length;
    for (const at of [
      1,
      5,
      40,
      request - 3,
      request - 1,
      request,
      request + 1,
      whole.length - 1,
      whole.length,
    ]) {
      const raw = await dial(port);
      raw.write(whole.subarray(0, at));
      for (let i = 0; i < 3; i++) await nextTurn();
      raw.write(whole.subarray(at));
      expect(await raw.status()).toBe(101);
      expect((await raw.frame()).payload.toString()).toContain('{"id":1,"ok":{"client":');
      raw.socket.destroy();
    }
  });

  it("requests are answered, several on one connection, and then an upgrade", async () => {
    const { port } = await serve(chat());
    const raw = await dial(port);
    expect(await statusOf(raw)).toBe(200);
    expect(await statusOf(raw, "/nowhere")).toBe(404);
    raw.write(upgradeRequest());
    expect(await raw.status()).toBe(101);
  });

  it.each(["/nowhere", "/connect/else"])("an upgrade of %s is refused as ever", async (path) => {
    const { port } = await serve(chat());
    const raw = await dial(port);
    raw.write(upgradeRequest(path));
    expect(await raw.status()).toBe(404);
    expect(await raw.ended).toBe("end");
  });

  it("hooks see the request: its headers, path and address", async () => {
    const seen: unknown[] = [];
    const app = tidemark({
      ...quiet,
      onConnect: ({ request }) => void seen.push([request.url, request.headers["cookie"], request.ip]),
    });
    const { port } = await serve(app);
    const raw = await dial(port);
    raw.write(upgradeRequest("/connect?a=1", { Cookie: "b=2" }));
    expect(await raw.status()).toBe(101);
    raw.write(frame(TEXT, '{"id":1,"connect":{}}'));
    await raw.frame();
    expect(seen).toEqual([["/connect?a=1", "b=2", "127.0.0.1"]]);
  });

  it("connections that break off before they have said anything harm nobody", async () => {
    const { port } = await serve(chat());
    for (let i = 0; i < 20; i++) (await dial(port)).socket.resetAndDestroy();
    expect(await statusOf(await dial(port))).toBe(200);
  });

  it("a server that closes does not wait for those who have said nothing", async () => {
    const app = chat();
    const { port } = await serve(app);
    const raw = await dial(port);
    // It is there once a later one has been answered.
    expect(await statusOf(await dial(port))).toBe(200);
    await app.close();
    await raw.ended;
  });
});

describe("those who take their time", () => {
  afterEach(() => void vi.useRealTimers());

  it("K24: are the HTTP server's after a second", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { port } = await serve(chat());
    const late = await dial(port);
    const gone = await dial(port);
    const witness = await dial(port);
    expect(await statusOf(witness)).toBe(200);
    gone.socket.end();
    for (let i = 0; i < 20; i++) await nextTurn();
    vi.advanceTimersByTime(1000);
    // One that has ended without a word is let go.
    await gone.ended;
    for (const piece of ["GET /healthz", " HTTP/1.1\r\nHost: a\r\n", "\r\n"]) {
      late.write(piece);
      await nextTurn();
    }
    expect(await late.status()).toBe(200);
  });
});
