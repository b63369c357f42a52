/** Runs a plan and judges what happened. */
import { checkHistory } from "../history/check.js";
import { perform } from "./perform.js";
import { isCalm, planFor, type PlanOptions } from "./plan.js";
import { runRooms } from "./room/run.js";
import type { SimResult } from "./sim-result.js";
import type { Plan } from "./step.js";
import { World } from "./world.js";

/**
 * After the faults everybody has this long to catch up, in milliseconds. The longest road: a half-open link is
 * noticed after a ping and 11 s, backoff takes up to 4 s, a connection up to 10 s, and a quiet channel is compared
 * with the broker every 30 s.
 */
const CATCH_UP_MS = 65_000;
/**
 * How long a member may still be shown whose peer vanished with unread bytes before it: a ping and 11 s until it is found to be
 * behind, two minutes from then, a ping until it is looked at again, the grace, and the way to whoever polls. Less what has passed
 * by then.
 */
const VANISHED_MS = 105_000;
/**
 * How long what is published into the quiet takes to arrive. The longest road: who polls from 200 ms away is told of one
 * channel after the other, where each is to hear first that something was lost.
 */
const ARRIVE_MS = 6000;
/** A connection that is older has its members where they belong. */
const SETTLED_MS = 3000;
const LOOK_MS = 500;

/**
 * Draws the run of a seed and carries it out.
 *
 * @example const { violations } = await simulate({ seed: 7 }); // none, if every promise was kept
 */
export function simulate(options: PlanOptions): Promise<SimResult> {
  return runPlan(planFor(options));
}

/** Carries a plan out. Never rejects for what it finds: that is in `violations`. */
export async function runPlan(plan: Plan): Promise<SimResult> {
  if (plan.kind === "room") return runRooms(plan);
  const calm = isCalm(plan);
  const world = new World(plan, calm);
  const { clock, recorder } = world;
  recorder.count(`broker: ${plan.broker ?? "any"}`);
  if (calm) recorder.add({ is: "calm" });
  for (const step of plan.steps) world.later(step.at, () => perform(world, step));
  const watch = (): void => {
    world.look();
    world.later(LOOK_MS, watch);
  };
  watch();
  await clock.advance((plan.steps.at(-1)?.at ?? 0) + 2000);
  world.stopFaults();
  await clock.advance(CATCH_UP_MS);
  recorder.add({ is: "quiet", final: false });
  await clock.advance(VANISHED_MS);
  // Without a grace a client that changes its way has left and joined: everybody is to have heard of that first. A
  // client does it now and then, so one that never stops is judged all the same.
  for (let i = 0; i < world.clients.length && world.movedWithin(SETTLED_MS); i++)
    await clock.advance(SETTLED_MS);
  world.kind.noteQuiet?.(world);
  world.checkLeftovers();
  world.kind.speakLast(world);
  await clock.advance(ARRIVE_MS);
  recorder.add({ is: "quiet", final: true });
  world.end();
  await clock.settle();
  const ms = clock.monotonic();
  return {
    plan,
    violations: checkHistory(recorder.events),
    hash: recorder.hash,
    ms,
    counts: recorder.counts,
    history: recorder.events,
  };
}
