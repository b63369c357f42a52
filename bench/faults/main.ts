/**
 * npm run faults -- --only node-killed --seconds 30 --clients 100 --rate 100 --seed 1 --write
 *
 * Real servers, a real Redis and real clients, each in processes of their own, and what can happen to them. Ends with
 * code 1 when a promise was broken. `--write` puts the table into docs/reliability.md. Needs redis-server.
 */
import { fileURLToPath } from "node:url";
import { writeBetweenMarkers } from "../lib/markers.js";
import { tableOptions } from "../lib/options.js";
import { runScenario, SCENARIOS } from "./scenarios.js";
import { table } from "./table.js";
import type { Row } from "./verdict.js";

const PAGE = fileURLToPath(new URL("../../../docs/reliability.md", import.meta.url));
/** Of each kind of problem so many are printed. */
const SHOWN = 10;

const options = tableOptions(
  Object.keys(SCENARIOS),
  { seconds: 30, clients: 100, rate: 100, seed: 1 + Math.floor(Math.random() * 1_000_000) },
  `--only ${Object.keys(SCENARIOS).join("|")}  --seconds 30  --clients 100 (on each node)  --rate 100 (a second, on each node)  --seed N  --write`,
);
const names = Object.keys(SCENARIOS).filter((name) => options.only === undefined || name === options.only);
const rows: Row[] = [];
let failed = false;
for (const name of names) {
  console.log(`${name}:`);
  const from = performance.now();
  const say = (line: string): void =>
    console.log(`  ${((performance.now() - from) / 1000).toFixed(1)} s: ${line}`);
  const row = await runScenario(name, { ...options, built: import.meta.url, say });
  rows.push(row);
  say(row.problems.length === 0 ? "every promise held" : `${row.problems.length} PROBLEMS`);
  for (const problem of row.problems.slice(0, SHOWN)) console.error(`  VIOLATION: ${problem}`);
  failed ||= row.problems.length > 0;
}
const report = `${table(rows)}\n\nSeed ${options.seed}; Node ${process.version} on ${process.platform}, ${new Date().toISOString().slice(0, 10)}.`;
console.log(`\n${report}`);
if (options.write) writeBetweenMarkers(PAGE, "faults", report);
if (failed) console.error(`Repeat: --seed ${options.seed}`);
process.exitCode = failed ? 1 : 0;
