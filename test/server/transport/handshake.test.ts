/** Which handshakes are taken: origins, subprotocols, and the time they may need. */
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { connect, open } from "../support/client.js";
import { CLOSE, TEXT, closing, dial, frame, upgrade, upgradeRequest } from "../support/raw.js";
import { listeningLogger, serve } from "../support/serve.js";
import { makeApp } from "../support/someones-server.js";

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

  it("K14: an opaque origin is not the same as any host", async () => {
    const { port } = await serve(makeApp());
    const raw = await upgrade(port, "/connect", { Origin: "null" });
    expect((await raw.closeFrame()).code).toBe(4501);
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
