/**
 * npm run soak:rolling -- --clients 500 --rate 200 --nodes 3 --channels 10 --grace 10
 *
 * Needs redis-server. Ends with code 1 when a message was lost, doubled or misplaced, or when one client in a hundred was
 * away for more than two seconds.
 */
import { numberOptions } from "../lib/options.js";
import { fleet, fleetFaults } from "./fleet.js";

/** The longest that 99 of 100 interruptions may take, in milliseconds. */
const MOST_MS = 2000;

const options = numberOptions({ nodes: 3, clients: 500, channels: 10, rate: 200, grace: 10 });
console.log(
  `Rolling restart: ${options.nodes} servers on one Redis, ${options.clients} clients on ${options.channels} channels, ` +
    `${options.rate} messages a second, ${options.grace} s of grace`,
);
const result = await fleet({
  ...options,
  built: import.meta.url,
  onProgress: (line) => console.log(`  ${line}`),
});

const { faults, interruptions, latency, back } = result;
const times = ({ p50, p99, max }: typeof latency): string =>
  [p50, p99, max].map((ms) => `${Math.round(ms)} ms`).join(" / ");
const rows: readonly (readonly [string, number | string])[] = [
  ["messages published", result.published],
  ["  acknowledged", result.acknowledged],
  ["  in the log", result.logged],
  ["deliveries", result.deliveries],
  ["duplicates", faults.duplicates],
  ["lost", faults.lost],
  ["out of order", faults.misplaced],
  ["gaps", result.gaps],
  ["interruptions", interruptions.count],
  ["  p50 / p99 / longest", times(interruptions)],
  ["delivery p50 / p99 / longest", times(latency)],
  ["restart of all", `${result.seconds.toFixed(1)} s`],
];
for (const [name, value] of rows) console.log(`${name.padEnd(30)}${value}`);
console.log("clients that were back, by second:");
const most = Math.max(...back, 1);
for (const [second, count] of back.entries())
  console.log(
    `${String(second).padStart(4)} s ${String(count).padStart(4)} ${"█".repeat(Math.round((count / most) * 40))}`,
  );

const problems = fleetFaults(result);
if (interruptions.p99 > MOST_MS)
  problems.push(`one interruption in a hundred took more than ${Math.round(interruptions.p99)} ms`);
for (const problem of problems) console.error(`VIOLATION: ${problem}`);
if (problems.length === 0) console.log("Every client has every message once, in order.");
process.exitCode = problems.length === 0 ? 0 : 1;
