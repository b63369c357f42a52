/**
 * npm run attack -- --only fragments --runs 3 --seconds 6 --write
 *
 * What one stranger can cost everybody: each attack beside a good client, with the server on a core of its own where that can
 * be. Ends with code 1 when one cost too much. `--write` puts the table into docs/reliability.md.
 */
import { fileURLToPath } from "node:url";
import { SERVER_CORE } from "../lib/cores.js";
import { writeBetweenMarkers } from "../lib/markers.js";
import { tableOptions } from "../lib/options.js";
import { ROWS } from "./rows.js";
import type { AttackName } from "./attacks.js";
import { runAttack } from "./run.js";
import { judge, table, type Run, type Verdict } from "./verdict.js";

const PAGE = fileURLToPath(new URL("../../../docs/reliability.md", import.meta.url));
const NAMES = Object.keys(ROWS) as AttackName[];
/** Milliseconds that keys are remembered: short, so that what has to be remembered is seen to go. */
const DEDUPE_MS = 20_000;
const CALM_S = 3;

const options = tableOptions(
  NAMES,
  { runs: 3, seconds: 6, rest: 10 },
  `--only ${NAMES.join("|")}  --runs 3  --seconds 6  --rest 10 (seconds)  --write`,
);
const verdicts: Verdict[] = [];
for (const name of NAMES.filter((one) => options.only === undefined || one === options.only)) {
  console.log(`${name}: ${ROWS[name].what}`);
  const runs: Run[] = [];
  for (let i = 0; i < options.runs; i++) {
    runs.push(
      await runAttack(name, {
        seconds: options.seconds,
        calm: CALM_S,
        rest: options.rest,
        dedupe: DEDUPE_MS,
        built: import.meta.url,
      }),
    );
  }
  const verdict = judge(name, ROWS[name], runs);
  verdicts.push(verdict);
  console.log(`  ${verdict.problems.length === 0 ? "holds" : `TOO MUCH: ${verdict.problems.join("; ")}`}`);
  if (verdict.pace < 0.9)
    console.log(
      `  (the stranger kept ${Math.round(verdict.pace * 100)}% of its pace: the machine is too busy)`,
    );
}
const where = SERVER_CORE === undefined ? "on the same cores as everybody else" : "on a core of its own";
const report = `${table(verdicts)}\n\n${options.runs} runs of ${options.seconds} s each, the server ${where}; Node ${process.version} on ${process.platform}, ${new Date().toISOString().slice(0, 10)}.`;
console.log(`\n${report}`);
if (options.write) writeBetweenMarkers(PAGE, "attacks", report);
process.exitCode = verdicts.some(({ problems }) => problems.length > 0) ? 1 : 0;
