/** What is said where there is no Tidemark: over real sockets, as people meet it. */
import { createServer, type RequestListener } from "node:http";
import { createServer as createTcp, type AddressInfo, type Server } from "node:net";
import { createServer as createTls } from "node:https";
import { once } from "node:events";
import { silentLogger, tidemark } from "tidemark";
import { connect, type TidemarkError, type TransportName } from "tidemark/client";
import { expect, onTestFinished, test } from "vitest";
import { decodeServer } from "../../src/protocol/index.js";
import { World, collect, rejection } from "./world.js";

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The reason of the first time that the client is offline, and the errors told until then. */
async function reasonAt(
  url: string,
  transports: TransportName[],
): Promise<readonly [TidemarkError, readonly string[]]> {
  const client = connect(url, { transports });
  onTestFinished(() => client.close());
  const errors: string[] = [];
  client.on("error", ({ code, message }) => errors.push(`${code}: ${message}`));
  await new Promise<void>((resolve) => {
    client.on("status", (status) => (status === "offline" || status === "closed") && resolve());
  });
  return [client.reason as TidemarkError, errors];
}

const json =
  (status: number, body: string, type = "application/json"): RequestListener =>
  (request, response) =>
    void request.resume().on("end", () => response.writeHead(status, { "content-type": type }).end(body));

test.each([
  [404, '{"error":"nothing here"}\n'],
  [401, '{"error":{"message":"token missing"}}'],
  [403, '{"message":"Forbidden"}'],
  [429, '{"error":{"code":42,"message":"slow down"}}'],
  [429, '{"close":"never","error":{"code":"x","message":"y"}}'],
  [502, '{"id":1,"ok":{"client":"c","durability":"memory","ping":1}}\n\n{}'],
  [500, "null"],
  [504, "[]"],
  [403, ""],
])(
  "N36: over HTTP, %d with %s is an answer of somebody else, and the reason says its status",
  async (status, body) => {
    const port = await listening(createServer(json(status, body)));
    for (const way of ["stream", "poll"] as const) {
      const [reason, errors] = await reasonAt(`http://127.0.0.1:${port}/connect`, [way]);
      expect(reason.code).toBe("connection_lost");
      expect(reason.message).toContain(`HTTP ${status}`);
      expect(errors).toEqual([]);
    }
  },
);

test.each([
  ["HTML", "text/html", "<p>hello</p>"],
  ["other JSON", "application/json", '{"hello":1}\n\n{}'],
  [
    "what looks like ours",
    "application/json",
    '{"id":1,"ok":{"client":"c","durability":"memory","ping":1}}\n\n{}',
  ],
])("N36: over HTTP, 200 with %s is no answer either", async (_, type, body) => {
  const port = await listening(createServer(json(200, body, type)));
  const [reason, errors] = await reasonAt(`http://127.0.0.1:${port}/connect`, ["poll"]);
  expect([reason.message, errors]).toEqual([expect.stringContaining("HTTP 200"), []]);
});

test("N36: Tidemark's own refusals are read, and its own 404 is one of a page that is not there", async () => {
  const app = tidemark({
    log: silentLogger,
    authenticate: () => {
      throw new Error("no");
    },
  });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  const [refused] = await reasonAt(`http://127.0.0.1:${port}/connect`, ["stream"]);
  expect(refused.code).toBe("unauthorized");
  const [lost, errors] = await reasonAt(`http://127.0.0.1:${port}/elsewhere`, ["stream"]);
  expect([lost.message, errors]).toEqual([expect.stringContaining("HTTP 404"), []]);
});

test("N36: an error has a code and a message, whatever the answer", async () => {
  for (const error of [{}, { message: 1 }, "no", 7, { code: 5, retry: true, after: -1 }]) {
    const read = decodeServer({ value: { id: 1, error }, bytes: undefined }).error;
    expect(read).toMatchObject({ code: "internal", message: expect.any(String), retry: expect.any(Boolean) });
    expect(read).not.toHaveProperty("after");
  }
  const world = new World();
  const errors = collect<unknown>();
  world.client.on("error", ({ code }) => errors.add(code));
  const chat = world.client.stream("a");
  await world.online({ a: { error: {} } });
  world.link.say({ error: {} }, { error: "nothing here" });
  expect((await rejection(chat.ready)).code).toBe("internal");
  expect(errors.all).toEqual(["internal"]);
});

test.each([
  ["websocket", "ECONNREFUSED"],
  ["stream", "ECONNREFUSED"],
  ["poll", "ECONNREFUSED"],
] as const)("N37: over %s, a refused port is named in the reason, with its cause", async (way, word) => {
  const server = createTcp();
  const port = await listening(server);
  server.close();
  await once(server, "close");
  const [reason] = await reasonAt(`ws://127.0.0.1:${port}/connect`, [way]);
  expect(reason).toMatchObject({ code: "connection_lost", message: expect.stringContaining(word) });
  expect(reason.cause).toBeInstanceOf(Error);
});

test("N37: an upgrade that is refused says its status", async () => {
  const server = createServer();
  server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n"));
  const port = await listening(server);
  const [reason] = await reasonAt(`ws://127.0.0.1:${port}/connect`, ["websocket"]);
  expect(reason.message).toMatch(/401/);
});

test.each(["websocket", "stream"] as const)("N37: over %s, what TLS says is in the reason", async (way) => {
  // Without a certificate, no handshake comes about.
  const port = await listening(createTls());
  const [reason] = await reasonAt(`wss://127.0.0.1:${port}/connect`, [way]);
  expect(reason.message).toMatch(/handshake failure/);
});
