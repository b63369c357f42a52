/** The viewers of the benchmarks of `state`, with a server to talk to. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { Crowd } from "../../bench/generator/viewers/crowd.js";
import { WireSocket } from "tidemark/load";

const servers: WebSocketServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(options: { readonly perMessageDeflate: boolean }): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...options });
  servers.push(server);
  await once(server, "listening");
  return server;
}

const portOf = (server: WebSocketServer): number => (server.address() as AddressInfo).port;

test("what came to each viewer is counted, and held against what is the newest", async () => {
  const server = await serve({ perMessageDeflate: false });
  const crowd = new Crowd({ port: portOf(server), protocol: "plain", groups: [{ name: "all", count: 3 }] });
  await crowd.join();
  const large = JSON.stringify(["b", "x".repeat(1000)]);
  for (const socket of server.clients) for (const text of ['["a",1]', large, '["a",2]']) socket.send(text);
  await crowd.quiet();
  const [group] = crowd.reading().groups;
  expect(group).toMatchObject({ count: 3, shown: 3, frames: 9, bytes: 3 * (9 + 4 + large.length + 9) });
  const newest = [
    ["a", 2],
    ["b", "x".repeat(1000)],
    ["c", "nobody was told"],
  ] as const;
  expect(crowd.check(newest)).toEqual({ viewers: 3, wrong: 0, firsts: 1 });
  crowd.leave();
});

test("one viewer that shows what is not the newest is found among those that do", async () => {
  const server = await serve({ perMessageDeflate: false });
  const crowd = new Crowd({ port: portOf(server), protocol: "plain", groups: [{ name: "all", count: 4 }] });
  await crowd.join();
  for (const [i, socket] of [...server.clients].entries()) {
    socket.send('["a",1]');
    if (i !== 2) socket.send('["a",2]');
  }
  await crowd.quiet();
  const { wrong, problem } = crowd.check([["a", 2]]);
  expect([wrong, problem]).toEqual([1, expect.stringContaining("a is 1, the newest is 2")]);
  crowd.leave();
});

test("a raw socket says which frames are compressed, for those who asked for that", async () => {
  const server = await serve({ perMessageDeflate: true });
  const came: boolean[] = [];
  const both = new Promise<void>((resolve) => {
    const events = {
      frame: (_: Uint8Array, __: number, ___: number, compressed: boolean) => {
        came.push(compressed);
        if (came.length === 2) resolve();
      },
      closed: () => {},
    };
    server.on("connection", (socket) => {
      socket.send("x".repeat(2000), { compress: true });
      socket.send("y", { compress: false });
    });
    void WireSocket.open({
      port: portOf(server),
      path: "/",
      headers: "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n",
      events,
    });
  });
  await both;
  expect(came).toEqual([true, false]);
  for (const socket of server.clients) socket.terminate();
});
