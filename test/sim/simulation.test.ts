import { ACTIONS, FAULTS, planFor, planText, runPlan, shrink, simulate, type Plan } from "tidemark/testing";
import { describe, expect, test } from "vitest";

/** More of them: npm run sim -- --seeds 1..10000 */
const SEEDS = 200;
const GROUP = 40;
/** More of them: npm run sim -- --kind state --seeds 1..10000 */
const STATE_SEEDS = 40;
const STATE_GROUP = 10;

const counts = new Map<string, number>();

describe("a cluster under faults keeps its promises (G1-G7)", () => {
  for (let first = 1; first <= SEEDS; first += GROUP) {
    test(`seeds ${first} to ${first + GROUP - 1}`, { timeout: 120_000 }, async () => {
      for (let seed = first; seed < first + GROUP; seed++) {
        const result = await simulate({ seed });
        for (const [name, count] of result.counts) counts.set(name, (counts.get(name) ?? 0) + count);
        expect(result.violations, `npm run sim -- --seed ${seed}`).toEqual([]);
      }
    });
  }

  test("and every kind of fault and workload was among them", () => {
    const unused = [...Object.keys(FAULTS), ...Object.keys(ACTIONS)].filter(
      (name) => !counts.has(`do ${name}`),
    );
    expect(unused).toEqual([]);
    for (const reason of ["trimmed", "failover", "rollback", "epoch"])
      expect(counts.get(`gap: ${reason}`)).toBeGreaterThan(0);
  });
});

describe("a cluster with channels of keys keeps its promises (E1-E14)", () => {
  const seen = new Map<string, number>();

  for (let first = 1; first <= STATE_SEEDS; first += STATE_GROUP) {
    test(`seeds ${first} to ${first + STATE_GROUP - 1}`, { timeout: 120_000 }, async () => {
      for (let seed = first; seed < first + STATE_GROUP; seed++) {
        const result = await simulate({ seed, kind: "state" });
        for (const [name, count] of result.counts) seen.set(name, (seen.get(name) ?? 0) + count);
        expect(result.violations, `npm run sim -- --kind state --seed ${seed}`).toEqual([]);
      }
    });
  }

  test("and every kind of gap, refusal and message was among what was told", () => {
    for (const reason of ["trimmed", "failover", "rollback", "epoch"])
      expect(seen.get(`gap: ${reason}`), reason).toBeGreaterThan(0);
    for (const name of ["applied", "parts", "same", "refused: conflict"])
      expect(seen.get(name), name).toBeGreaterThan(0);
  });
});

describe("a simulation", () => {
  test("is the same each time for one seed, and another one for another", async () => {
    const hashes = await Promise.all([simulate({ seed: 7 }), simulate({ seed: 7 }), simulate({ seed: 8 })]);
    expect(hashes[0].hash).toBe(hashes[1].hash);
    expect(hashes[0].hash).not.toBe(hashes[2].hash);
  });

  test("is longer with more steps", () => {
    expect(planFor({ seed: 1, steps: 400 }).steps).toHaveLength(400);
  });

  test("refuses a plan with something that it does not know", async () => {
    const plan: Plan = {
      seed: 1,
      nodes: 1,
      clients: 1,
      steps: [{ at: 1, do: "earthquake", who: 0, ms: 0, size: 0 }],
    };
    await expect(runPlan(plan)).rejects.toThrow("earthquake");
  });

  test("is cut down to the steps that matter", async () => {
    const plan = planFor({ seed: 3 });
    const [one, other] = [plan.steps[20], plan.steps[90]];
    const broken = { promise: "progress", message: "", event: 0, time: 0 } as const;
    // Stands for a bug that takes two steps to show, and two clients.
    const run = async ({ steps, clients }: Plan) => {
      const has = (at: number | undefined): boolean =>
        steps.some((step) => Math.round(step.size * 1000) === at);
      const shows = clients >= 2 && [one, other].every((step) => has(step && Math.round(step.size * 1000)));
      return Promise.resolve({ violations: shows ? [broken] : [] });
    };
    const short = await shrink(plan, { promise: "progress", run });
    expect(short.steps.map((step) => step.size)).toEqual([one?.size, other?.size]);
    expect(short).toMatchObject({ seed: 3, nodes: 1, clients: 2 });
    expect(JSON.parse(planText(short))).toEqual(short);
  });
});
