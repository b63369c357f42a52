/**
 * npm run bench:connections -- --count 100000 --seconds 60
 *
 * Holds that many connections, one subscription each: on as many workers, from as many generator processes, as the
 * limit on open files asks for. Then one message goes to all of them, ten times.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { micros, payloadAt } from "./generator/dialect.js";
import type { Reading } from "./generator/job.js";
import { CROWD_PAYLOAD } from "./generator/jobs/crowd.js";
import type { Generator } from "./generator/main.js";
import { Member } from "./generator/member.js";
import { Histogram } from "./lib/histogram.js";
import { numberOptions } from "./lib/options.js";
import { Remote } from "./lib/remote.js";
import { sleep } from "./measure.js";
import type { ClusterProcess } from "./servers/cluster.js";

/** Files that a process has open besides its connections. */
const OTHER_FILES = 1000;
const MESSAGES = 10;
const CHANNEL = "bench/crowd-0";

const { count, seconds } = numberOptions({ count: 100_000, seconds: 60 });
const most = openFiles() - OTHER_FILES;
const workers = Math.ceil(count / most);
const shares = Array.from(
  { length: workers },
  (_, i) => Math.floor(count / workers) + (i < count % workers ? 1 : 0),
);
console.log(
  `${count.toLocaleString("en")} connections on ${workers} workers, from ${workers} generator processes`,
);

const dir = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
const options = { execArgv: ["--expose-gc"] };
const writer = await Remote.start<ClusterProcess>("servers/cluster.js", import.meta.url, options);
await writer.call("write", dir);
const pairs = await Promise.all(
  shares.map(async (members) => {
    const server = await Remote.start<ClusterProcess>("servers/cluster.js", import.meta.url, options);
    const generator = await Remote.start<Generator>("generator/main.js", import.meta.url);
    return { server, generator, members, port: await server.call("work", dir) };
  }),
);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const each = <T>(of: (pair: (typeof pairs)[number]) => Promise<T>): Promise<T[]> =>
  Promise.all(pairs.map(of));
const readings = (): Promise<Reading[]> => each(({ generator }) => generator.call("reading"));
const cpu = async (): Promise<number> =>
  sum((await each(({ server }) => server.call("usage"))).map((one) => one.cpu));

const rssBefore = sum(await each(({ server }) => server.call("settledRss")));
const cpuBefore = await cpu();
const began = micros();
await each(async ({ generator, members, port }) => {
  await generator.call("prepare", {
    target: { port, dialect: "tidemark" },
    spec: { job: "crowd", members, channels: 1 },
  });
  await generator.call("run");
  await generator.call("stop");
});
const took = (micros() - began) / 1e6;
const cpuJoined = await cpu();
const memory = (sum(await each(({ server }) => server.call("settledRss"))) - rssBefore) / count;
report(
  "connected",
  `in ${took.toFixed(1)} s, ${((cpuJoined - cpuBefore) / count).toFixed(0)} µs of server CPU each`,
);
report("memory", `${(memory / 1000).toFixed(2)} KB a connection, resident, after a forced collection`);

const idleFrom = { cpu: await cpu(), at: micros() };
await sleep(seconds);
const load = ((await cpu()) - idleFrom.cpu) / (micros() - idleFrom.at);
report("idle", `${(load * 100).toFixed(1)} % of a core over ${seconds} s, pings every 25 s`);

const events = { messages: () => {}, lost: () => {} };
const [first] = pairs;
const publisher = await Member.join({
  port: first?.port ?? 0,
  dialect: "tidemark",
  channels: [],
  name: `${began}`,
  events,
});
for (let i = 0; i < MESSAGES; i++) {
  publisher.wire.send(publisher.publishFrame(CHANNEL, payloadAt(micros(), CROWD_PAYLOAD)));
  await sleep(2);
}
publisher.wire.destroy();
const last = await readings();
const latencies = new Histogram();
for (const { latencies: some, slowest } of last) latencies.add(some, slowest);
const delivered = sum(last.map(({ deliveries }) => deliveries));
const lost = sum(last.map((one) => one.lost));
const ms = (share: number): string => `${Math.round(latencies.quantile(share) / 1000)} ms`;
report(
  "one publish",
  `reaches half of them in ${ms(0.5)}, 99 % in ${ms(0.99)}, the last in ${ms(1)} (${MESSAGES} publishes)`,
);
report("delivered", `${delivered.toLocaleString("en")} of ${(count * MESSAGES).toLocaleString("en")}`);
report("lost", `${lost} connections`);

await each(async ({ server, generator }) => {
  await generator.stop();
  await server.stop();
});
await writer.stop();
rmSync(dir, { recursive: true });
process.exitCode = lost === 0 && delivered === count * MESSAGES ? 0 : 1;

function report(what: string, found: string): void {
  console.log(`  ${what.padEnd(14)}${found}`);
}

/** How many files a process may have open. */
function openFiles(): number {
  try {
    return Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 4096);
  } catch {
    return 4096;
  }
}
