/** A server that stops with a grace time, as its clients see it over each transport: with real sockets. */
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { method, silentLogger, stream, tidemark, type App } from "tidemark";
import { createMemoryHub } from "tidemark/broker";
import type { AppTypes } from "../../src/protocol/index.js";
import { connect, type Client } from "../../src/client/index.node.js";
import { connect as connectPlain } from "../server/support/client.js";
import { ask, begin, body } from "./support/http.js";
import { Network } from "./support/servers.js";

const CONNECT = { id: 1, connect: { subs: { "log/a": {} } } };

function appOn(hub = createMemoryHub()) {
  return tidemark({ log: silentLogger, broker: hub.broker() })
    .channels({ "log/:id": stream({ retain: { count: 10_000 } }) })
    .methods({ echo: method({ run: (value: unknown) => value }) });
}

async function listen(app: Pick<App<unknown, AppTypes>, "listen" | "close">): Promise<string> {
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return `http://127.0.0.1:${port}`;
}

test("A50: /readyz says 503 at once, /healthz 200; who is there is served to the end", async () => {
  const app = appOn();
  const url = await listen(app);
  const stays = await begin(`${url}/connect/stream`, { body: body(CONNECT) });
  await stays.until(() => stays.lines[0]);
  const closed = app.close({ grace: "30s" });
  expect((await ask(`${url}/readyz`, { method: "GET" })).status).toBe(503);
  expect((await ask(`${url}/healthz`, { method: "GET" })).status).toBe(200);
  await app.publishTo("log/a", "still here");
  expect(await stays.end()).toContainEqual([expect.any(Number), expect.any(Number), "still here"]);
  await closed;
});

test("A50: a second close ends it at once", async () => {
  const app = appOn();
  const url = await listen(app);
  const client = await connectPlain(`${url.replace("http", "ws")}/connect`);
  const first = app.close({ grace: "1h" });
  const second = app.close();
  expect((await client.closed).code).toBe(4000);
  await Promise.all([first, second]);
});

test("A50: a grace that is none throws", () => {
  expect(() => appOn().close({ grace: "soon" as "1s" })).toThrow(/grace must be/);
});

test("A51: a server that hands its port over leaves it at once", async () => {
  const app = appOn();
  const url = await listen(app);
  const stays = await begin(`${url}/connect/stream`, { body: body(CONNECT) });
  await stays.until(() => stays.lines[0]);
  const closed = app.close({ grace: "30s", handOver: true });
  await expect(ask(`${url}/readyz`, { method: "GET" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await app.publishTo("log/a", "still here");
  expect(await stays.end()).toContainEqual([expect.any(Number), expect.any(Number), "still here"]);
  await closed;
});

test("H40: streams, polls and events end in good order, to be asked for again", async () => {
  const app = appOn();
  const url = await listen(app);
  const poll = `${url}/connect/poll`;
  const answers = [
    await begin(`${url}/connect/stream`, { body: body(CONNECT) }),
    await begin(`${url}/connect/sse?channel=log/a`, { method: "GET" }),
    await begin(poll, { body: body(CONNECT) }),
  ];
  await Promise.all(
    answers.map((answer) => answer.until(() => (answer.text.includes('"kind"') ? true : undefined))),
  );
  const closed = app.close({ grace: "30s" });
  for (const answer of answers) await answer.until(() => (answer.ended ? true : undefined));
  const [streamed, events, polled] = answers.map(({ text }) => text.trim().split("\n").at(-1));
  expect([streamed, events, polled]).toEqual(["{}", ":", "{}"]);
  await closed;
});

test("K50, H40: over HTTP a new one is refused with 503 and a delay; what is sent is answered", async () => {
  const app = appOn();
  const url = await listen(app);
  // Never moves, so that there is a grace to use.
  await connectPlain(`${url.replace("http", "ws")}/connect`);
  const closed = app.close({ grace: "30s" });
  for (const [way, more] of [
    ["stream", {}],
    ["poll", {}],
    ["sse?channel=log/a", { method: "GET" }],
  ] as const) {
    const answer = await ask(`${url}/connect/${way}`, "method" in more ? more : { body: body(CONNECT) });
    expect(answer.status).toBe(503);
    expect(answer.lines[0]).toMatchObject({ close: 4000, error: { code: "going_away", retry: true } });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect(answer.headers.connection).toBe("close");
  }
  const sent = await ask(`${url}/connect/send`, {
    body: body({ connect: {} }, { id: 2, publish: "log/a", data: "late" }),
  });
  expect(sent.lines[0]).toMatchObject({ id: 2, ok: { offset: expect.any(Number) } });
  await closed;
});

test.each(["websocket", "stream", "poll"] as const)(
  "A50, C20: a client over %s moves to the other server, and loses and repeats nothing",
  async (transport) => {
    const hub = createMemoryHub();
    const [old, next] = [appOn(hub), appOn(hub)];
    const ports = [await listen(old), await listen(next)].map((at) => Number(new URL(at).port));
    // In turn, as a load balancer that does not look; until it finds one gone.
    const network = await Network.to(ports);
    onTestFinished(() => network.close());
    const url = `http://127.0.0.1:${network.port}/connect`;
    const rt: Client = connect(url, { transports: [transport], backoff: { min: 20 } });
    onTestFinished(() => rt.close());
    const log = rt.stream("log/a");
    const heard: unknown[] = [];
    const gaps: unknown[] = [];
    log.on("message", ({ data }) => heard.push(data));
    log.on("gap", (gap) => gaps.push(gap));
    await log.ready;
    const published: Promise<unknown>[] = [];
    let n = 0;
    const more = setInterval(() => published.push(log.publish(n++)), 5);
    while (heard.length < 10) await new Promise((resolve) => log.on("message", resolve));
    await old.close({ grace: "30s" });
    network.leadTo(ports.slice(1));
    while (heard.length < 100) await new Promise((resolve) => log.on("message", resolve));
    clearInterval(more);
    const last = await log.publish("last");
    await Promise.all(published);
    while (!heard.includes("last")) await new Promise((resolve) => log.on("message", resolve));
    expect(last.offset).toBeGreaterThan(0);
    expect(heard.filter((data) => typeof data === "number")).toEqual(Array.from({ length: n }, (_, i) => i));
    expect(gaps).toEqual([]);
  },
);

test("A50: clients on a server that was attached are told, too", async () => {
  const app = appOn();
  const server = createServer();
  app.attach(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const answer = await begin(`http://127.0.0.1:${port}/connect/stream`, { body: body(CONNECT) });
  await answer.until(() => answer.lines[0]);
  await app.close({ grace: "5s" });
  expect((await answer.end()).at(-1)).toEqual({});
});
