/**
 * npm run bench -- [--quick] [--write] [--only NAME]
 *
 * Runs all servers side by side and prints a table. A full run writes docs/benchmarks.md and its plots; `--write`
 * makes a quick one do so too. `--only` takes the beginning of a scenario's name, several times if need be; `--only state
 * --write` writes that part of the page alone.
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
import { SCALE } from "./report/scale.js";
import { describeState, STATE_SECTION } from "./report/state.js";
import { table, verdictLines } from "./report/terminal.js";
import type { Findings, Scenario } from "./scenario.js";
import { connections } from "./scenarios/connections.js";
import { batched, single } from "./scenarios/fan-out.js";
import { growth } from "./scenarios/growth.js";
import { requests } from "./scenarios/requests.js";
import { slowReaders } from "./scenarios/slow-readers.js";
import { STATE } from "./scenarios/state/index.js";
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
  ...STATE,
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
const stateVerdicts = [...results.values()].flatMap((findings) => findings.verdicts ?? []);
console.log(verdictLines([...verdicts, ...stateVerdicts]));
const took = (performance.now() - began) / 1000;
console.log(`\n${Math.round(took)} s`);

const page = join(DOCS, "benchmarks.md");
const isAllOfState = STATE.every((scenario) => chosen.includes(scenario));
if (only === undefined && (!quick || values.write === true)) write();
else if (values.write === true && isAllOfState && chosen.length === STATE.length) {
  writeFileSync(page, STATE_SECTION.into(readFileSync(page, "utf8"), stateSection()));
  console.log("Written: the part of docs/benchmarks.md about state");
} else if (values.write === true)
  console.log("Nothing was written: --write takes all scenarios, or --only state.");

function write(): void {
  const folder = join(DOCS, "benchmarks");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const scenarios = chosen
    .filter(({ part }) => part === undefined)
    .map((scenario) => {
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
  const before = existsSync(page) ? readFileSync(page, "utf8") : "";
  const written = document({ quick, machine: machine(bound()), scenarios, verdicts, took });
  const withState = STATE_SECTION.into(written, stateSection());
  const scale = SCALE.of(before);
  writeFileSync(page, scale === undefined ? withState : SCALE.into(withState, scale));
  console.log("Written: docs/benchmarks.md");
}

function stateSection(): string {
  const scenarios = STATE.map((scenario) => ({
    scenario,
    findings: results.get(scenario.id) ?? { rows: [] },
  }));
  return describeState({ quick, machine: machine(bound()), scenarios });
}

function bound(): string {
  return SERVER_CORE === undefined
    ? "processes could not be bound to cores"
    : "server and generator bound to a core each";
}

/** One line that is overwritten by the next, where there is a terminal. */
function progress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}`);
}
