/**
 * Messages of megabytes come whole or not at all: to clients of every transport, over connections that are cut anywhere,
 * through two nodes behind a balancer that deals out connections in turn.
 */
import { createHash } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { bytes, stream, tidemark } from "tidemark";
import { createMemoryHub, type Broker } from "tidemark/broker";
import { redisBroker } from "tidemark/broker/redis";
import { connect, openTransport } from "tidemark/client";
import { seededRandom } from "tidemark/testing";
import { RedisServer } from "../../bench/lib/redis-server.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";
import { CuttingNetwork } from "./support/cutting-network.js";
import { readEvents } from "./support/event-reader.js";
import { listen, portOf } from "./support/servers.js";
import type { Way } from "./support/ways.js";

const MB = 1024 * 1024;
/** Large and small in turn, so that a poll has something to end with. */
const SIZES = [2 * MB, 10, 700_000, 40_000, 2 * MB, 100, 33_000, 2 * MB];

/** How long the messages may take, in milliseconds. */
const PATIENCE_MS = 25_000;

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1e9));

/** Two nodes, and a network before them that cuts each connection after a random number of bytes. */
async function start(brokers: readonly Broker[]) {
  const apps = brokers.map((broker) =>
    tidemark({
      broker,
      limits: { binary: 3 * MB },
      log: { info() {}, warn() {}, error: console.error },
    }).channels({
      "files/:id": stream({ message: bytes(), retain: { count: 100 } }),
      "busy/:id": stream({ retain: { count: 1000 } }),
    }),
  );
  const servers = await Promise.all(apps.map(listen));
  const random = seededRandom(seed);
  let connections = 0;
  const network = await CuttingNetwork.to(servers.map(portOf), () =>
    // The first is cut within the first message; some get far enough for the largest one, in base64.
    Math.floor(connections++ === 0 ? random.float() * 2 * MB : random.float() ** 2 * 12 * MB),
  );
  onTestFinished(async () => {
    network.close();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    for (const app of apps) await app.close();
    for (const broker of brokers) await broker.close();
  });
  return { apps, network, random };
}

function hashOf(data: Uint8Array): string {
  return `${data.length} ${createHash("sha256").update(data).digest("hex").slice(0, 12)}`;
}

/** Listens to the channel; what has come of it, when it is asked. */
async function receive(way: Way, url: string): Promise<() => readonly unknown[]> {
  if (way === "sse") {
    const receiver = readEvents(url.replace("ws", "http"), { channel: "files/a" });
    onTestFinished(() => receiver.close());
    await receiver.ready;
    return () => [...receiver.data(), ...receiver.gaps];
  }
  const client = connect(url, {
    backoff: { min: 1, max: 10 },
    environment: { transport: (to, events) => openTransport(to, events, way) },
  });
  onTestFinished(() => client.close());
  const got: unknown[] = [];
  const files = client.stream("files/a");
  files.on("message", ({ data }) => got.push(data));
  files.on("gap", (gap) => got.push(gap));
  // A channel that always has something to say would end each poll before a large message is whole.
  const busy = client.stream("busy/a");
  await Promise.all([files.ready, busy.ready]);
  return () => got;
}

async function run(way: Way, brokers: readonly Broker[]): Promise<void> {
  const { apps, network, random } = await start(brokers);
  const got = await receive(way, `ws://127.0.0.1:${network.port}/connect`);
  const until = (count: number): Promise<void> =>
    expect.poll(() => got().length, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(count);
  const expected: string[] = [];
  let going = true;
  const chatter = (async () => {
    while (going) {
      await apps[0]?.publish("busy/:id", { id: "a" }, "x");
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (const [i, size] of SIZES.entries()) {
    const data = Buffer.alloc(size, i + 1);
    for (let at = 0; at < size; at += 4096) data.writeUInt8(Math.floor(random.float() * 256), at);
    expected.push(hashOf(data));
    await apps[i % apps.length]?.publish("files/:id", { id: "a" }, data);
    if (i % 3 === 2) await until(i);
  }
  await until(expected.length);
  going = false;
  await chatter;
  const hashes = got().map((data) => (data instanceof Uint8Array ? hashOf(data) : JSON.stringify(data)));
  expect(hashes, `SEED=${seed}`).toEqual(expected);
  expect(network.cuts, `SEED=${seed}`).toBeGreaterThan(0);
}

describe.each<Way>(["websocket", "stream", "poll", "sse"])("over %s", (way) => {
  test("F15: messages of 2 MB come whole, once and in order, though connections are cut anywhere", async () => {
    const hub = createMemoryHub();
    await run(way, [hub.broker(), hub.broker()]);
  });
});

test.skipIf(!hasRedis)("F15: so they do through two nodes on Redis", async () => {
  const redis = await RedisServer.start();
  onTestFinished(() => redis.remove());
  await run(
    "websocket",
    await Promise.all([redisBroker({ url: redis.url }), redisBroker({ url: redis.url })]),
  );
});
