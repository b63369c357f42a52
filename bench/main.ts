/**
 * npm run bench -- [--quick] [--write] [--only NAME]
 *
 * Runs all servers side by side and prints a table. A full run writes docs/benchmarks.md and its plots; `--write`
 * makes a quick one do so too. `--only` takes the beginning of a scenario's name, several times if need be.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Generator } from "./generator/main.js";
import { GENERATOR_CORE, SERVER_CORE } from "./lib/cores.js";
import { Remote } from "./lib/remote.js";
import { DOCS } from "./report/docs.js";
import { document } from "./report/document.js";
import { machine } from "./report/machine.js";
import { bars, lines } from "./report/plots.js";
import { scaleSection, withScale } from "./report/scale.js";
import { table, verdictLines } from "./report/terminal.js";
import type { Findings, Scenario } from "./scenario.js";
import { connections } from "./scenarios/connections.js";
import { batched, single } from "./scenarios/fan-out.js";
import { growth } from "./scenarios/growth.js";
import { requests } from "./scenarios/requests.js";
import { slowReaders } from "./scenarios/slow-readers.js";
import { chat, largeChannel, manyChannels } from "./scenarios/steady.js";
import { storm } from "./scenarios/storm.js";
import { judge } from "./targets.js";

/** From the most to the least important. */
const SCENARIOS: readonly Scenario[] = [
  batched,
  single,
  requests,
  connections,
  largeChannel,
  manyChannels,
  chat,
  slowReaders,
  storm,
  growth,
];

const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    write: { type: "boolean" },
    only: { type: "string", multiple: true },
  },
});
const { quick = false, only } = values;
const chosen = SCENARIOS.filter(({ id }) => only === undefined || only.some((name) => id.startsWith(name)));
if (chosen.length === 0) {
  console.error(`--only takes the beginning of one of ${SCENARIOS.map(({ id }) => id).join(", ")}`);
  process.exit(2);
}

const began = performance.now();
const generator = await Remote.start<Generator>("generator/main.js", import.meta.url, {
  core: GENERATOR_CORE,
});
const results = new Map<string, Findings>();
for (const scenario of chosen) {
  const start = performance.now();
  const findings = await scenario.run({ quick, generator, say: progress });
  results.set(scenario.id, findings);
  progress("");
  console.log(table(`${scenario.title} (${Math.round((performance.now() - start) / 1000)} s)`, findings));
}
await generator.stop();
const verdicts = judge(results);
console.log(verdictLines(verdicts));
const took = (performance.now() - began) / 1000;
console.log(`\n${Math.round(took)} s`);

if (only === undefined && (!quick || values.write === true)) write();
else if (values.write === true) console.log("Nothing was written: --write takes all scenarios.");

function write(): void {
  const folder = join(DOCS, "benchmarks");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const scenarios = chosen.map((scenario) => {
    const findings = results.get(scenario.id) ?? { rows: [] };
    const row = findings.rows.find(({ what }) => findings.drawn === undefined || what === findings.drawn);
    const pictures = findings.curves?.map(lines) ?? (row === undefined ? [] : [bars(scenario.title, row)]);
    const plots = pictures.map((picture, i) => {
      const name = `${scenario.id}${pictures.length > 1 ? `-${i + 1}` : ""}.svg`;
      writeFileSync(join(folder, name), picture);
      return `benchmarks/${name}`;
    });
    return { scenario, findings, plots };
  });
  const page = join(DOCS, "benchmarks.md");
  const scale = existsSync(page) ? scaleSection(readFileSync(page, "utf8")) : undefined;
  const bound =
    SERVER_CORE === undefined
      ? "processes could not be bound to cores"
      : "server and generator bound to a core each";
  const written = document({ quick, machine: machine(bound), scenarios, verdicts, took });
  writeFileSync(page, scale === undefined ? written : withScale(written, scale));
  console.log("Written: docs/benchmarks.md");
}

/** One line that is overwritten by the next, where there is a terminal. */
function progress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}`);
}
