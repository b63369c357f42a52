/** Runs a plan of rooms and judges what happened. */
import { fork } from "../fork.js";
import type { SimResult } from "../sim-result.js";
import type { Plan, Step } from "../step.js";
import { ROOM_ACTIONS } from "./actions.js";
import { ROOM_FAULTS } from "./faults.js";
import { checkInputs, checkQuiet, isLive, ownersOf } from "./quiet.js";
import { RoomWorld } from "./world.js";

/**
 * After the faults everybody has this long to catch up, in milliseconds. The longest road: a node that has died is drawn to own a room
 * until its lease is over, a client that hears nothing looks for another node after 7 s, and a request is given up after 5 s.
 */
const CATCH_UP_MS = 16_000;
/** How long an input that is made into the quiet takes until it is done with. */
const ARRIVE_MS = 3000;
const SETTLE_MS = 1000;
/** So many runs end with a room that everybody leaves, and somebody comes back to. */
const IDLE_SHARE = 0.15;
/** A room that everybody has left is stopped by then: 30 s without a seat, and what goodbyes take. */
const IDLE_MS = 37_000;
const WAKE_MS = 7000;

export async function runRooms(plan: Plan): Promise<SimResult> {
  const world = new RoomWorld(plan);
  const { clock, recorder, findings } = world;
  recorder.count(`broker: ${plan.broker ?? "any"}`);
  for (const channel of world.channels) recorder.count(`room: ${channel}`);
  for (const step of plan.steps) world.later(step.at, () => perform(world, step));
  const settle = (): void => {
    for (const client of world.clients) client.view.settle(false);
    world.later(SETTLE_MS, settle);
  };
  settle();
  await clock.advance((plan.steps.at(-1)?.at ?? 0) + 1500);
  world.stopFaults();
  await clock.advance(CATCH_UP_MS);
  checkQuiet(world);
  for (const client of world.clients) client.input("move", 1);
  await clock.advance(ARRIVE_MS);
  checkQuiet(world);
  checkInputs(world);
  if (fork(plan.seed, "idle").float() < IDLE_SHARE) await sleepAndWake(world);
  for (const client of world.clients) client.view.settle(true);
  world.end();
  await clock.settle();
  return {
    plan,
    violations: findings.violations,
    hash: recorder.hash,
    ms: clock.monotonic(),
    counts: recorder.counts,
    history: [],
  };
}

/** @throws {TypeError} when nothing is called so */
function perform(world: RoomWorld, step: Step): void {
  const fault = ROOM_FAULTS[step.do];
  const action = ROOM_ACTIONS[step.do];
  if (fault === undefined && action === undefined)
    throw new TypeError(`no action or fault of rooms is called ${step.do}`);
  world.recorder.count(`do ${step.do}`);
  world.recorder.trace(step.do);
  if (fault !== undefined) world.troubled(0);
  fault?.run(world, step);
  action?.run(world, step);
}

/** A room without a seat stops, and goes on when somebody comes (R29). */
async function sleepAndWake(world: RoomWorld): Promise<void> {
  const { clock, findings, recorder } = world;
  const [channel = ""] = world.channels;
  const truth = world.truths.of(channel);
  if (!isLive(truth)) return;
  for (const client of world.clients) if (client.channel === channel) client.leave(undefined);
  await clock.advance(IDLE_MS);
  // Somebody may have gone whose goodbye did not come.
  if (!isLive(truth) || truth.seats > 0) return;
  recorder.count("slept");
  for (const { name } of ownersOf(world, channel))
    findings.add("progress", `R29: ${name} owns ${channel}, which is empty`);
  const before = truth.newest?.tick ?? 0;
  const client = world.newClient(0, channel);
  world.clients.push(client);
  await clock.advance(WAKE_MS);
  if (!client.isIn || !client.view.isShown) findings.add("progress", `R29: ${channel} does not wake`);
  else if (client.view.tick < before)
    findings.add("one run", `R29: ${channel} slept at tick ${before}, and wakes at ${client.view.tick}`);
}
