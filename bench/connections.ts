/**
 * npm run bench:connections -- --count 100000 --seconds 60 [--write]
 *
 * Holds that many connections, one subscription each: on as many workers, from as many generator processes, as the
 * limit on open files asks for. Then one message goes to all of them, ten times. `--write` puts what came of it into
 * docs/benchmarks.md.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Member, micros, payloadAt, tidemark, type Reading } from "tidemark/load";
import { CROWD_PAYLOAD } from "./generator/jobs/crowd.js";
import type { Generator } from "./generator/main.js";
import { numberOptions } from "./lib/options.js";
import { Remote } from "./lib/remote.js";
import { sleep } from "./measure.js";
import { DOCS } from "./report/docs.js";
import { machine } from "./report/machine.js";
import { describeScale, SCALE } from "./report/scale.js";
import type { ClusterProcess } from "./servers/cluster.js";

/** Files that a process has open besides its connections. */
const OTHER_FILES = 1000;
/** More than these from one address to one port would run out of local ports, of which there are 28,232 by default. */
const PORTS = 20_000;
const MESSAGES = 10;
/** How long a publish may take, in milliseconds. */
const PATIENCE_MS = 60_000;
const CHANNEL = "bench/crowd-0";

const write = process.argv.includes("--write");
process.argv = process.argv.filter((argument) => argument !== "--write");
const { count, seconds } = numberOptions({ count: 100_000, seconds: 60 });
const most = Math.min(PORTS, openFiles() - OTHER_FILES);
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
  dialect: tidemark,
  channels: [],
  name: `${began}`,
  events,
});
const delivered = async (): Promise<number> => sum((await readings()).map(({ deliveries }) => deliveries));
const reached: number[] = [];
for (let i = 1; i <= MESSAGES; i++) {
  await each(({ generator }) => generator.call("forget"));
  publisher.wire.send(publisher.publishFrame(CHANNEL, payloadAt(micros(), CROWD_PAYLOAD)));
  const patience = performance.now() + PATIENCE_MS;
  while ((await delivered()) < count * i && performance.now() < patience) await sleep(0.2);
  reached.push(Math.max(...(await readings()).map(({ slowest }) => slowest)) / 1000);
}
publisher.wire.destroy();
const lost = sum((await readings()).map((one) => one.lost));
const arrived = await delivered();
const run = {
  count,
  workers,
  accept: (cpuJoined - cpuBefore) / count,
  connecting: took,
  memory,
  held: seconds,
  idle: load,
  reached,
  delivered: arrived,
  lost,
  machine: machine("servers and generators share the cores"),
};
report("one publish", `has reached all in ${reached.map((ms) => Math.round(ms)).join(", ")} ms`);
report("delivered", `${arrived.toLocaleString("en")} of ${(count * MESSAGES).toLocaleString("en")}`);
report("lost", `${lost} connections`);

await each(async ({ server, generator }) => {
  // The worker first: it would be busy for seconds with all that end at once.
  await server.stop();
  await generator.stop();
});
await writer.stop();
rmSync(dir, { recursive: true });
const good = lost === 0 && arrived === count * MESSAGES;
process.exitCode = good ? 0 : 1;
if (write) {
  const page = join(DOCS, "benchmarks.md");
  writeFileSync(page, SCALE.into(readFileSync(page, "utf8"), describeScale(run)));
  console.log("Written: docs/benchmarks.md");
}

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
