/** Sockets: the HTTP server around us, origins, the echo, and the end. */
import { createServer, get, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { stream, tidemark, type App } from "../../src/server/index.js";
import type { AppTypes } from "../../src/protocol/index.js";
import { connect, open } from "./support/client.js";
import {
  BINARY,
  CLOSE,
  PING,
  PONG,
  TEXT,
  closing,
  dial,
  frame,
  upgrade,
  upgradeRequest,
} from "./support/raw.js";
import { servedAt, deferred, listeningLogger, quiet, serve, type Served } from "./support/serve.js";

const makeApp = (options = {}) =>
  tidemark({ ...quiet, ...options }).channels({ "chat/:id": stream({ retain: { count: 100 } }) });

/** The status and body of a GET. */
function fetchText(
  url: string,
): Promise<{ status: number | undefined; body: string; headers: IncomingMessage["headers"] }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (body += part));
      response.on("end", () => resolve({ status: response.statusCode, body, headers: response.headers }));
    }).on("error", reject);
  });
}

/** An HTTP server of somebody else's, with the app attached. */
async function attached(
  app: Pick<App<unknown, AppTypes>, "attach" | "close">,
  server: Server,
): Promise<Served> {
  app.attach(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await app.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return servedAt((server.address() as AddressInfo).port);
}

describe("plain requests", () => {
  it("A13: /healthz and /readyz answer 200 with JSON", async () => {
    const { http } = await serve(makeApp());
    for (const [path, status] of [
      ["/healthz", "ok"],
      ["/readyz", "ready"],
    ]) {
      const answer = await fetchText(http + path);
      expect(answer).toMatchObject({ status: 200, body: `{"status":"${status}"}\n` });
      expect(answer.headers).toMatchObject({
        "content-type": "application/json",
        "cache-control": "no-store",
      });
    }
  });

  it("A13: the paths of WebSockets answer 426, also with a query", async () => {
    const { http } = await serve(makeApp());
    for (const path of ["/connect", "/echo", "/connect?x=1"]) {
      expect(await fetchText(http + path)).toMatchObject({ status: 426, headers: { upgrade: "websocket" } });
    }
  });

  it("A12: everything else answers 404", async () => {
    const { http } = await serve(makeApp());
    for (const path of ["/", "/connect/", "/Connect", "/healthz/x", "//connect"])
      expect((await fetchText(http + path)).status).toBe(404);
  });

  it("A12: paths are configurable, and the echo can be left out", async () => {
    const { http, port } = await serve(makeApp({ path: "/rt", echo: false }));
    expect((await fetchText(`${http}/rt`)).status).toBe(426);
    expect((await fetchText(`${http}/connect`)).status).toBe(404);
    expect((await fetchText(`${http}/echo`)).status).toBe(404);
    await connect(`ws://127.0.0.1:${port}/rt?token=x`);
    const raw = await dial(port);
    raw.write(upgradeRequest("/echo"));
    expect(await raw.status()).toBe(404);
  });
});

describe("on somebody else's server", () => {
  it("A12: its routes and upgrades are its own", async () => {
    const theirs = new WebSocketServer({ noServer: true });
    const seen: string[] = [];
    const server = createServer((req, res) => {
      seen.push(`request ${req.url}`);
      res.end("theirs");
    });
    server.on("upgrade", (req, socket, head) => {
      seen.push(`upgrade ${req.url}`);
      if (req.url === "/theirs") theirs.handleUpgrade(req, socket, head, (ws) => ws.send("theirs"));
    });
    const { http, url, port } = await attached(makeApp(), server);
    expect((await fetchText(`${http}/page`)).body).toBe("theirs");
    expect((await fetchText(`${http}/healthz`)).body).toContain("ok");
    const socket = new WebSocket(`ws://127.0.0.1:${port}/theirs`);
    const [data] = await new Promise<[Buffer]>((resolve) =>
      socket.once("message", (message: Buffer) => resolve([message])),
    );
    expect(data.toString()).toBe("theirs");
    socket.terminate();
    await connect(url);
    // Node would hand every upgrade to every listener.
    expect(seen).toEqual(["request /page", "upgrade /theirs"]);
  });

  it("A12: whether the server's own handlers come before or after", async () => {
    const server = createServer();
    const { http, url } = await attached(makeApp(), server);
    expect((await fetchText(`${http}/page`)).status).toBe(404);
    const seen: string[] = [];
    server.on("request", (req, res) => {
      seen.push(`request ${req.url}`);
      res.end("theirs");
    });
    server.on("upgrade", (req) => void seen.push(`upgrade ${req.url}`));
    expect((await fetchText(`${http}/page`)).body).toBe("theirs");
    expect((await fetchText(`${http}/healthz`)).body).toContain("ok");
    await connect(url);
    expect(seen).toEqual(["request /page"]);
  });

  it("A12: after close it is as it was", async () => {
    const app = makeApp();
    const server = createServer((_, res) => res.end("theirs"));
    const { http, url } = await attached(app, server);
    const client = await connect(url);
    await app.close();
    expect((await client.closed).code).toBe(4000);
    expect((await fetchText(`${http}/healthz`)).body).toBe("theirs");
    expect(server.listenerCount("upgrade")).toBe(0);
  });

  it("A12: for frameworks that own the server, handleRequest and handleUpgrade say whether it was ours", async () => {
    const app = makeApp();
    const server = createServer((req, res) => {
      if (!app.handleRequest(req, res)) res.end("theirs");
    });
    server.on("upgrade", (req, socket, head) => {
      if (!app.handleUpgrade(req, socket, head)) socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(async () => {
      await app.close();
      await new Promise((resolve) => server.close(resolve));
    });
    const { http, url } = servedAt((server.address() as AddressInfo).port);
    expect((await fetchText(`${http}/page`)).body).toBe("theirs");
    expect((await fetchText(`${http}/readyz`)).body).toContain("ready");
    await connect(url);
  });
});

describe("origins", () => {
  const refused = (origin: string, host = "127.0.0.1") => ({ headers: { Origin: origin, Host: host } });

  it.each([
    "https://evil.example",
    "null",
    "file://",
    "http://127.0.0.1:1",
    "https://127.0.0.1.evil.example",
    "garbage",
  ])(
    "K14: a page of %s is accepted and then closed with 4501, and the log says what would allow it",
    async (origin) => {
      const log = listeningLogger();
      const { url } = await serve(makeApp({ log }));
      const client = await open(url, refused(origin));
      const { code, reason } = await client.closed;
      expect(code).toBe(4501);
      expect(reason).toContain(origin);
      expect(log.lines).toEqual([
        {
          level: "warn",
          fields: { origin },
          message: expect.stringContaining(`origins: [${JSON.stringify(origin)}]`),
        },
      ]);
      expect(client.lines).toEqual([]);
    },
  );

  it("K14: the same origin may, whatever its case, and so may who says none", async () => {
    const { url, port } = await serve(makeApp());
    for (const origin of [`http://127.0.0.1:${port}`, `https://127.0.0.1:${port}`]) {
      const client = await open(url, { headers: { Origin: origin } });
      expect(await client.ask({ connect: {} })).toHaveProperty("client");
    }
    const client = await open(url, refused("https://Example.COM", "EXAMPLE.com"));
    expect(await client.ask({ connect: {} })).toHaveProperty("client");
    await connect(url);
  });

  it("K14: those in the list may, and no others; a star is for all", async () => {
    const { url } = await serve(makeApp({ origins: ["https://app.example"] }));
    const client = await open(url, refused("https://app.example"));
    expect(await client.ask({ connect: {} })).toHaveProperty("client");
    for (const origin of ["http://app.example", "https://app.example:8443", "https://app.example.evil"]) {
      expect((await (await open(url, refused(origin))).closed).code).toBe(4501);
    }
    const star = await serve(makeApp({ origins: "*" }));
    expect(await (await open(star.url, refused("null"))).ask({ connect: {} })).toHaveProperty("client");
  });

  it("K14: the echo has the same origins", async () => {
    const { echo } = await serve(makeApp());
    expect((await (await open(echo, refused("https://evil.example"))).closed).code).toBe(4501);
  });

  it("K14: an opaque origin is not the same as no host", async () => {
    const { port } = await serve(makeApp());
    const raw = await upgrade(port, "/connect", { Host: undefined, Origin: "null" });
    expect((await raw.closeFrame()).code).toBe(4501);
  });
});

describe("the end", () => {
  it("A15: closes every connection with 4000, stops listening and resolves", async () => {
    const app = makeApp();
    const { url, port } = await serve(app);
    const clients = [await connect(url, { subs: { "chat/a": {} } }), await connect(url), await open(url)];
    const echo = await open(url.replace("/connect", "/echo"));
    await app.close();
    for (const client of clients)
      expect(await client.closed).toEqual({ code: 4000, reason: "the server is stopping" });
    await echo.closed;
    await expect(dial(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(app.stats).toMatchObject({ connections: 0, channels: 0 });
  });

  it("A15: within about a second, also with peers that do not answer", async () => {
    const app = makeApp();
    const { port, http } = await serve(app);
    const silent = await upgrade(port);
    const halfway = await dial(port);
    halfway.write(upgradeRequest().slice(0, 50));
    const idle = await dial(port);
    const keepAlive = request(`${http}/healthz`, { headers: { Connection: "keep-alive" } });
    await new Promise((resolve) => keepAlive.on("response", (response) => resolve(response.resume())).end());
    const start = performance.now();
    await app.close();
    expect(performance.now() - start).toBeLessThan(2500);
    expect((await silent.closeFrame()).code).toBe(4000);
    await Promise.all([silent.ended, halfway.ended, idle.ended]);
  });

  it("A15: twice, at once, and before anything was served", async () => {
    const app = makeApp();
    await app.close();
    await serve(app);
    await Promise.all([app.close(), app.close()]);
    await app.close();
  });

  it("A15: a port that is taken is the system's error, and the app can go on", async () => {
    const { port } = await serve(makeApp());
    const app = makeApp();
    await expect(app.listen({ port, host: "127.0.0.1" })).rejects.toMatchObject({ code: "EADDRINUSE" });
    const { url } = await serve(app);
    await connect(url);
    await expect(app.listen({ port: 0 })).rejects.toMatchObject({ code: "already_listening" });
  });

  it("S11: what a client was subscribed to ends with it", async () => {
    const app = makeApp();
    const { url } = await serve(app);
    const client = await connect(url, { subs: { "chat/a": {} } });
    expect(app.stats.connections).toBe(1);
    client.socket.close(1000);
    expect((await client.closed).code).toBe(1000);
    expect(app.stats.connections).toBe(0);
  });
});

describe("the handshake in time", () => {
  it("K2: listen() cuts off a socket that never finishes its request", async () => {
    const { port } = await serve(makeApp({ limits: { connectTimeout: 200 } }));
    const [silent, slow] = [await dial(port), await dial(port)];
    slow.write("GET /connect HTTP/1.1\r\nHost:");
    expect(await slow.status()).toBe(408);
    await Promise.all([silent.ended, slow.ended]);
  });
});

describe("the handshake", () => {
  it("W32: the first of the protocols that a client offers is chosen", async () => {
    const { url } = await serve(makeApp());
    const socket = new WebSocket(url, ["tidemark", "other"]);
    onTestFinished(() => socket.terminate());
    await new Promise((resolve) => socket.once("open", resolve));
    expect(socket.protocol).toBe("tidemark");
  });

  it.each(["a,,b", "a b", "a, a", ""])("W32: %j are no protocols", async (protocols) => {
    const { port } = await serve(makeApp());
    const raw = await dial(port);
    raw.write(upgradeRequest("/connect", { "Sec-WebSocket-Protocol": protocols }));
    expect(await raw.status()).toBe(400);
    await raw.ended;
  });

  it("W32: the accept header is made from the key, and frames may follow the request at once", async () => {
    const { port } = await serve(makeApp());
    const raw = await dial(port);
    const hello = frame(TEXT, '{"id":1,"connect":{}}');
    raw.write(Buffer.concat([Buffer.from(upgradeRequest()), hello.subarray(0, 8)]));
    const head = await raw.until(() =>
      raw.received.includes("\r\n\r\n") ? raw.received.toString() : undefined,
    );
    // The key and its answer are those of RFC 6455, 1.3.
    expect(head).toContain("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    expect(await raw.status()).toBe(101);
    raw.write(hello.subarray(8));
    expect((await raw.frame()).payload.toString()).toContain('"client"');
  });

  it.each([
    ["a code", closing(4321, "bye")],
    ["no code", Buffer.alloc(0)],
  ])("W33: a close with %s is answered with the same, and the socket is closed", async (_, payload) => {
    const app = makeApp();
    const { port } = await serve(app);
    const raw = await upgrade(port);
    expect(app.stats.connections).toBe(1);
    raw.write(frame(CLOSE, payload));
    expect(await raw.frame()).toMatchObject({ opcode: CLOSE, payload });
    expect(await raw.ended).toBe("end");
    expect(app.stats.connections).toBe(0);
  });
});

describe("frames on the wire", () => {
  it("W2: JSON over several lines, and several values in one frame", async () => {
    const { url } = await serve(makeApp());
    const client = await connect(url);
    client.send('{\n  "id": 1,\n  "subscribe": "chat/a"\n}');
    expect(await client.answer(1)).toHaveProperty("ch");
    client.send('{"id":2,"subscribe":"chat/b"}\r\n\r\n  {"id":3,"subscribe":"chat/c"}  \n');
    expect(await client.answer(2)).toHaveProperty("ch");
    expect(await client.answer(3)).toHaveProperty("ch");
  });

  it("W2: fragments of a frame, with a ping between them", async () => {
    const { port } = await serve(makeApp());
    const raw = await upgrade(port);
    raw.write(frame(TEXT, '{"id":1,', { fin: false }));
    raw.write(frame(PING, "here?"));
    raw.write(frame(0, '"connect":{}}'));
    expect(await raw.frame()).toMatchObject({ opcode: PONG, payload: Buffer.from("here?") });
    expect((await raw.frame()).payload.toString()).toContain('"client"');
  });

  it("W17, L3: payloads of every size and script come as they were sent", async () => {
    const app = makeApp();
    const { url } = await serve(app);
    const [client, other] = [await connect(url), await connect(url)];
    const { ch } = await client.ask({ subscribe: "chat/a" });
    const payloads: unknown[] = [
      "",
      "\n\r\u2028\u2029",
      '"quoted"\\',
      "ÿ",
      "€",
      "😀",
      "\ud83d",
      "\u0000",
      null,
      0,
      -0.5,
      1e21,
      [],
      {},
      [[[]]],
      { "": "", "\n": 1 },
      ...[100, 110, 125, 126, 1000, 1010, 1020, 1024, 1030, 60_000, 65_500].flatMap((size) => [
        "x".repeat(size),
        "é".repeat(size / 2),
      ]),
    ];
    for (const payload of payloads) {
      expect(await other.ask({ publish: "chat/a", data: payload })).toHaveProperty("offset");
      expect((await client.message(ch))[1]).toEqual(payload);
    }
    for (const size of [0, 1, 125, 126, 1000, 65_535, 65_536]) {
      const bytes = Buffer.alloc(size, 10);
      other.socket.send(
        Buffer.concat([Buffer.from(`{"id":1,"publish":"chat/a","data":null,"bytes":${size}}\n`), bytes]),
      );
      expect(await other.answer(1)).toHaveProperty("offset");
      expect(Buffer.from((await client.message(ch))[1] as Uint8Array).equals(bytes)).toBe(true);
    }
  });

  it("F4, G6: a subscriber that does not read holds up nobody, and gets the rest when it reads again", async () => {
    const app = tidemark({ ...quiet, limits: { commands: false, ping: 600_000 } }).channels({
      "chat/:id": stream({ retain: { count: 100 } }),
    });
    const { url, port } = await serve(app);
    const fast = await connect(url, {});
    const { ch } = await fast.ask({ subscribe: "chat/a" });
    const slow = await connect(url);
    await slow.ask({ subscribe: "chat/a" });
    slow.socket.pause();
    const text = "x".repeat(30_000);
    for (let i = 0; i < 400; i++) {
      await app.publish("chat/:id", { id: "a" }, `${i} ${text}`);
      if (i % 10 === 9) await fast.payloads(ch, 10);
      fast.frames.length = 0;
    }
    expect(app.stats.connections).toBe(2);
    slow.socket.resume();
    await slow.until(() =>
      slow.lines.some((line) => Array.isArray(line) && (line[2] as string).startsWith("399 "))
        ? true
        : undefined,
    );
    let at = -1;
    for (const line of slow.lines) {
      if (!Array.isArray(line)) expect(line).toMatchObject({ event: "gap", reason: "trimmed" });
      else {
        const n = parseInt(line[2] as string);
        if (n !== at + 1) expect(slow.lines.some((one) => "event" in one)).toBe(true);
        expect(n).toBeGreaterThan(at);
        at = n;
      }
    }
    expect(port).toBeGreaterThan(0);
  });
});

describe("the echo", () => {
  it("A16: sends back text and binary, whole or in fragments, of every size up to 1 MiB", async () => {
    const { echo } = await serve(makeApp());
    const socket = (await open(echo)).socket;
    socket.removeAllListeners("message");
    const next = (): Promise<[Buffer, boolean]> =>
      new Promise((resolve) => socket.once("message", (data: Buffer, isBinary) => resolve([data, isBinary])));
    for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000, 1_048_576]) {
      for (const binary of [true, false]) {
        const data = Buffer.alloc(size, "x");
        const back = next();
        const half = Math.floor(size / 2);
        if (size % 2 === 0) socket.send(data, { binary });
        else {
          socket.send(data.subarray(0, half), { binary, fin: false });
          socket.send(data.subarray(half), { binary, fin: true });
        }
        const [got, isBinary] = await back;
        expect(got.equals(data)).toBe(true);
        expect(isBinary).toBe(binary);
      }
    }
  });

  it("A16: answers pings with what was in them, also between fragments, and closes with the code it was given", async () => {
    const { port } = await serve(makeApp());
    const raw = await upgrade(port, "/echo");
    raw.write(
      Buffer.concat([
        frame(BINARY, "a", { fin: false }),
        frame(PING, "one"),
        frame(0, "b", { fin: false }),
        frame(PING),
        frame(PONG, "unasked"),
        frame(0, "c"),
      ]),
    );
    expect(await raw.frame()).toMatchObject({ opcode: PONG, payload: Buffer.from("one") });
    expect(await raw.frame()).toMatchObject({ opcode: PONG, payload: Buffer.alloc(0) });
    expect(await raw.frame()).toMatchObject({ fin: true, opcode: BINARY, payload: Buffer.from("abc") });
    raw.write(frame(8, closing(4321, "bye")));
    expect(await raw.closeFrame()).toEqual({ code: 4321, reason: expect.any(String) });
    expect(await raw.ended).toBe("end");
  });

  it("A16: closes with 1009 what is larger", async () => {
    const { echo } = await serve(makeApp());
    const client = await open(echo);
    client.socket.send(Buffer.alloc(1_048_577));
    expect((await client.closed).code).toBe(1009);
  });

  it("G6: does not read from a peer that does not read, and loses nothing by that", async () => {
    const server = createServer();
    const held = deferred<{ writableLength: number }>();
    server.on("connection", (socket) => held.resolve(socket));
    const { port } = await attached(makeApp(), server);
    const raw = await upgrade(port, "/echo");
    const socket = await held.promise;
    raw.socket.pause();
    const message = frame(BINARY, Buffer.alloc(100_000, 7));
    let sent = 0;
    // Until the way there is full, too.
    while (raw.socket.writableLength < 4_000_000 && sent < 2000) {
      raw.socket.write(message);
      sent++;
      if (sent % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(2000);
    expect(socket.writableLength).toBeLessThan(1_000_000);
    raw.socket.resume();
    for (let i = 0; i < sent; i++) expect((await raw.frame()).payload.length).toBe(100_000);
  });
});
