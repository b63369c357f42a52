/** What must be so of rooms when nothing has gone wrong for a while. */
import { isInputs } from "../../../server/kinds/room/owner/room-log.js";
import type { RoomClient } from "./client.js";
import type { RoomNode } from "./node.js";
import type { RoomTruth } from "./room-truth.js";
import { keepsInputs, shapeOf } from "./shapes.js";
import type { RoomWorld } from "./world.js";

/** What a message may take from an owner to a player, in milliseconds. */
const WAY_MS = 700;
/** An owner without ticks gives a sign that often at least. */
const SIGN_MS = 2500;
/** How long after the end of a process of which nobody knew everything is as it was. */
const CALM_MS = 14_000;
/** So many inputs may lie in a log. */
const MOST_LOGGED = 400;

export function ownersOf(world: RoomWorld, channel: string): RoomNode[] {
  return world.nodes.filter(({ life }) => life?.rooms.get(channel)?.reign !== undefined);
}

/** Whether somebody can be expected to own it. */
export function isLive(truth: RoomTruth): boolean {
  return !truth.log.wasClosed && !truth.isDeadly && !truth.log.isMarked;
}

/** Every room has an owner, which tells what it does; every player is in, and at its newest tick. */
export function checkQuiet(world: RoomWorld): void {
  for (const client of world.clients) client.view.settle(false);
  // A process may end at any time where a room is ill.
  const doomedAt = Math.max(...world.channels.map((channel) => world.truths.of(channel).doomedAt));
  if (world.recorder.time - doomedAt < CALM_MS) return;
  // A node with a room that others have died of takes no more (R9).
  if (world.channels.some((channel) => world.truths.of(channel).isDeadly)) return;
  for (const channel of world.channels) {
    const truth = world.truths.of(channel);
    const players = world.clients.filter((one) => one.channel === channel && one.seat !== undefined);
    checkLog(world, truth);
    if (!players.some(({ wants }) => wants) || !isLive(truth)) continue;
    checkOwner(world, truth);
    checkPlayers(world, truth, players);
  }
}

function checkOwner(world: RoomWorld, truth: RoomTruth): void {
  const { findings, recorder } = world;
  const { channel } = truth;
  const owners = ownersOf(world, channel);
  if (owners.length !== 1)
    findings.add(
      "progress",
      `R1: ${owners.length} nodes own ${channel}: ${owners.map(({ name }) => name).join(", ")}`,
    );
  const silent = recorder.time - truth.toldAt;
  const { rate } = shapeOf(channel);
  const most = rate === 0 ? SIGN_MS : 2000 / rate + 50;
  if (silent > most)
    findings.add("progress", `R10: nobody has told anything of ${channel} for ${Math.round(silent)} ms`);
}

function checkPlayers(world: RoomWorld, truth: RoomTruth, players: readonly RoomClient[]): void {
  const { findings } = world;
  const { channel, newest } = truth;
  const { rate, seats } = shapeOf(channel);
  const isFull = players.length > seats;
  const isIn = players.filter((one) => one.isIn);
  if (isFull && isIn.length < seats)
    findings.add(
      "progress",
      `R20: ${isIn.length} of ${seats} seats of ${channel} are taken, and more want one`,
    );
  const isFresh = world.recorder.time - truth.toldAt < WAY_MS;
  const late = rate === 0 ? (isFresh ? 2 : 0) : Math.ceil((WAY_MS * rate) / 1000) + 1;
  for (const one of players) {
    if (!one.wants || (isFull && !one.isIn)) continue;
    const { epoch, tick, isShown } = one.view;
    if (!one.isIn) findings.add("progress", `R19: ${one.name} is not in ${channel}`);
    else if (!isShown || epoch !== newest?.reign || tick < newest.tick - late)
      findings.add(
        "progress",
        `R23: ${one.name} is shown ${epoch}:${isShown ? tick : "nothing"} of ${channel}, which is at ${newest?.reign}:${newest?.tick}`,
      );
  }
}

/** Little lies in it. */
function checkLog({ findings }: RoomWorld, { channel, log }: RoomTruth): void {
  const inputs = [...log.slots.keys()].filter(isInputs).length;
  if (inputs > MOST_LOGGED)
    findings.add("bounded memory", `${inputs} ticks of inputs lie in the log of ${channel}`);
}

/** What everybody has made is done with, and where all inputs are kept, it is in the room: each once, in their order. */
export function checkInputs(world: RoomWorld): void {
  const { findings } = world;
  for (const one of world.clients) {
    const { channel, name, seat } = one;
    const truth = world.truths.of(channel);
    if (seat === undefined || !one.isIn || !isLive(truth)) continue;
    if (one.unacknowledged > 0)
      findings.add(
        "progress",
        `R16: ${one.unacknowledged} inputs of ${name} in ${channel} are not done with`,
      );
    const run = ownersOf(world, channel)[0]?.life?.rooms.get(channel)?.run;
    const book = run?.state["books"]?.get(seat);
    const made = one.book;
    const isExact = keepsInputs(channel) && !truth.hasLost && truth.freed(seat) === 0;
    if (!isExact || made === undefined || run === undefined) continue;
    world.recorder.count("books compared");
    if (book?.["count"] !== made.count || book["print"] !== made.print)
      findings.add(
        "inputs",
        `R14: ${name} made ${made.count} inputs in ${channel}, and its book says ${String(book?.["count"])}, in an order of ${String(book?.["print"])} and not ${made.print}`,
      );
  }
}
