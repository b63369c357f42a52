/** A slice of `npm run fuzz:server`: it must find nothing, and something must have happened. */
import { expect, test } from "vitest";
import { fuzz } from "../../bench/fuzz/fuzz.js";

const BUILT = new URL("../../build/bench/fuzz/", import.meta.url).href;
const SEED = Number(process.env["TIDEMARK_SEED"] ?? Date.now() % 1_000_000);

test(`K25, K26, K18: strangers, slow and throwing hooks and a full disk end nobody else (seed ${SEED})`, async () => {
  const { problems, served, counts } = await fuzz({ broker: "memory", seconds: 5, seed: SEED, built: BUILT });
  expect(problems).toEqual([]);
  expect(served.published).toBeGreaterThan(5);
  expect(served.heard).toBe(served.published);
  const happened = (pattern: RegExp): number =>
    Object.entries(counts).reduce((sum, [what, times]) => sum + (pattern.test(what) ? times : 0), 0);
  for (const what of [
    /^WebSockets opened/,
    /^requests answered/,
    /^HTTP\/2 answered/,
    /^half requests/,
    /messages in parts/,
    /threw/,
  ])
    expect(happened(what), `${what} in ${JSON.stringify(counts)}`).toBeGreaterThan(0);
}, 60_000);
