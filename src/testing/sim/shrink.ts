/** Cuts a failing plan down to the few steps that it takes. */
import type { PromiseName, Violation } from "../history/events.js";
import { runPlan } from "./run.js";
import type { Plan, Step } from "./step.js";

/** How long, and for what, {@link shrink} looks for a smaller plan. */
export interface ShrinkOptions {
  /** Which promise must still be broken. */
  readonly promise: PromiseName;
  /** At most so many runs. Default 400. */
  readonly runs?: number;
  /** How a plan is run. Default: {@link runPlan}. */
  readonly run?: (plan: Plan) => Promise<{ readonly violations: readonly Violation[] }>;
}

const DEFAULT_RUNS = 400;

/**
 * The shortest plan that was found to break the same promise as `plan` does. It takes steps away, half of them
 * first and single ones last, then clients and nodes, then time.
 *
 * @example
 * const [first] = (await runPlan(plan)).violations;
 * const short = await shrink(plan, { promise: first.promise });
 */
export async function shrink(
  plan: Plan,
  { promise, runs = DEFAULT_RUNS, run = runPlan }: ShrinkOptions,
): Promise<Plan> {
  let left = runs;
  let best = plan;
  const keepIfBroken = async (candidate: Plan): Promise<boolean> => {
    if (left === 0) return false;
    left -= 1;
    const { violations } = await run(candidate);
    if (!violations.some((violation) => violation.promise === promise)) return false;
    best = candidate;
    return true;
  };

  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.steps.length && left > 0;) {
      const steps = best.steps.filter((_, i) => i < from || i >= from + size);
      if (!(await keepIfBroken({ ...best, steps }))) from += size;
    }
  }
  while (best.nodes > 1 && (await keepIfBroken({ ...best, nodes: best.nodes - 1 })));
  while (best.clients > 1 && (await keepIfBroken({ ...best, clients: best.clients - 1 })));
  await keepIfBroken({ ...best, steps: closer(best.steps) });
  return best;
}

/** The same steps, with no more than two seconds between them. */
function closer(steps: readonly Step[]): Step[] {
  let at = 0;
  let last = 0;
  return steps.map((step) => {
    at += Math.min(step.at - last, 2000);
    last = step.at;
    return { ...step, at };
  });
}

/** A plan as a test can hold it: one line a step. */
export function planText({ seed, kind, nodes, clients, broker, steps }: Plan): string {
  const of = kind === undefined ? "" : ` "kind": "${kind}",`;
  const drawn = broker === undefined ? "" : ` "broker": "${broker}",`;
  const lines = steps.map((step) => `  ${JSON.stringify(step)},`);
  return `{ "seed": ${seed},${of} "nodes": ${nodes}, "clients": ${clients},${drawn} "steps": [\n${lines.join("\n").replace(/,$/, "")}\n] }`;
}
