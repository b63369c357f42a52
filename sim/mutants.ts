/** `npm run sim:mutants`: plants each bug of the table, one at a time, and says how many seeds it took to find it. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Workshop } from "./mutants-build.js";
import { tryCopy } from "./mutants-run.js";
import { ALL_MUTANTS as MUTANTS } from "./mutants-all.js";
import type { Mutant } from "./mutants-table.js";
import type { Found } from "./mutants-worker.js";

/** Each bug must show within so many seeds. */
const SEEDS = 200;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DOCUMENT = `${ROOT}docs/reliability.md`;
const BEGIN = "<!-- mutants -->";
const END = "<!-- /mutants -->";

const only = process.argv.slice(2).filter((name) => !name.startsWith("--"));
const workshop = new Workshop(ROOT, `${ROOT}build/mutants`);
const original = await workshop.original();
const waiting = MUTANTS.filter(({ name }) => only.length === 0 || only.includes(name));
const results = new Map<Mutant, Found>();

async function work(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const found = await tryCopy(await workshop.mutant(mutant), SEEDS, mutant.kind);
    results.set(mutant, found);
    const verdict = found.seed === undefined ? `NOT FOUND in ${SEEDS} seeds` : `seed ${found.seed}`;
    console.log(
      `${mutant.name.padEnd(26)}${verdict.padEnd(12)}${found.promise}: ${found.message.slice(0, 110)}`,
    );
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
const missed = [...results].filter(([, found]) => found.seed === undefined);
let isClean = true;
for (const kind of [undefined, "state", "room"] as const) {
  const found = [...results].filter(([mutant]) => mutant.kind === kind);
  const needed = Math.max(0, ...found.map(([, { seed }]) => seed ?? SEEDS));
  if (needed === 0) continue;
  console.log(
    `\nThe library as it is, on the same ${needed} seeds${kind === undefined ? "" : ` of ${kind}`}…`,
  );
  const clean = await tryCopy(original, needed, kind);
  isClean &&= clean.seed === undefined;
  console.log(
    clean.seed === undefined
      ? "breaks nothing"
      : `breaks ${clean.promise} at seed ${clean.seed}: ${clean.message}`,
  );
}
console.log(`${results.size - missed.length} of ${results.size} planted bugs found`);
if (process.argv.includes("--write")) writeTable();
workshop.clear();
process.exitCode = missed.length > 0 || !isClean ? 1 : 0;

/** Puts the table into the document. */
function writeTable(): void {
  const rows = MUTANTS.map((mutant) => {
    const found = results.get(mutant);
    return `| ${mutant.name} | ${mutant.about} | ${found?.seed ?? "–"} | ${found?.promise ?? ""} |`;
  });
  const table = [
    "| planted bug | what is wrong with it | found by seed | by the promise |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
  const text = readFileSync(DOCUMENT, "utf8");
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  writeFileSync(DOCUMENT, `${text.slice(0, begin)}\n${table}\n${text.slice(text.indexOf(END))}`);
}
