/**
 * npm run bench:compare -- --against REF [--only LOAD] [--rounds 12]
 *
 * Whether this checkout costs more than another commit, which is built in a temporary folder: both serve the same loads in
 * turn, and what counts is CPU per operation. Ends with 1 where something is more than 3 % dearer.
 */
import { parseArgs } from "node:util";
import type { Contender } from "../contenders.js";
import type { Generator } from "../generator/main.js";
import { GENERATOR_CORE, SERVER_CORE } from "../lib/cores.js";
import { Remote } from "../lib/remote.js";
import { median } from "../lib/statistics.js";
import { digits } from "../report/format.js";
import type { Figures } from "../scenario.js";
import type { BenchServer } from "../servers/serve.js";
import { checkOut, HERE, type Checkout } from "./checkout.js";
import { LOADS, type Load } from "./loads.js";
import { judge } from "./ratio.js";

const { values } = parseArgs({
  options: {
    against: { type: "string" },
    only: { type: "string", multiple: true },
    rounds: { type: "string", default: "12" },
  },
});
const { against, only } = values;
const rounds = Number(values.rounds);
const loads = LOADS.filter(({ id }) => only === undefined || only.some((name) => id.startsWith(name)));
if (against === undefined || loads.length === 0 || !(rounds >= 1)) {
  console.error(
    `npm run bench:compare -- --against REF [--rounds 12] [--only ${LOADS.map(({ id }) => id).join(" | ")}]`,
  );
  process.exit(2);
}

const began = performance.now();
console.log(`building ${against}…`);
const other = checkOut(against);
try {
  const held = await compare(other);
  console.log(`\n${Math.round((performance.now() - began) / 1000)} s`);
  process.exitCode = held ? 0 : 1;
} finally {
  other.remove();
}

async function compare({ commit, programs }: Checkout): Promise<boolean> {
  const generator = await Remote.start<Generator>(
    "generator/main.js",
    import.meta.url.replace("compare/", ""),
    {
      core: GENERATOR_CORE,
    },
  );
  console.log(
    `this checkout against ${commit}, ${rounds} rounds in turn; medians, and of all rounds' ratios the 95 % interval\n`,
  );
  let held = true;
  for (const load of loads) {
    const pairs = await measurePairs(load, programs, generator);
    for (const what of Object.keys(pairs[0]?.here ?? {})) {
      const of = (figures: Figures): number => figures[what] ?? NaN;
      const ratio = judge(pairs.map(({ here, there }) => of(here) / of(there)));
      held &&= ratio.within;
      console.log(
        `  ${ratio.within ? "within " : "DEARER "} ${what.padEnd(40)}` +
          `${digits(median(pairs.map(({ there }) => of(there)))).padStart(8)} -> ${digits(median(pairs.map(({ here }) => of(here)))).padEnd(8)}` +
          `${ratio.median.toFixed(3)} × (${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)})`,
      );
    }
  }
  await generator.stop();
  return held;
}

async function measurePairs(
  load: Load,
  programs: string,
  generator: Remote<Generator>,
): Promise<{ here: Figures; there: Figures }[]> {
  const pairs: { here: Figures; there: Figures }[] = [];
  while (pairs.length < rounds) {
    const servers: Contender[] = [];
    try {
      // Who begins changes, too: the same code was found 6 % dearer where it always was the first to be started and warmed.
      const order = (pairs.length / load.roundsAProcess) % 2 === 0 ? [0, 1] : [1, 0];
      for (const which of order) servers[which] = await start(which === 0 ? HERE : programs);
      for (const which of order) await load.warmUp(servers[which] as Contender, generator);
      for (let i = 0; i < load.roundsAProcess && pairs.length < rounds; i++) {
        const figures: Figures[] = [];
        // Who is first changes from round to round.
        for (let j = 0; j < 2; j++) {
          const which = (pairs.length + j) % 2;
          figures[which] = await load.round(servers[which] as Contender, generator);
        }
        pairs.push({ here: figures[0] as Figures, there: figures[1] as Figures });
      }
    } finally {
      for (const { process } of servers) await process.stop();
    }
  }
  return pairs;
}

async function start(programs: string): Promise<Contender> {
  const process = await Remote.start<BenchServer>("servers/tidemark.js", programs, {
    core: SERVER_CORE,
    execArgv: ["--expose-gc"],
  });
  const port = await process.call("listen", { port: 0 });
  return { name: "Tidemark", target: { port, dialect: "tidemark" }, process };
}
