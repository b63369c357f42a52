import { DEEDS } from "./deeds.js";
import { FAULTS } from "./faults.js";
import type { Step } from "./step.js";
import type { World } from "./world.js";

/**
 * Does one thing of a plan.
 *
 * @throws {TypeError} when nothing is called so
 */
export function perform(world: World, step: Step): void {
  const thing = FAULTS[step.do] ?? DEEDS[step.do];
  if (thing === undefined) throw new TypeError(`no deed or fault is called ${step.do}`);
  world.recorder.count(`do ${step.do}`);
  world.recorder.trace(step.do);
  thing.run(world, step);
}
