/**
 * What was under way for longer than keys are remembered. It takes minutes in which nothing else happens, so it does not come among
 * the other faults, but at the end of some plans.
 */
import type { Random } from "../../protocol/index.js";
import { DEDUPE_MS } from "./channels.js";
import type { Fault } from "./fault.js";
import { between, pick } from "./fork.js";
import type { Step } from "./step.js";
import type { World } from "./world.js";

/** How many plans end so. */
const SHARE = 0.2;
/** When nothing was appended for two windows, all keys are forgotten; before that, clients find out and go elsewhere. */
const LEAST_MS = 2 * DEDUPE_MS + 40_000;
const MOST_MS = 2 * DEDUPE_MS + 60_000;
/** The most that such a fault takes beyond what its step says. */
const BEYOND_MS = 130_000;

/** Everybody says something on every channel. */
function spread(world: World, who: (place: number) => boolean = () => true): void {
  for (const [place, client] of world.clients.entries()) {
    if (!who(place)) continue;
    client.process.run(() => client.speak());
  }
}

export const LATE_FAULTS: Readonly<Record<string, Fault>> = {
  /** A node's process stands still, with publishes in its sockets, until nobody knows their keys any more. */
  stopNode: {
    weight: 0,
    longest: MOST_MS,
    run(world, step) {
      const { process } = world.node(step);
      process?.pause();
      world.later(50, () => spread(world));
      world.until(step.ms, () => process?.resume());
    },
  },
  /**
   * A client goes on over another network. What it had sent comes to its old node later, when its key is forgotten: others
   * publish at such times that this takes little more than a window, and the node still waits for the client to read.
   */
  strandLine: {
    weight: 0,
    longest: MOST_MS,
    run(world, step) {
      const place = step.who % world.clients.length;
      const others = (): void => spread(world, (other) => other !== place);
      others();
      world.later(DEDUPE_MS - 8000, () => {
        const release = world.client(step).line.strand();
        spread(world, (other) => other === place);
        world.until(DEDUPE_MS + 12_000, release);
      });
      world.later(DEDUPE_MS + 1000, others);
      world.later(2 * DEDUPE_MS + 2500, others);
    },
  },
  /** Appends are under way to the broker over a connection that everybody else has given up. */
  strandAppends: {
    weight: 0,
    longest: MOST_MS,
    run(world, step) {
      const trouble = world.node(step).broker?.trouble;
      if (trouble !== undefined) world.until(1500, trouble.begin("strandAppends", step.ms));
      world.later(10, () => spread(world));
    },
  },
};

/**
 * The steps with which a plan ends after all others, of which the last was at `at`: mostly none.
 *
 * @param mayBe whether a fault can happen at all
 * @param action what clients do at last
 */
export function lateSteps(
  random: Random,
  at: number,
  mayBe: (name: string) => boolean,
  action: string,
): Step[] {
  if (random.float() >= SHARE) return [];
  const name = pick(random, Object.keys(LATE_FAULTS));
  if (!mayBe(name)) return [];
  const ms = between(random, LEAST_MS, MOST_MS);
  const begin = at + DEDUPE_MS + 1000;
  const who = between(random, 0, 11);
  const last = begin + (name === "strandLine" ? BEYOND_MS : ms) + 2000;
  return [
    { at: begin, do: name, who, ms, size: 0.5 },
    // A run lasts as long as its steps.
    { at: last, do: action, who, ms: 1, size: 0.1 },
  ];
}
