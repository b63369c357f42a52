/**
 * npm run bench:redis-latency -- --rate 5000 --channels 100 --connections 100 --seconds 10
 *
 * How long a message takes from its publisher on one node to a subscriber on the other, with Redis in between: from
 * the moment at which it was to be sent. Needs redis-server; starts one of its own.
 */
import { clientFrame, Histogram, micros, openLoop, WireSocket, type WireEvents } from "tidemark/load";
import { numberOptions } from "./lib/options.js";
import { RedisServer } from "./lib/redis-server.js";
import { Remote } from "./lib/remote.js";
import type { RedisNode } from "./servers/redis.js";

const WARM_UP_S = 2;
const TARGET_MS = 5;
const PATH = "/connect";

const { rate, channels, connections, seconds } = numberOptions({
  rate: 5000,
  channels: 100,
  connections: 100,
  seconds: 10,
});
const redis = await RedisServer.start();
const nodes = [
  await Remote.start<RedisNode>("servers/redis.js", import.meta.url),
  await Remote.start<RedisNode>("servers/redis.js", import.meta.url),
] as const;
const [here, there] = [await nodes[0].call("listen", redis.url), await nodes[1].call("listen", redis.url)];

const latencies = new Histogram();
let delivered = 0;
let idem = 1;
const names = Array.from({ length: channels }, (_, i) => `bench/${i}`);
/** As many publish as subscribe, and each is on every so-manieth channel. */
const shares = Array.from({ length: connections }, (_, i) =>
  names.filter((_name, at) => at % connections === i),
);
const publishers = await Promise.all(shares.map(() => connected(here, {}, () => {})));
await Promise.all(
  shares.map((share) => connected(there, Object.fromEntries(share.map((name) => [name, {}])), heard)),
);
/** What each publisher sends at the end of this turn. */
const due: Buffer[][] = publishers.map(() => []);

await load(WARM_UP_S);
latencies.clear();
delivered = 0;
await Promise.all(nodes.map((node) => node.call("pauses")));
const before = await costs();
const count = await load(seconds);
const after = await costs();
const pauses = await Promise.all(nodes.map((node) => node.call("pauses")));

const ms = (share: number): string => (latencies.quantile(share) / 1000).toFixed(2);
const each = (name: keyof typeof after): string => ((after[name] - before[name]) / count).toFixed(1);
console.log(`${rate} messages a second over ${channels} channels, from one node to the other:`);
console.log(
  `  ${delivered} of ${count} delivered; p50 ${ms(0.5)} ms, p99 ${ms(0.99)} ms, p99.9 ${ms(0.999)} ms, at most ${ms(1)} ms`,
);
console.log(
  `  processor time a message: ${each("publishing")} µs of the publishing node, ${each("redis")} µs of Redis, ` +
    `${each("delivering")} µs of the delivering node, ${each("generator")} µs of the generator`,
);
for (const [i, { loop, collection }] of pauses.entries()) {
  console.log(
    `  ${i === 0 ? "publishing" : "delivering"} node: event loop late by ${loop.toFixed(1)} ms (p99), longest collection ${collection.toFixed(1)} ms`,
  );
}
const reached = latencies.quantile(0.99) < TARGET_MS * 1000;
console.log(`Target p99 under ${TARGET_MS} ms: ${reached ? "reached" : "MISSED"}`);
await Promise.all(nodes.map((node) => node.stop()));
await redis.remove();
process.exit();

/** Publishes for so long, and waits for the last deliveries. */
async function load(duration: number): Promise<number> {
  const total = rate * duration;
  const expected = delivered + total;
  await openLoop({ rate, count: total }, (index, time) => {
    const channel = index % channels;
    const command = {
      id: index + 1,
      publish: names[channel],
      data: { at: time, pad: "x".repeat(40) },
      idem: idem++,
    };
    const frames = due[channel % connections];
    if (frames?.push(clientFrame(JSON.stringify(command))) === 1) setImmediate(flush, channel % connections);
  });
  const end = performance.now() + 5000;
  while (delivered < expected && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return total;
}

/** All that is due in a turn goes in one write, as a busy client would send it. */
function flush(publisher: number): void {
  const frames = due[publisher]?.splice(0) ?? [];
  publishers[publisher]?.send(Buffer.concat(frames));
}

/** Hot path: a frame of messages, in which a payload is found by the letters before it. */
function heard(bytes: Uint8Array, start: number, end: number): void {
  const now = micros();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  for (let at = text.indexOf('"at":'); at >= 0; at = text.indexOf('"at":', at + 5)) {
    latencies.record(now - Number.parseInt(text.slice(at + 5, at + 25), 10));
    delivered++;
  }
}

/** A connection with these subscriptions; resolves when the server has answered. */
function connected(port: number, subs: object, frame: WireEvents["frame"]): Promise<WireSocket> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const events: WireEvents = {
      frame(bytes, start, end) {
        if (answered) frame(bytes, start, end);
        else {
          answered = true;
          void opened.then(resolve, reject);
        }
      },
      closed: (reason) => reject(new Error(reason)),
    };
    const opened = WireSocket.open({ port, path: PATH, events });
    opened.then((wire) => wire.send(clientFrame(JSON.stringify({ id: 0, connect: { subs } }))), reject);
  });
}

/** Microseconds of processor time so far. */
async function costs(): Promise<Record<"publishing" | "delivering" | "redis" | "generator", number>> {
  const [first, second] = await Promise.all(nodes.map((node) => node.call("usage")));
  const info = await redis.admin.info("cpu");
  const used = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1]) * 1e6;
  const { user, system } = process.cpuUsage();
  return {
    publishing: first?.cpu ?? 0,
    delivering: second?.cpu ?? 0,
    redis: used("used_cpu_user") + used("used_cpu_sys"),
    generator: user + system,
  };
}
