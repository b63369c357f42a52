/**
 * npm run soak -- --seconds 30 --clients 200 --rate 50 --life 5 --seed 1
 *
 * Ends with code 1 when a message was lost, doubled or misplaced.
 */
import { Remote } from "../lib/remote.js";
import { numberOptions } from "../lib/options.js";
import { soak, violations } from "./run.js";
import type { SoakServer } from "./server.js";

const seed = Math.floor(Math.random() * 1_000_000);
const options = numberOptions({ seconds: 30, clients: 200, rate: 50, life: 5, seed });

console.log(
  `Soak: ${options.clients} clients on one channel, ${options.rate} messages a second for ${options.seconds} s, ` +
    `each connection destroyed after ${options.life} s on average; seed ${options.seed}`,
);
const server = await Remote.start<SoakServer>("server.js", import.meta.url);
const port = await server.call("listen");
const result = await soak({ ...options, port, onProgress: (line) => console.log(`  ${line}`) });
const { cpu, rss } = await server.call("usage");

const { faults } = result;
const rows: readonly (readonly [string, number | string])[] = [
  ["messages published", result.published],
  ["  acknowledged", result.acknowledged],
  ["  in the log", result.logged],
  ["deliveries", result.deliveries],
  ["connections destroyed", result.cuts],
  ["  resumed", result.resumed],
  ["duplicates", faults.duplicates],
  ["lost", faults.lost],
  ["out of order", faults.misplaced + result.outOfTurn],
  ["gaps", result.gaps],
  ["server", `${(cpu / 1e6).toFixed(1)} s CPU, ${Math.round(rss / 2 ** 20)} MiB resident`],
];
for (const [name, value] of rows) console.log(`${name.padEnd(24)}${value}`);

await server.stop();
const problems = violations(result);
for (const problem of problems) console.error(`VIOLATION: ${problem}`);
console.log(
  problems.length === 0 ? "Every client has every message once, in order." : `Repeat: --seed ${options.seed}`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
