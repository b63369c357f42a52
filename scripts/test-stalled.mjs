// npm run test:stalled -- [--seed N] [what npm test takes]: the tests, while a busy machine is made of this one. Now and
// then all of their processes stand still for up to a second, or one of them does. What fails then and not otherwise has
// a race in it: in the test, or in what it tests. Needs Linux, and to be root.
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { findFreezer } from "./lib/freezer.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { Failure, main, root, run } from "./lib/run.mjs";

/** Milliseconds from one stop to the next, at most. */
const MOST_PAUSE_MS = 5000;
/** How long a stop lasts: mostly short, now and then long. In milliseconds. */
const SHORT_MS = [50, 300];
const LONG_MS = [300, 1000];

await main("npm run test:stalled", async () => {
  const { values, tokens } = parseArgs({
    options: { seed: { type: "string" } },
    strict: false,
    tokens: true,
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
  if (!Number.isSafeInteger(seed)) throw new Failure(`--seed takes a number, not ${values.seed}`);
  const mine = tokens.find(({ name }) => name === "seed");
  const taken = mine === undefined ? 0 : mine.inlineValue ? 1 : 2;
  const selection = process.argv.slice(2).filter((_, i) => !(i >= mine?.index && i < mine.index + taken));

  await ensureInstalled();
  await ensureBuilt();
  const { seededRandom } = await import("../dist/testing/index.js");
  const random = seededRandom(seed);
  const freezer = findFreezer(`tidemark-${process.pid}`);
  if (freezer === undefined) throw new Failure("processes cannot be frozen here: it takes Linux, and root");
  console.log(`stops are drawn from seed ${seed}: npm run test:stalled -- --seed ${seed}`);
  let stops = 0;
  const between = ([from, to]) => from + (to - from) * random.float();
  let ended = false;
  const tests = run(process.execPath, [join(root, "scripts/test.mjs"), ...selection], {}, (child) =>
    freezer.add(child.pid),
  ).finally(() => (ended = true));
  const over = tests.catch(() => {});
  while (!ended) {
    await Promise.race([sleep(between([100, MOST_PAUSE_MS]), undefined, { ref: false }), over]);
    const pids = freezer.pids();
    const one = random.float() < 2 / 3 ? pids[Math.floor(random.float() * pids.length)] : undefined;
    const ms = between(random.float() < 2 / 3 ? SHORT_MS : LONG_MS);
    if (ended || pids.length === 0) continue;
    stops++;
    await freezer.hold(one, sleep(ms));
  }
  freezer.remove();
  console.log(`${stops} stops`);
  return tests;
});
