/** The poison rooms of `npm run faults`, a short form of each: real processes, which real rooms end. */
import { describe, expect, test } from "vitest";
import { runScenario } from "../../bench/faults/scenarios.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";

const BUILT = new URL("../../build/bench/faults/", import.meta.url).href;

async function problemsOf(name: string): Promise<readonly string[]> {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const short = { clients: 1, rate: 1, seconds: 3, seed: 1, built: BUILT, say };
  const { problems, acknowledged } = await runScenario(name, short);
  // Otherwise nothing was shown.
  expect(acknowledged).toBeGreaterThan(100);
  if (problems.length > 0) console.log(said.join("\n"));
  return problems;
}

describe("R9: of three supervised processes at most two end, and the other rooms go on", () => {
  describe.skipIf(!hasRedis)("on Redis", () => {
    test("with a room that loops for ever", async () => {
      expect(await problemsOf("room-loops")).toEqual([]);
    }, 180_000);

    test("with a room whose array grows without end", async () => {
      expect(await problemsOf("room-grows")).toEqual([]);
    }, 180_000);
  });

  test("with workers on one directory and a room that loops for ever", async () => {
    expect(await problemsOf("room-loops-on-disk")).toEqual([]);
  }, 180_000);

  test("with workers on one directory and a room whose array grows without end", async () => {
    expect(await problemsOf("room-grows-on-disk")).toEqual([]);
  }, 180_000);
});
