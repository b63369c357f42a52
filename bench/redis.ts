/**
 * npm run bench:redis -- --channels 100 --seconds 3 --rounds 3 --slots 1000
 *
 * How many entries a second one node appends to one Redis, on this machine: each channel has one append under way,
 * as the server does it, with so many entries in it. With `--slots`, in turn with them, changes of logs that are kept by so
 * many slots: each entry changes one. Needs redis-server; starts one of its own.
 */
import type { Broker, ChangesDraft, Draft, Key } from "tidemark/broker";
import { Redis } from "ioredis";
import { redisBroker } from "tidemark/broker/redis";
import { numberOptions } from "./lib/options.js";
import { startRedis } from "./lib/redis.js";
import { median, spread } from "./lib/statistics.js";

const BATCHES = [1, 4, 16, 64] as const;
const PAYLOAD = JSON.stringify("x".repeat(62));
const META = '{"from":"ann"}';
const OPTIONS = { keeping: { by: "entries" as const, retain: { count: 1000 } }, dedupe: 300_000 };
const SLOTS_OPTIONS = {
  keeping: { by: "slots" as const, most: { count: 100_000, bytes: 1e8 }, graves: { count: 1000 } },
  dedupe: 300_000,
};
const TARGET = 40_000;
/** Publishers on a channel: each a scope of sequences of its own. */
const PUBLISHERS = 10;

/** One way of writing, and what it was measured to take. */
interface Row {
  readonly name: string;
  readonly batch: number;
  readonly write: (broker: Broker, channel: string, keys: readonly Key[]) => Promise<unknown>;
  readonly rates: number[];
  readonly node: number[];
  readonly redis: number[];
}

const { channels, seconds, rounds, slots } = numberOptions({
  channels: 100,
  seconds: 3,
  rounds: 3,
  slots: 0,
});
const { port, stop } = await startRedis();
const broker = await redisBroker({ url: `redis://127.0.0.1:${port}` });
const admin = new Redis(port, "127.0.0.1");
const sequences = new Map<string, number>();
let changed = 0;

const rows = BATCHES.flatMap((batch) => {
  const row = (name: string, write: Row["write"]): Row => ({
    name,
    batch,
    write,
    rates: [],
    node: [],
    redis: [],
  });
  const entries = row("entries", (on, channel, keys) =>
    on.append(
      channel,
      keys.map((key): Draft => ({ data: PAYLOAD, meta: META, key })),
      OPTIONS,
    ),
  );
  if (slots === 0) return [entries];
  const changes = row(
    "changes",
    (on, channel, keys) => on.change?.(channel, keys.map(changeOf), SLOTS_OPTIONS) ?? fail(),
  );
  return [entries, changes];
});

for (let round = 0; round < rounds; round++) {
  for (const row of rows) {
    const cpu = process.cpuUsage();
    const redisCpu = await cpuOfRedis();
    const from = performance.now();
    const end = from + seconds * 1000;
    const counts = await Promise.all(
      Array.from({ length: channels }, (_, i) => writeUntil(end, `bench/${row.name}/${i}`, row)),
    );
    const entries = counts.reduce((sum, count) => sum + count, 0);
    row.rates.push((entries / (performance.now() - from)) * 1000);
    const { user, system } = process.cpuUsage(cpu);
    row.node.push((user + system) / entries);
    row.redis.push(((await cpuOfRedis()) - redisCpu) / entries);
  }
}
await broker.close();
admin.disconnect();
await stop();

console.log(`${PAYLOAD.length}-byte payloads from one node to ${channels} channels of one Redis:`);
for (const { name, batch, rates, node, redis } of rows) {
  const entries = Math.round(median(rates)).toLocaleString("en");
  console.log(
    `  ${String(batch).padStart(3)} ${name} in a call: ${entries} a second (± ${Math.round(spread(rates) * 100)} %); ` +
      `processor time for each: ${median(node).toFixed(1)} µs of the node, ${median(redis).toFixed(1)} µs of Redis`,
  );
}
const best = Math.max(...rows.filter(({ name }) => name === "entries").map(({ rates }) => median(rates)));
console.log(
  `Target ${TARGET.toLocaleString("en")} entries a second: ${best >= TARGET ? "reached" : "MISSED"}`,
);

function fail(): never {
  throw new Error("this broker keeps no logs by slots");
}

/** Sets the next slot to something new, of the same length as other payloads. */
function changeOf(key: Key): ChangesDraft {
  const data = JSON.stringify(String(++changed).padStart(PAYLOAD.length - 2, "x"));
  return { key, meta: META, changes: [{ slot: `slot ${changed % slots}`, data }] };
}

/** Microseconds that Redis has used so far. */
async function cpuOfRedis(): Promise<number> {
  const info = await admin.info("cpu");
  const used = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1]);
  return (used("used_cpu_user") + used("used_cpu_sys")) * 1e6;
}

async function writeUntil(end: number, channel: string, { batch, write }: Row): Promise<number> {
  let count = 0;
  while (performance.now() < end) {
    const keys = Array.from({ length: batch }, (_, i): Key => {
      const scope = `${channel} publisher ${(count + i) % PUBLISHERS}`;
      const id = (sequences.get(scope) ?? 0) + 1;
      sequences.set(scope, id);
      return { scope, id, print: 4_503_599_627_370_495 };
    });
    await write(broker, channel, keys);
    count += batch;
  }
  return count;
}
