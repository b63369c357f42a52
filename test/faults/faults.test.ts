/** The scenarios of `npm run faults`, a short form of each: real processes, real Redis, kill -9. */
import { describe, expect, test } from "vitest";
import { runScenario } from "../../bench/faults/scenarios.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";

const BUILT = new URL("../../build/bench/faults/", import.meta.url).href;
const SEED = 20_261_127;

async function problemsOf(name: string): Promise<readonly string[]> {
  const short = { clients: 5, rate: 20, seconds: 3, seed: SEED, built: BUILT, say: () => {} };
  const { problems, acknowledged, recoveries } = await runScenario(name, short);
  // Otherwise nothing was shown.
  if (name !== "members-gone") expect(acknowledged).toBeGreaterThan(50);
  expect(recoveries.length).toBeGreaterThan(0);
  return problems;
}

describe.skipIf(!hasRedis)("on Redis", () => {
  test("a killed node and cut hints cost nobody a message, and nobody gets one twice", async () => {
    expect(await problemsOf("node-killed"), `seed ${SEED}`).toEqual([]);
  }, 120_000);

  test("nothing acknowledged is lost with a Redis that was killed and writes everything to the disk", async () => {
    expect(await problemsOf("redis-away"), `seed ${SEED}`).toEqual([]);
  }, 120_000);

  test("everybody is told that a Redis without persistence came back empty", async () => {
    expect(await problemsOf("redis-emptied"), `seed ${SEED}`).toEqual([]);
  }, 120_000);

  test("G5: everybody is told of a rollback when a replica without the end of the log is promoted", async () => {
    expect(await problemsOf("replica-promoted"), `seed ${SEED}`).toEqual([]);
  }, 120_000);

  test("a killed node's members leave within two leases, and nobody else does", async () => {
    expect(await problemsOf("members-gone"), `seed ${SEED}`).toEqual([]);
  }, 120_000);
});

test("on the disk nothing acknowledged is lost when the primary and all workers are killed", async () => {
  expect(await problemsOf("all-killed"), `seed ${SEED}`).toEqual([]);
}, 120_000);
