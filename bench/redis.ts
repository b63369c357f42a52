/**
 * npm run bench:redis -- --channels 100 --seconds 3 --rounds 3
 *
 * How many entries a second one node appends to one Redis, on this machine: each channel has one append under way,
 * as the server does it, with so many entries in it. Needs redis-server; starts one of its own.
 */
import type { Draft } from "tidemark/broker";
import { Redis } from "ioredis";
import { redisBroker } from "tidemark/broker/redis";
import { numberOptions } from "./lib/options.js";
import { startRedis } from "./lib/redis.js";
import { median, spread } from "./lib/statistics.js";

const BATCHES = [1, 4, 16, 64] as const;
const PAYLOAD = JSON.stringify("x".repeat(62));
const OPTIONS = { keeping: { by: "entries" as const, retain: { count: 1000 } }, dedupe: 300_000 };
const TARGET = 40_000;
/** Publishers on a channel: each a scope of sequences of its own. */
const PUBLISHERS = 10;

const { channels, seconds, rounds } = numberOptions({ channels: 100, seconds: 3, rounds: 3 });
const { port, stop } = await startRedis();
const broker = await redisBroker({ url: `redis://127.0.0.1:${port}` });

const rates = new Map<number, number[]>(BATCHES.map((batch) => [batch, []]));
const cost = new Map<number, { node: number[]; redis: number[] }>(
  BATCHES.map((batch) => [batch, { node: [], redis: [] }]),
);
const admin = new Redis(port, "127.0.0.1");
const sequences = new Map<string, number>();
for (let round = 0; round < rounds; round++) {
  for (const batch of BATCHES) {
    const cpu = process.cpuUsage();
    const redisCpu = await cpuOfRedis();
    const from = performance.now();
    const end = from + seconds * 1000;
    const counts = await Promise.all(
      Array.from({ length: channels }, (_, i) => appendUntil(end, `bench/${i}`, batch)),
    );
    const entries = counts.reduce((sum, count) => sum + count, 0);
    rates.get(batch)?.push((entries / (performance.now() - from)) * 1000);
    const { user, system } = process.cpuUsage(cpu);
    cost.get(batch)?.node.push((user + system) / entries);
    cost.get(batch)?.redis.push(((await cpuOfRedis()) - redisCpu) / entries);
  }
}
await broker.close();
admin.disconnect();
await stop();

console.log(`Appends of ${PAYLOAD.length}-byte payloads from one node to ${channels} channels of one Redis:`);
for (const [batch, rate] of rates) {
  const entries = Math.round(median(rate)).toLocaleString("en");
  const { node = [], redis = [] } = cost.get(batch) ?? {};
  console.log(
    `  ${String(batch).padStart(3)} in an append: ${entries} entries a second (± ${Math.round(spread(rate) * 100)} %); ` +
      `processor time an entry: ${median(node).toFixed(1)} µs of the node, ${median(redis).toFixed(1)} µs of Redis`,
  );
}
const best = Math.max(...Array.from(rates.values(), median));
console.log(`Target ${TARGET.toLocaleString("en")} a second: ${best >= TARGET ? "reached" : "MISSED"}`);

/** Microseconds that Redis has used so far. */
async function cpuOfRedis(): Promise<number> {
  const info = await admin.info("cpu");
  const used = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1]);
  return (used("used_cpu_user") + used("used_cpu_sys")) * 1e6;
}

async function appendUntil(end: number, channel: string, batch: number): Promise<number> {
  let count = 0;
  while (performance.now() < end) {
    const drafts = Array.from({ length: batch }, (_, i): Draft => {
      const scope = `${channel} publisher ${(count + i) % PUBLISHERS}`;
      const id = (sequences.get(scope) ?? 0) + 1;
      sequences.set(scope, id);
      return { data: PAYLOAD, meta: '{"from":"ann"}', key: { scope, id, print: 4_503_599_627_370_495 } };
    });
    await broker.append(channel, drafts, OPTIONS);
    count += batch;
  }
  return count;
}
