import { createServer, type Server } from "node:http";
import { connect } from "tidemark/client";
import { afterEach, expect, test, vi } from "vitest";
import { type WebSocket as Socket, WebSocketServer } from "ws";
import { connect as browserConnect } from "../../src/client/index.js";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.unstubAllGlobals();
});

/** A server that answers connect, sends what is published back on channel 1, once, and can cut everyone off. */
async function serve(): Promise<{ readonly url: string; readonly cut: () => void }> {
  const http: Server = createServer();
  const sockets = new WebSocketServer({ server: http });
  let offset = 0;
  const offsets = new Map<unknown, number>();
  const log: (string | Buffer)[] = [];
  sockets.on("connection", (socket: Socket) => {
    socket.on("message", (data: Buffer, binary: boolean) => {
      for (const line of binary ? [data.subarray(0, data.indexOf(10))] : String(data).split("\n")) {
        const command = JSON.parse(String(line)) as Record<string, unknown>;
        const say = (value: unknown): void => socket.send(JSON.stringify(value));
        const { id } = command;
        if ("connect" in command) {
          const subs = { a: { ch: 1, kind: "stream", cursor: "e:0" } };
          say({ id, ok: { client: "c", durability: "memory", ping: 25_000, subs } });
          for (const message of log) socket.send(message);
        } else if ("publish" in command) {
          const known = offsets.get(command["idem"]);
          say({ id, ok: { offset: known ?? ++offset } });
          if (known !== undefined) continue;
          offsets.set(command["idem"], offset);
          const bytes = Buffer.concat([Buffer.from(`[1,${offset},null,{"bytes":2}]\n`), data.subarray(-2)]);
          const message = binary ? bytes : JSON.stringify([1, offset, command["data"]]);
          log.push(message);
          socket.send(message);
        }
      }
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    sockets.close();
    http.close();
  });
  const cut = (): void => sockets.clients.forEach((socket) => socket.close(4000, "going away"));
  return { url: `http://127.0.0.1:${(http.address() as { port: number }).port}/`, cut };
}

// Node 20 has no WebSocket of its own.
const ways = [
  ...(typeof WebSocket === "function"
    ? [{ way: "the runtime's WebSocket", hide: false, connectTo: browserConnect }]
    : []),
  { way: "the package ws", hide: true, connectTo: connect },
];

test.each(ways)("over $way, messages go and come, once, and survive a cut", async ({ hide, connectTo }) => {
  if (hide) vi.stubGlobal("WebSocket", undefined);
  const { url, cut } = await serve();
  const client = connectTo(url, { backoff: { min: 1 } });
  closers.push(() => client.close());
  const chat = client.stream("a");
  const loop = chat[Symbol.asyncIterator]();
  expect(await chat.publish({ text: "hi" })).toEqual({ offset: 1 });
  expect((await loop.next()).value?.data).toEqual({ text: "hi" });
  await chat.publish(new Uint8Array([7, 8]));
  expect((await loop.next()).value?.data).toEqual(new Uint8Array([7, 8]));
  cut();
  expect(await chat.publish("again")).toEqual({ offset: 3 });
  expect((await loop.next()).value?.data).toBe("again");
});

test("a server that is not there leaves the client offline, trying", async () => {
  const client = connect("ws://127.0.0.1:1/", { backoff: { min: 1, max: 5 } });
  closers.push(() => client.close());
  const statuses: string[] = [];
  await new Promise<void>((resolve) => {
    client.on("status", (status) => statuses.push(status) === 4 && resolve());
  });
  expect(statuses).toEqual(["offline", "connecting", "offline", "connecting"]);
  expect(client.reason?.code).toBe("connection_lost");
});

test("what is no URL throws at once", () => {
  expect(() => connect("nowhere")).toThrow("not a URL to connect to: nowhere");
});

test.each([
  ["", undefined],
  ["?deflate=1&x=2", /^permessage-deflate/],
])("N82: with the query %j the package ws offers to compress or does not", async (query, offered) => {
  vi.stubGlobal("WebSocket", undefined);
  const http = createServer();
  const asked = new Promise<{ url?: string | undefined; extensions: string | undefined }>((resolve) => {
    http.on("upgrade", ({ url, headers }, socket) => {
      resolve({ url, extensions: headers["sec-websocket-extensions"] });
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as { port: number };
  const client = connect(`ws://127.0.0.1:${port}/connect${query}`, { transports: ["websocket"] });
  closers.push(
    () => client.close(),
    () => http.close(),
  );
  const { url, extensions } = await asked;
  expect(url).toBe(`/connect${query}`);
  if (offered) expect(extensions).toMatch(offered);
  else expect(extensions).toBeUndefined();
});
