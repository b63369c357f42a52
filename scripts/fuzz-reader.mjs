// npm run fuzz:reader -- --streams 100000 --seed 7: our frame reader against the one of ws, on as many streams.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureInstalled } from "./lib/install.mjs";
import { main, root, run } from "./lib/run.mjs";

await main("npm run fuzz:reader", async () => {
  const { values } = parseArgs({
    options: {
      streams: { type: "string", default: "100000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000_007) },
    },
  });
  await ensureInstalled();
  console.log(`${values.streams} streams from seed ${values.seed} on`);
  process.env["TIDEMARK_STREAMS"] = values.streams;
  process.env["TIDEMARK_SEED"] = values.seed;
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  return run(process.execPath, [
    vitest,
    "run",
    "test/server/frame-reader.test.ts",
    "--disable-console-intercept",
  ]);
});
