/** Calls the hooks of a tick so that one which throws takes back only itself. */
import type { Room } from "../../../../room/hooks.js";
import { see, type Arrivals } from "./arrivals.js";
import { callHook, isCalled, threwOf, type Call, type Extent, type Threw } from "./calls.js";
import { clearEffects, type Effects } from "./effects.js";
import type { Guard } from "./guard.js";
import type { RandomState, RoomRandom } from "./random.js";
import type { Seats } from "./seats.js";
import type { Settings } from "./settings.js";
import type { Timers, TimersState } from "./timers.js";
import type { World } from "./world.js";

/** So many hooks of a tick may throw, each one costing another run of it; with one more nothing is called but those of seats. */
const MOST_LEFT_OUT = 8;

export interface Stage {
  readonly settings: Settings;
  readonly world: World;
  readonly seats: Seats;
  readonly timers: Timers;
  readonly random: RoomRandom;
  readonly effects: Effects;
  readonly r: Room;
  readonly guard: Guard;
}

/** What a tick goes back to when one of its hooks throws. */
interface Before {
  /** The timers before those that are due were taken, and after that. */
  readonly timers: TimersState;
  readonly rest: TimersState;
  readonly random: RandomState;
  readonly since: number | undefined;
}

/** What has become of the hooks of a tick. */
export interface CarriedOut {
  readonly threw: readonly Threw[];
  /** Whether only those of seats were called, at most: the tick as such did not happen. */
  readonly isDiscarded: boolean;
}

const FINE: CarriedOut = { threw: [], isDiscarded: false };

/**
 * Calls the hooks of a tick. Where one throws, all is made what it was, and the tick is run again without that one: so
 * what one player sends never takes back what another one did. Where it is `tick` that throws, or too many do, the hooks of seats
 * alone are called: who came and went is a fact. Timers that were due are then due again.
 *
 * @param timers what waited before the tick began
 */
export function carryOut(stage: Stage, arrivals: Arrivals, timers: TimersState): CarriedOut {
  // Hot: in nearly every tick no hook throws.
  const before = { timers, rest: stage.timers.state, random: stage.random.state, since: stage.world.since };
  const first = attempt(stage, arrivals.calls, "all", NOBODY, false);
  return first === undefined ? FINE : carryOutAgain(stage, arrivals, before, first);
}

const NOBODY: ReadonlySet<Call> = new Set();

function carryOutAgain(stage: Stage, arrivals: Arrivals, before: Before, first: Failed): CarriedOut {
  const { effects } = stage;
  const threw: Threw[] = [];
  const leftOut = new Set<Call>();
  let failed: Failed | undefined = first;
  let extent: Extent = "all";
  let isCareful = false;
  let allowed = MOST_LEFT_OUT;
  while (failed !== undefined) {
    const { call, error } = failed;
    if (call === undefined && !isCareful) {
      // The state cannot be kept, and looking behind each hook will say which of them it was.
      isCareful = true;
    } else {
      threw.push(threwOf(effects.tick, call, error));
      if (call !== undefined && call.is !== "tick" && allowed > 0) {
        allowed--;
        leftOut.add(call);
        if (call.is === "join") refuse(stage.seats, arrivals, call, error);
      } else {
        extent = extent === "all" ? "seats" : "none";
        allowed = MOST_LEFT_OUT;
      }
    }
    undo(stage, before, extent, leftOut);
    failed = attempt(stage, arrivals.calls, extent, leftOut, isCareful);
  }
  return { threw, isDiscarded: extent !== "all" };
}

/** A hook that threw, and what; without a hook it was the state that they left. */
interface Failed {
  readonly call: Call | undefined;
  readonly error: unknown;
}

function attempt(
  { settings, world, effects, r, guard }: Stage,
  calls: readonly Call[],
  extent: Extent,
  leftOut: ReadonlySet<Call>,
  isCareful: boolean,
): Failed | undefined {
  let current: Call | undefined;
  try {
    effects.isInHook = true;
    guard.within(() => {
      for (const call of calls) {
        if (!isCalled(call, extent) || leftOut.has(call)) continue;
        current = call;
        if (call.is === "input" && call.seen !== undefined) see(call.seat, call.seen, effects.tick);
        guard.calling?.(call.is);
        callHook(settings.hooks, r, call);
        if (isCareful) world.check();
      }
      current = undefined;
    });
    world.check();
    return undefined;
  } catch (error) {
    return { call: current, error };
  } finally {
    effects.isInHook = false;
  }
}

function undo(
  { world, timers, random, effects }: Stage,
  before: Before,
  extent: Extent,
  leftOut: ReadonlySet<Call>,
): void {
  world.restore();
  world.since = before.since;
  random.state = before.random;
  clearEffects(effects);
  timers.state = extent === "all" ? before.rest : before.timers;
  for (const call of leftOut) if (call.is === "timer") timers.drop(call.timer.number);
}

/** A seat whose hook threw is not taken after all. */
function refuse(
  seats: Seats,
  { answers }: Arrivals,
  { seat }: Extract<Call, { is: "join" }>,
  error: unknown,
): void {
  const { id } = seat.shown;
  seat.refused = true;
  if (seats.taken.get(id) === seat) seats.leave(id);
  const answered = answers.findLast((one) => one.seat === id && one.answer === "ok");
  if (answered === undefined) return;
  answered.answer = "refused";
  answered.error = error;
}
