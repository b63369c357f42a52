/**
 * npm run fuzz:server -- --seconds 600 --seed 1 --broker memory|local|redis
 *
 * Strangers with random requests, frames and cuts against a server in a process of its own, whose hooks are slow and throw,
 * whose disk is full now and then, and that stops and comes back. Ends with code 1 when anything reached the server's
 * process, when one of its guards had to hold, or when a good client beside it was not served. `redis` needs redis-server.
 */
import { parseArgs } from "node:util";
import { orUsage } from "../lib/options.js";
import { fuzz, type FuzzOptions } from "./fuzz.js";

const options = read();
console.log(`seed ${options.seed}: ${options.seconds} seconds, broker: ${options.broker}`);
const { problems, served, counts } = await fuzz({ ...options, built: import.meta.url });
for (const [what, times] of Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`  ${String(times).padStart(8)}  ${what}`);
console.log(
  `The good client published ${served.published} messages and heard ${served.heard}; the slowest took ${served.slowest} ms.`,
);
for (const problem of problems) console.error(`PROBLEM: ${problem}`);
if (problems.length === 0) console.log("Nothing reached the server's process.");
else console.error(`Repeat: npm run fuzz:server -- --broker ${options.broker} --seed ${options.seed}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function read(): Omit<FuzzOptions, "built"> {
  const text = { type: "string" } as const;
  return orUsage("--seconds 600  --seed N  --broker memory|local|redis", () => {
    const { values } = parseArgs({ options: { seconds: text, seed: text, broker: text } });
    const { broker = "memory" } = values;
    if (broker !== "memory" && broker !== "local" && broker !== "redis")
      throw new Error(`there is no broker "${broker}"`);
    const seconds = Number(values.seconds ?? 600);
    const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 1_000_000));
    if (!(seconds > 0)) throw new Error("--seconds takes a number above 0");
    if (!Number.isInteger(seed)) throw new Error("--seed takes a whole number");
    return { broker, seconds, seed };
  });
}
