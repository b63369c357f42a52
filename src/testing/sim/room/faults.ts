/** What goes wrong with rooms: nodes and the broker as everywhere, connections of players, and half of a node's way. */
import type { Fault } from "../fault.js";
import { NODE_FAULTS, broker } from "../node-faults.js";
import type { LineTrouble } from "../pipes.js";
import type { Step } from "../step.js";
import type { RoomNode } from "./node.js";
import type { RoomWorld } from "./world.js";

type RoomFault = Fault<RoomWorld>;

function line(
  kind: LineTrouble,
  weight: number,
  longest: number,
  strength: (step: Step) => number,
): RoomFault {
  return {
    weight,
    longest,
    run(world, step) {
      world.until(step.ms, world.client(step).trouble.begin(kind, strength(step)));
    },
  };
}

/** A room, and the node that owns it, if one does. */
function ownerIn(
  world: RoomWorld,
  { who }: Step,
): { readonly channel: string; readonly owner?: RoomNode | undefined } {
  const channel = world.channels[who % world.channels.length] ?? "";
  return { channel, owner: world.nodes.find(({ life }) => life?.rooms.get(channel)?.reign !== undefined) };
}

/** What goes wrong in a simulated run of rooms, by name. */
export const ROOM_FAULTS: Readonly<Record<string, RoomFault>> = {
  ...NODE_FAULTS,
  // So long that no room could be expected to be there.
  longOutage: { ...NODE_FAULTS.longOutage, weight: 0.1 },
  // Nothing is written then, and what is lost is another fault's.
  endOfOffsets: { ...NODE_FAULTS.endOfOffsets, weight: 0 },
  /** Its calls are answered, and nothing comes by itself: no signal, no hint, no text. */
  deafNode: broker("deaf", 3, 6000, () => 1),
  /** Its calls are answered, and what it tells others reaches nobody. */
  muteNode: broker("mute", 3, 6000, () => 1),
  /** What it writes, takes and renews comes late, each by so much: others overtake it, and some comes when it is given up. */
  strayAppends: broker("strayAppends", 3, 8000, ({ size }) => 500 + size * 4000),
  /** The same, and nobody waits for it any more. */
  strandedAppends: broker("strandAppends", 1.5, 1500, ({ size }) => 1000 + size * 8000),
  /** The owner of a room stands still for a little longer than it may. */
  pauseOwner: {
    weight: 3,
    longest: 4000,
    run(world, step) {
      const { owner } = ownerIn(world, step);
      const process = owner?.process;
      process?.pause();
      world.until(700 + step.ms, () => process?.resume());
    },
  },
  /** The owner of a room ends, in the middle of whatever it does. */
  killOwner: {
    weight: 3,
    longest: 3000,
    run(world, step) {
      const { channel, owner } = ownerIn(world, step);
      const client = world.clients.find((one) => one.channel === channel && one.isIn);
      client?.input("save", 1);
      world.later(step.ms % 400, () => {
        owner?.crash(step.size < 0.5);
        world.until(step.ms, () => owner?.start());
      });
    },
  },
  /** The owner of a room is answered late, and then nothing that it asks arrives any more, while answers still come. */
  lateRenewals: {
    weight: 3,
    longest: 2500,
    run(world, step) {
      const { owner } = ownerIn(world, step);
      const trouble = owner?.broker?.trouble;
      if (trouble === undefined) return;
      world.until(2500 + step.ms, trouble.begin("slowAnswers", 400 + step.size * 1000));
      world.later(1500, () => world.until(800 + step.ms, trouble.begin("loseRequests", 1)));
    },
  },
  /** Cut; the node hears of it at once. */
  cut: {
    weight: 4,
    longest: 0,
    run(world, step) {
      world.troubled(0);
      world.client(step).cut(1);
    },
  },
  /** Cut; the node does not hear of it for a while. */
  vanish: {
    weight: 3,
    longest: 9000,
    run(world, step) {
      world.troubled(step.ms);
      world.client(step).cut(step.ms);
    },
  },
  /** Everybody at once. */
  stampede: {
    weight: 1,
    longest: 0,
    run(world) {
      world.troubled(0);
      for (const client of world.clients) client.cut(1);
    },
  },
  slowLine: line("slow", 1, 6000, ({ size }) => size * 1500),
  narrowLine: line("narrow", 3, 10_000, ({ size }) => 0.05 + size * 0.9),
  /** Stops reading. */
  slowReader: line("narrow", 3, 6000, () => 1),
};
