/** Draws the plan of a run from its seed. */
import type { Random } from "../../protocol/index.js";
import { drawBroker, happensWith } from "./broker-models.js";
import { lateSteps } from "./late-faults.js";
import { between, fork, pick } from "./fork.js";
import { planKind } from "./plan-kinds.js";
import type { Plan, SimKindName, Step } from "./step.js";

/** What a plan is made of; the same seed and options make the same plan. */
export interface PlanOptions {
  readonly seed: number;
  /** How many things are done in all. Default 150, of rooms 80. */
  readonly steps?: number;
  /** Which kind of channels. Default `stream`. */
  readonly kind?: SimKindName;
}

/** So many runs have no faults at all, and nothing that asks for more than a log or a connection keeps. */
const CALM_SHARE = 0.08;

/** Whether nothing happens in a plan that could be a reason for a gap. */
export function isCalm({ kind, steps }: Plan): boolean {
  const { notCalm, faults } = planKind(kind);
  return !steps.some((step) => step.do in faults || notCalm.includes(step.do));
}

/** Draws a run. Each seed has a taste of its own: a few kinds of fault much, the others hardly or not at all. */
export function planFor({ seed, kind, steps = planKind(kind).steps }: PlanOptions): Plan {
  const { actions: actionsOf, faults: faultsOf, notCalm, endsLate, paces } = planKind(kind);
  const random = fork(seed, "plan");
  const calm = random.float() < CALM_SHARE;
  const broker = drawBroker(fork(seed, "broker model"));
  const actions = weigh(
    random,
    Object.entries(actionsOf).map(([name, { weight }]) => [
      name,
      calm && notCalm.includes(name) ? 0 : weight,
    ]),
  );
  const faults = weigh(
    random,
    Object.entries(faultsOf).flatMap(([name, { weight }]) => {
      if (weight === 0) return [];
      const used = random.float() >= 0.5 && happensWith(broker, name);
      return [[name, used ? weight : 0] as const];
    }),
  );
  const faultShare = calm || faults.length === 0 ? 0 : 0.1 + random.float() * 0.4;
  const pace = pick(random, paces);
  const list: Step[] = [];
  let at = 500;
  for (let i = 0; i < steps; i++) {
    at += Math.floor(-Math.log(1 - random.float()) * pace);
    const name = random.float() < faultShare ? draw(random, faults) : draw(random, actions);
    const longest = faultsOf[name]?.longest ?? 2000;
    list.push({
      at,
      do: name,
      who: between(random, 0, 11),
      ms: Math.floor(longest * random.float() ** 2),
      size: Math.round(random.float() * 1000) / 1000,
    });
  }
  const late =
    calm || !endsLate
      ? []
      : lateSteps(
          fork(seed, "late"),
          at,
          (name) => happensWith(broker, name),
          Object.keys(actionsOf)[0] ?? "",
        ).slice(-steps);
  return {
    seed,
    ...(kind !== undefined && { kind }),
    nodes: between(random, 1, 4),
    clients: between(random, 2, 8),
    ...(broker !== undefined && { broker }),
    steps: [...list.slice(0, steps - late.length), ...late],
  };
}

type Weighted = readonly (readonly [name: string, weight: number])[];

/** The same weights, each made larger or smaller by chance. */
function weigh(random: Random, entries: Weighted): Weighted {
  return entries
    .map(([name, weight]) => [name, weight * random.float() ** 2] as const)
    .filter(([, weight]) => weight > 0);
}

function draw(random: Random, entries: Weighted): string {
  let left = random.float() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) return name;
  }
  return entries[0]?.[0] ?? "publish";
}
