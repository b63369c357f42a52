/** What the simulation's commands are told: `--seed 7`, `--seeds 1..100`, `--steps 300`. */
import type { SimKindName } from "tidemark/testing";

const KINDS: readonly SimKindName[] = ["stream", "state", "room"];

export interface Arguments {
  readonly from: number;
  readonly to: number;
  /** How many things are done in a run; `undefined` is the simulation's own number. */
  readonly steps: number | undefined;
  readonly workers: number;
  readonly kind: SimKindName | undefined;
  /** A file with a plan to run instead. */
  readonly plan: string | undefined;
}

export const USAGE = `npm run sim -- --seed 7           runs one seed, and cuts it down where it fails
npm run sim -- --seeds 1..1000    runs many
                 --steps 300      does more in each than the usual 150, or 80 with rooms
                 --workers 2      on so many cores
                 --kind state     on channels of keys and values; or room; stream unless it is said
npm run sim -- --plan file.json   runs a plan that was cut down`;

/** @throws {TypeError} when they make no sense */
export function readArguments(given: readonly string[], cores: number): Arguments {
  const values = new Map<string, string>();
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i] ?? "";
    const value = given[i + 1];
    if (!/^--(seed|seeds|steps|workers|kind|plan)$/.test(name) || value === undefined) {
      throw new TypeError(`${name} is not understood here.\n\n${USAGE}`);
    }
    values.set(name.slice(2), value);
  }
  const seeds = values.get("seeds") ?? values.get("seed") ?? "1..20";
  const [from = NaN, to = from] = seeds.split("..").map(Number);
  const steps = values.get("steps");
  const all = {
    from,
    to,
    steps: steps === undefined ? undefined : Number(steps),
    workers: Number(values.get("workers") ?? cores),
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new TypeError(`${name} must be a whole number.\n\n${USAGE}`);
    }
  }
  const named = values.get("kind");
  const kind = KINDS.find((one) => one === named);
  if (named !== undefined && kind === undefined)
    throw new TypeError(`there is no kind ${named}.\n\n${USAGE}`);
  return { ...all, kind, plan: values.get("plan") };
}
