/** What players do, and what the application does with its rooms. */
import type { Step } from "../step.js";
import { askRoom } from "./asking.js";
import type { InputDeed } from "./schemas.js";
import type { RoomWorld } from "./world.js";

export interface RoomAction {
  /** How often it is drawn, among the others. */
  readonly weight: number;
  run(world: RoomWorld, step: Step): void;
}

/** Between how many coins are taken and given back. */
const SPAN = 9;

function by({ ms }: Pick<Step, "ms">, i = 0): number {
  return ((ms * 7 + i * 5) % (2 * SPAN + 1)) - SPAN;
}

/** One input that does something beside being counted. */
function deed(weight: number, what: InputDeed): RoomAction {
  return { weight, run: (world, step) => world.client(step).input(what, by(step)) };
}

/** What players of a simulated run of rooms do, by name. */
export const ROOM_ACTIONS: Readonly<Record<string, RoomAction>> = {
  /** Up to four inputs at once. */
  inputs: {
    weight: 10,
    run(world, step) {
      for (let i = 0; i <= step.ms % 4; i++) world.client(step).input("move", by(step, i));
    },
  },
  /** Plays for a while: input after input. */
  play: {
    weight: 8,
    run(world, step) {
      const client = world.client(step);
      for (let i = 0; i < 20; i++)
        world.later(i * (40 + (step.ms % 120)), () => client.input("move", by(step, i)));
    },
  },
  /** Everybody makes an input in the same moment. */
  everybody: {
    weight: 3,
    run(world, step) {
      for (const [i, client] of world.clients.entries()) client.input("move", by(step, i));
    },
  },
  throw: deed(1, "throw"),
  save: deed(1.5, "save"),
  tell: deed(3, "tell"),
  look: deed(2, "look"),
  /** A room becomes ill, where rooms may. */
  ill: { weight: 0.7, run: (world, step) => world.client(step).input(world.isIll ? "ill" : "move", 1) },
  /** Gives the seat up, and comes again. */
  leave: { weight: 1, run: (world, step) => world.client(step).leave(100 + step.ms * 2) },
  /** Is away for a moment, and comes back to its seat. */
  rest: { weight: 2, run: (world, step) => world.client(step).rest(10 + step.ms * 2) },
  /** Opens the room in another place, too. */
  second: { weight: 1.5, run: (world, step) => world.client(step).second() },
  /** Goes for good, and another one comes. */
  replace: {
    weight: 0.5,
    run(world, step) {
      const place = step.who % world.clients.length;
      const client = world.clients[place];
      client?.leave(undefined);
      world.later(3000, () => client?.end());
      world.clients[place] = world.newClient(place);
    },
  },
  /** The application sends somebody away, who comes again. */
  kick: {
    weight: 0.7,
    run(world, step) {
      const client = world.client(step);
      const { life } = world.node({ who: step.who + step.ms });
      const { seat, channel } = client;
      if (life === undefined || seat === undefined) return;
      client.isKicked = true;
      client.isHeld = false;
      const truth = world.truths.of(channel);
      askRoom(life, truth, { is: "leave", seat, why: "kicked", client: undefined }, (code) =>
        world.recorder.count(`kicked: ${code}`),
      );
    },
  },
  /** The application tells everybody something. */
  say: {
    weight: 0.7,
    run(world, step) {
      const { channel, seat = "nobody" } = world.client(step);
      const { life } = world.node(step);
      const truth = world.truths.of(channel);
      const { record } = truth.log;
      if (life === undefined || record === undefined) return;
      const json = JSON.stringify({ seat, k: 1_000_000 + Math.floor(step.at), tick: 0 });
      askRoom(life, truth, { is: "send", event: "said", json, to: undefined, under: record.name }, (code) =>
        world.recorder.count(`said: ${code}`),
      );
    },
  },
  /** A place is kept for somebody who does not come. */
  reserve: {
    weight: 0.5,
    run(world, step) {
      const { channel } = world.client(step);
      const { life } = world.node(step);
      if (life === undefined) return;
      const ask = { is: "reserve", seat: `nobody-${step.ms}`, ms: step.ms } as const;
      askRoom(life, world.truths.of(channel), ask, (code) => world.recorder.count(`reserved: ${code}`));
    },
  },
  /** The application ends a room. */
  close: {
    weight: 0.08,
    run(world, step) {
      const { channel } = world.client(step);
      const { life } = world.node(step);
      if (life === undefined) return;
      askRoom(life, world.truths.of(channel), { is: "close", reason: "over" }, (code) =>
        world.recorder.count(`closed: ${code}`),
      );
    },
  },
};
