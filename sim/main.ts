/** `npm run sim`: runs seeds, says what happened in them, and how to see a failure again. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import {
  FAULTS,
  ROOM_FAULTS,
  planFor,
  planText,
  runPlan,
  shrink,
  type Plan,
  type Violation,
} from "tidemark/testing";
import { readArguments, type Arguments } from "./arguments.js";
import { runSeeds } from "./pool.js";
import type { Outcome } from "./worker.js";

const HOUR = 3_600_000;
/** More failing seeds than this are not listed. */
const LISTED = 20;

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2), availableParallelism());
  if (given.plan !== undefined) return replay(JSON.parse(readFileSync(given.plan, "utf8")) as Plan);
  const outcomes = await runAll(given);
  printTotals(outcomes, given);
  const failed = outcomes.filter(({ violations }) => violations.length > 0);
  for (const { seed, violations } of failed.slice(0, LISTED)) {
    console.log(`\nSeed ${seed} breaks a promise:`);
    printViolations(violations);
    const kind = given.kind === undefined ? "" : ` --kind ${given.kind}`;
    const steps = (given.steps === undefined ? "" : ` --steps ${given.steps}`) + kind;
    console.log(`  Again: npm run sim -- --seed ${seed}${steps}`);
  }
  console.log(`\n${outcomes.length - failed.length} of ${outcomes.length} seeds clean`);
  const [only] = failed;
  if (only !== undefined && outcomes.length === 1) await cutDown(only, given);
  return failed.length === 0 ? 0 : 1;
}

async function runAll(given: Arguments): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const started = process.hrtime.bigint();
  let told = 0;
  const { from, to, steps, workers, kind } = given;
  await runSeeds({ from, to, steps, workers, kind }, (outcome) => {
    outcomes.push(outcome);
    const [violation] = outcome.violations;
    if (violation !== undefined) console.log(`seed ${outcome.seed} breaks "${violation.promise}"`);
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    if (seconds < told + 30) return;
    told = seconds;
    console.log(`${outcomes.length} seeds in ${Math.round(seconds)} s`);
  });
  return outcomes.sort((a, b) => a.seed - b.seed);
}

function printTotals(outcomes: readonly Outcome[], { kind }: Arguments): void {
  const faults = kind === "room" ? ROOM_FAULTS : FAULTS;
  const counts = new Map<string, number>();
  let ms = 0;
  const hash = createHash("sha256");
  for (const outcome of outcomes) {
    ms += outcome.ms;
    hash.update(outcome.hash);
    for (const [name, count] of outcome.counts) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const count = (name: string): number => counts.get(name) ?? 0;
  const say = (what: string, number: number | string): void => console.log(`${what.padEnd(24)}${number}`);
  say("simulated hours", (ms / HOUR).toFixed(1));
  if (kind === "room") {
    for (const what of ["reigns told", "ticks told", "frames", "parts", "events", "inputs", "books compared"])
      say(what, count(what));
    for (const why of ["taken", "left", "away", "kicked", "lost", "closed"])
      say(`ended: ${why}`, count(`ended: ${why}`));
  } else {
    say("publishes", count("publish"));
    say("acknowledged", count("ack"));
    say("deliveries", count("message"));
    say(
      "applied",
      `${count("applied")}, ${((1000 * count("applied")) / Math.max(1, ms)).toFixed(2)} a second`,
    );
    say("signals heard", count("heard"));
  }
  say("connections", count("connections"));
  for (const reason of ["trimmed", "failover", "rollback", "epoch"])
    say(`gaps: ${reason}`, count(`gap: ${reason}`));
  for (const model of ["redis", "local", "memory", "any"]) say(`broker: ${model}`, count(`broker: ${model}`));
  console.log("\nFaults");
  for (const name of Object.keys(faults)) say(`  ${name}`, count(`do ${name}`));
  console.log("\nWorkload");
  for (const [name, number] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.startsWith("do ") && !(name.slice(3) in faults)) say(`  ${name.slice(3)}`, number);
  }
  const [only] = outcomes;
  console.log(
    `\ntrace ${outcomes.length === 1 && only !== undefined ? only.hash : hash.digest("hex").slice(0, 16)}`,
  );
}

function printViolations(violations: readonly Violation[]): void {
  for (const { promise, message, event, time } of violations) {
    console.log(`  ${promise}: ${message}\n    (event ${event}, at ${Math.round(time)} ms)`);
  }
}

async function cutDown({ seed, violations }: Outcome, { steps, kind }: Arguments): Promise<void> {
  const [violation] = violations;
  if (violation === undefined) return;
  console.log("\nCutting it down…");
  const plan = planFor({
    seed,
    ...(steps !== undefined && { steps }),
    ...(kind !== undefined && { kind }),
  });
  const short = await shrink(plan, { promise: violation.promise });
  console.log(
    `From ${plan.steps.length} steps to ${short.steps.length}. Keep it as a test, or run it with --plan:\n`,
  );
  console.log(planText(short));
  console.log();
  printViolations((await runPlan(short)).violations.slice(0, 5));
}

async function replay(plan: Plan): Promise<number> {
  const { violations, hash } = await runPlan(plan);
  printViolations(violations);
  console.log(`trace ${hash}, ${violations.length} promises broken`);
  return violations.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 2;
}
