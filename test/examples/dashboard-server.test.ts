/** The server side of the dashboard, as its pages and as strangers see it. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect as connectTo, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect } from "tidemark/client";
import { state } from "tidemark/state";
import { TOTAL } from "../../examples/dashboard/accounts.js";
import { dashboard, type DashboardApp } from "../../examples/dashboard/server.js";

let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer();
  dashboard.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});

afterAll(async () => {
  await dashboard.close();
  server.close();
});

/** A viewer that is closed when the test is over. */
function join(path = "connect?deflate=1") {
  const rt = connect<DashboardApp>(`ws://127.0.0.1:${port}/dashboard/${path}`);
  onTestFinished(() => rt.close());
  return rt;
}

test("the market and the accounts are whole for whoever comes, at any moment", async () => {
  for (let nth = 0; nth < 5; nth++) {
    const rt = join();
    const [market, accounts] = [state(rt, "market", { rate: 20 }), state(rt, "accounts")];
    await Promise.all([market.ready, accounts.ready]);
    expect(market.map.size).toBe(1000);
    let sum = 0;
    for (const balance of accounts.map.values()) sum += balance;
    expect(sum).toBe(TOTAL);
    rt.close();
  }
});

test("what the server says viewers do not", async () => {
  const market = state(join(), "market");
  await market.ready;
  await expect(market.delete("BAD")).rejects.toMatchObject({ code: "forbidden" });
  await expect(market.set("BAD", { price: 1, open: 1, trades: 1 })).rejects.toMatchObject({
    code: "forbidden",
  });
  expect(market.map.has("BAD")).toBe(true);
});

test("targets are prices of symbols, and nobody overwrites what they have not seen", async () => {
  const [ann, bob] = [state(join(), "targets"), state(join(), "targets")];
  await Promise.all([ann.ready, bob.ready]);
  await expect(ann.set("NO SYMBOL", 1)).rejects.toMatchObject({ code: "forbidden" });
  await expect(ann.set("BAD", -1)).rejects.toMatchObject({ code: "invalid" });
  const { cursor: since = "" } = bob;
  await ann.set("BAD", 101.3);
  const late = bob.change({ set: { BAD: 99 }, if: { keys: ["BAD"], since } });
  const now = new Map([["BAD", 101.3]]);
  await expect(late).rejects.toMatchObject({ code: "conflict", now });
});

test("a link can be made slow by whoever has its name, and says what it has sent", async () => {
  const id = randomUUID();
  const rt = join(`link?id=${id}&deflate=1`);
  const market = state(rt, "market");
  await market.ready;
  const { sent } = await rt.call("link", { id, slow: true });
  expect(sent).toBeGreaterThan(1000);
  await expect(rt.call("link", { id: randomUUID(), slow: true })).rejects.toMatchObject({
    code: "not_found",
  });
  await rt.call("link", { id, slow: false });
});

test("what is no link of the dashboard's is not kept waiting", async () => {
  for (const path of ["/elsewhere", "/dashboard/link?id=short"]) {
    const socket = connectTo(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {});
    const upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13";
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: a\r\n${upgrade}\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    await once(socket, "close");
  }
});
