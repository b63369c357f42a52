import { FAULTS } from "./faults.js";
import type { Step } from "./step.js";
import type { World } from "./world.js";

/**
 * Does one thing of a plan.
 *
 * @throws {TypeError} when nothing is called so
 */
export function perform(world: World, step: Step): void {
  const fault = FAULTS[step.do];
  const action = world.kind.actions[step.do];
  if (fault === undefined && action === undefined)
    throw new TypeError(`no action or fault is called ${step.do}`);
  world.recorder.count(`do ${step.do}`);
  world.recorder.trace(step.do);
  fault?.run(world, step);
  // The application of a client that sleeps sleeps too.
  if (action !== undefined) world.client(step).process.run(() => action.run(world, step));
}
