/**
 * npm run soak:storm -- --clients 5000
 *
 * Ends with code 1 when somebody did not come back, or the server did not keep to its pace.
 */
import { DEFAULT_LIMITS } from "tidemark";
import { numberOptions } from "../lib/options.js";
import { storm, stormFaults, type StormResult } from "./storm-run.js";

const { clients } = numberOptions({ clients: 5000 });
const pace = DEFAULT_LIMITS.connects;
if (pace === false) throw new Error("there is no pace to look at");
console.log(
  `Storm: ${clients} clients lose their connection in one moment. Tidemark lets in ${pace.burst} at once and ${pace.perSecond} a second`,
);
const results: (readonly [string, StormResult])[] = [];
for (const kind of ["Tidemark", "Socket.IO"] as const)
  results.push([kind, await storm({ kind, clients, built: import.meta.url })]);

const figures: readonly (readonly [string, (result: StormResult) => string])[] = [
  ["came back", ({ back }) => `${back}`],
  ["the last one after", ({ last }) => `${last.toFixed(1)} s`],
  ["most in one second", ({ bySecond }) => `${Math.max(...bySecond)}`],
  ["server CPU, busiest second", ({ busiest }) => `${Math.round(busiest * 100)} % of a core`],
  ["server CPU per client", ({ cpu }) => `${Math.round(cpu)} µs`],
  ["memory grew by", ({ growth }) => `${Math.round(growth / 2 ** 20)} MiB`],
];
console.log(`${"".padEnd(28)}${results.map(([kind]) => kind.padStart(16)).join("")}`);
for (const [name, of] of figures)
  console.log(`${name.padEnd(28)}${results.map(([, result]) => of(result).padStart(16)).join("")}`);
for (const [kind, { bySecond }] of results) console.log(`${kind}, back by second: ${bySecond.join(" ")}`);

const [first] = results;
const problems = first === undefined ? [] : stormFaults(first[1], { clients, ...pace });
for (const problem of problems) console.error(`VIOLATION: ${problem}`);
if (problems.length === 0) console.log("All are back, at the pace that was set.");
process.exitCode = problems.length === 0 ? 0 : 1;
