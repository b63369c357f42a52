/**
 * Scenarios of `npm run faults` about channels of keys, a short form of two: one that loses what was acknowledged, one that may not.
 * The others take a minute each, and run there only.
 */
import { describe, expect, test } from "vitest";
import { runScenario } from "../../bench/faults/scenarios.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";

const BUILT = new URL("../../build/bench/faults/", import.meta.url).href;
const SEED = 20_261_201;

async function problemsOf(name: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const short = { clients: 6, rate: 30, seconds: 3, seed: SEED, built: BUILT, say };
  const { problems, acknowledged, recoveries } = await runScenario(name, short);
  console.log(`${name}, seed ${SEED}: ${lines.filter((line) => line.includes("applied")).join()}`);
  // Otherwise nothing was shown.
  expect(acknowledged).toBeGreaterThan(50);
  expect(recoveries.length).toBeGreaterThan(0);
  return problems;
}

describe.skipIf(!hasRedis)("on Redis", () => {
  test("E10: a file of Redis that has lost its end is a rollback to everybody, and nothing runs backwards before", async () => {
    expect(await problemsOf("state-file-cut"), `seed ${SEED}`).toEqual([]);
  }, 120_000);
});

test("E2, E5: on the disk nothing acknowledged is lost when the primary, all workers and writers are killed", async () => {
  expect(await problemsOf("state-all-killed"), `seed ${SEED}`).toEqual([]);
}, 120_000);
