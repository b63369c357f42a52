/**
 * npm run bench:workers -- --subscribers 1000 --inFlight 32 --seconds 3 --rounds 5
 *
 * What a delivery costs with logs on the disk: processor time of all processes together, in one process and with
 * two workers, which should be nearly the same, so that cores add up.
 */
import { GENERATOR_CORE, SERVER_CORE } from "./lib/cores.js";
import type { Generator } from "./generator/main.js";
import { numberOptions } from "./lib/options.js";
import { Remote } from "./lib/remote.js";
import { median, spread } from "./lib/statistics.js";
import type { LocalServer } from "./servers/local.js";

const WORKERS = [1, 2] as const;
const TARGET = 1.15;
const PAYLOAD = 64;
/** Until all is compiled in every process: of what a worker does not do for each delivery, it does little in a second. */
const FIRST_WARM_UP_S = 20;
const WARM_UP_S = 1;

const { subscribers, inFlight, seconds, rounds } = numberOptions({
  subscribers: 1000,
  inFlight: 32,
  seconds: 3,
  rounds: 5,
});
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Microseconds a delivery, of each process. */
const results = new Map<number, { costs: number[][]; rates: number[] }>();
const generator = await Remote.start<Generator>("generator/main.js", import.meta.url, {
  core: GENERATOR_CORE,
});
const servers = await Promise.all(WORKERS.map(start));
for (const server of servers) await load(server, FIRST_WARM_UP_S, () => Promise.resolve());
for (let round = 0; round < rounds; round++)
  for (const server of servers) await load(server, WARM_UP_S, () => takeFigures(server));
await Promise.all([generator.stop(), ...servers.map(({ process }) => process.stop())]);

interface Contender {
  readonly workers: number;
  readonly process: Remote<LocalServer>;
  readonly port: number;
}

async function start(workers: number): Promise<Contender> {
  const server = await Remote.start<LocalServer>("servers/local.js", import.meta.url, { core: SERVER_CORE });
  results.set(workers, { costs: [], rates: [] });
  return { workers, process: server, port: await server.call("start", workers) };
}

/** Calls `then` when the load has been there for so long. */
async function load({ port }: Contender, warmUp: number, then: () => Promise<void>): Promise<void> {
  const spec = {
    job: "closed loop",
    channel: "bench/workers",
    subscribers,
    inFlight,
    payload: PAYLOAD,
  } as const;
  await generator.call("prepare", { target: { port, dialect: "tidemark" }, spec });
  await generator.call("run");
  await sleep(warmUp * 1000);
  await then();
  await generator.call("stop");
  await generator.call("leave");
}

async function takeFigures({ workers, process: server }: Contender): Promise<void> {
  const [before, usedBefore] = await Promise.all([generator.call("reading"), server.call("costs")]);
  await sleep(seconds * 1000);
  const [after, usedAfter] = await Promise.all([generator.call("reading"), server.call("costs")]);
  const deliveries = after.deliveries - before.deliveries;
  const result = results.get(workers);
  result?.costs.push(usedAfter.map((used, i) => (used - (usedBefore[i] ?? 0)) / deliveries));
  result?.rates.push((deliveries / (after.at - before.at)) * 1e6);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const total = (workers: number): number[] => (results.get(workers)?.costs ?? []).map(sum);
console.log(
  `Processor time per delivery, ${subscribers} subscribers × ${inFlight} in flight, ${PAYLOAD}-byte payloads:`,
);
for (const workers of WORKERS) {
  const { costs = [], rates = [] } = results.get(workers) ?? {};
  const each = (costs[0] ?? []).map((_, i) => median(costs.map((cost) => cost[i] ?? 0)).toFixed(3));
  console.log(
    `  ${workers === 1 ? "one process" : `${workers} workers  `}: ${median(total(workers)).toFixed(3)} µs (± ${Math.round(spread(total(workers)) * 100)} %), ` +
      `by process ${each.join(" + ")}; ${Math.round(median(rates) / 1000)} k deliveries a second`,
  );
}
const ratio = median(total(2)) / median(total(1));
console.log(
  `Two workers cost ${ratio.toFixed(2)} × one; target ${TARGET}: ${ratio <= TARGET ? "reached" : "MISSED"}`,
);
