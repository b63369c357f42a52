/** What clients of channels of keys do. */
import { formatCursor } from "../../../protocol/index.js";
import { VIEW_NAMES } from "../../history/kinds/state/views.js";
import type { Action, WorldView } from "../sim-kind.js";
import type { Step } from "../step.js";
import { ACK_WAYS } from "./acks.js";
import { CHANNELS } from "./channels.js";
import type { StateClient } from "./client.js";
import type { Seen } from "./key-viewer.js";

const KEYS = 40;
const ACCOUNTS = 4;
const COUNTS = 3;
/** Smaller than one key with its value, than a page, and than what a node holds for somebody who does not read. */
const WINDOWS = [undefined, 1024, 4096, undefined, 20_000];
const RATES = [undefined, undefined, undefined, 20, 5, 1, 0.5];

type StateWorld = WorldView<StateClient>;

function channelOf({ size }: Step): string {
  return CHANNELS[Math.floor(size * 997) % CHANNELS.length] ?? "keys/a";
}

/** How somebody sees a channel, as a number says it. */
export function seenBy(number: number): Seen {
  // Most see everything: they are the ones who are told of most.
  const view = number % 3 === 0 ? (VIEW_NAMES[number % VIEW_NAMES.length] ?? "all") : "all";
  return {
    view,
    rate: RATES[number % RATES.length],
    window: WINDOWS[number % WINDOWS.length],
    acks: ACK_WAYS[number % ACK_WAYS.length],
  };
}

function keyAt(number: number): string {
  return `k/${number % KEYS}`;
}

/** Several keys and their values, of about so many bytes each. */
function someKeys(first: number, count: number, size: number): Record<string, string> {
  const set: Record<string, string> = {};
  for (let i = 0; i < count; i++) set[keyAt(first + i * 7)] = `${first}.${i}${"x".repeat(size)}`;
  return set;
}

/** Moves an amount from one account to another: a change of two keys at once, if neither has changed since they were seen. */
function transfer(client: StateClient, channel: string, from: number, to: number, amount: number): void {
  const viewer = client.viewer(channel);
  const [one, other] = [`acct/${from % ACCOUNTS}`, `acct/${to % ACCOUNTS}`];
  const [a, b] = [viewer?.get(one), viewer?.get(other)];
  if (viewer?.cursor === undefined || one === other) return;
  if (a === undefined && b === undefined) {
    const names = Array.from({ length: ACCOUNTS }, (_, i) => `acct/${i}`);
    const set = Object.fromEntries(names.map((name) => [name, 0]));
    client.change(channel, { set, if: { absent: names } });
  }
  if (a === undefined || b === undefined) return;
  const set = { [one]: Number(a) - amount, [other]: Number(b) + amount };
  const since = formatCursor(viewer.cursor);
  client.change(channel, { set, if: { since, keys: [one, other] } });
}

function several(world: StateWorld, count: number, ms: number, run: (i: number) => void): void {
  for (let i = 0; i < count; i++) world.later(i * ms, () => run(i));
}

/** What clients of a simulated run do on channels of keys, by name. */
export const STATE_ACTIONS: Readonly<Record<string, Action<StateClient>>> = {
  /** Sets up to four keys at once. */
  set: {
    weight: 8,
    run(world, step) {
      const set = someKeys(step.ms, 1 + (step.ms % 4), step.ms % 9 === 0 ? 3000 * step.size : 20);
      world.client(step).change(channelOf(step), { set });
    },
  },
  /** Deletes up to five keys, and sets one in the same change. */
  delete: {
    weight: 5,
    run(world, step) {
      const gone = Array.from({ length: 1 + (step.ms % 5) }, (_, i) => keyAt(step.ms + i * 3));
      world.client(step).change(channelOf(step), { delete: gone });
    },
  },
  transfer: {
    weight: 6,
    run(world, step) {
      const channel = channelOf(step);
      const client = world.client(step);
      several(world, 1 + (step.ms % 4), 40, (i) =>
        transfer(client, channel, step.ms + i, step.who + i, 1 + i),
      );
    },
  },
  /** Sets keys, there or not, each if it has not changed since a while ago. */
  revise: {
    weight: 3,
    run(world, step) {
      const channel = channelOf(step);
      const client = world.client(step);
      const cursor = client.viewer(channel)?.cursor;
      if (cursor === undefined) return;
      world.later(step.ms * 8, () => {
        for (let i = 0; i < 6; i++) client.revise(channel, keyAt(step.ms + step.who + i * 11), cursor);
      });
    },
  },
  /** Takes a place if it is free, or gives it back. */
  claim: {
    weight: 2,
    run(world, step) {
      const slot = `once/${step.ms % 3}`;
      const client = world.client(step);
      if (step.size < 0.3) client.change(channelOf(step), { delete: [slot] });
      else client.change(channelOf(step), { set: { [slot]: client.name }, if: { absent: [slot] } });
    },
  },
  /** Says for a while that it is there, and then no more; or says so too late. */
  beat: {
    weight: 3,
    run(world, step) {
      const client = world.client(step);
      const ttl = 1000 + (step.ms % 5) * 2000;
      const every = step.size < 0.5 ? ttl / 2 : ttl * 1.1;
      several(world, 2 + (step.ms % 6), every, (i) =>
        client.beat(channelOf(step), ttl, step.size < 0.3 ? i : 1),
      );
    },
  },
  /** Several count in fields of their own of the same keys, all at once, and each sets something else right behind that. */
  count: {
    weight: 6,
    run(world, step) {
      const channel = channelOf(step);
      if (step.size < 0.1) {
        const slot = `count/${step.who % COUNTS}`;
        return world
          .client(step)
          .change(channel, step.size < 0.05 ? { delete: [slot] } : { set: { [slot]: {} } });
      }
      several(world, 4 + (step.ms % 20), step.ms % 40, (i) => {
        const client = world.client({ who: step.who + i });
        client.count(channel, `count/${(step.ms + (i >> 2)) % COUNTS}`);
        if (i % 3 === 0) client.change(channel, { set: { [keyAt(step.ms + i)]: i } });
      });
    },
  },
  /** Says something about what another one says about itself for a while. */
  remark: {
    weight: 2,
    run(world, step) {
      world.client({ who: step.who + 1 }).remark(channelOf(step), world.client(step).name);
    },
  },
  /** Changes much at once, of some size: more than a page, and more than a hint says. */
  burst: {
    weight: 5,
    run(world, step) {
      const client = world.client(step);
      const channel = channelOf(step);
      for (let i = 0; i < 12; i++)
        client.change(channel, { set: someKeys(step.ms + i, 3, 1500 + 2500 * step.size) });
    },
  },
  /** Sets and deletes the same keys again and again: more tombstones than some channel keeps. */
  churn: {
    weight: 3,
    run(world, step) {
      const channel = channelOf(step);
      const client = world.client(step);
      several(world, 20, 50 + (step.ms % 200), (i) => {
        const set = someKeys(step.ms + (i >> 1), 4, 20);
        if (i % 2 === 0) client.change(channel, { set });
        else client.change(channel, { delete: Object.keys(set) });
      });
    },
  },
  /** Everybody changes something all the time for a while, and some come in the middle of it. */
  storm: {
    weight: 2,
    run(world, step) {
      const channel = channelOf(step);
      several(world, 60, 20 + (step.ms % 60), (i) => {
        const client = world.client({ who: step.who + i });
        if (i % 10 === 5) {
          client.unwatch(channel);
          client.watch(channel, seenBy(step.ms + i));
        } else if (i % 4 === 3) transfer(client, channel, i, i + 1, 2);
        else if (i % 7 === 2) client.change(channel, { delete: [keyAt(i), keyAt(i + 1)] });
        else client.change(channel, { set: someKeys(step.ms + i, 2, 30) });
      });
    },
  },
  /** Goes, and comes back as another one. */
  rejoin: {
    weight: 2,
    run(world, step) {
      const client = world.client(step);
      const channel = channelOf(step);
      client.unwatch(channel);
      world.later(step.ms, () => client.watch(channel, seenBy(step.ms)));
    },
  },
  /** Goes for a while, and comes back with its cursor. */
  pass: {
    weight: 3,
    run(world, step) {
      world.client(step).pass(channelOf(step), step.ms * (step.size < 0.2 ? 8 : 1));
    },
  },
  /** Wants to see other keys, and comes with the cursor that it had. */
  turn: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const channel = channelOf(step);
      const before = client.unwatch(channel);
      client.watch(channel, seenBy(3 * (step.ms + step.who)), before);
    },
  },
  /** Wants to be told nothing for a while, and then comes with the cursor that it had. */
  pause: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const channel = channelOf(step);
      client.unwatch(channel);
      client.watch(channel, { view: "all", rate: 0 });
      world.until(1000 + step.ms * 3, () => {
        if (client.viewer(channel)?.isPaused !== true) return;
        const before = client.unwatch(channel);
        client.watch(channel, { view: "all", rate: 5 }, before);
      });
    },
  },
  /** Wants to be told more or less often, again and again, also nothing for a while. */
  tune: {
    weight: 4,
    run(world, step) {
      const client = world.client(step);
      const channel = channelOf(step);
      several(world, 1 + (step.ms % 5), step.ms * step.size, (i) =>
        client.tune(channel, i % 2 === 1 ? 0 : RATES[(step.ms + i) % RATES.length]),
      );
      world.until(10_000, () => {
        if (client.viewer(channel)?.isPaused === true) client.tune(channel, RATES[step.ms % RATES.length]);
      });
    },
  },
  /** Wants to be told nothing any more, and says so in the middle of a message. */
  breakOff: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const channel = channelOf(step);
      client.unwatch(channel);
      client.watch(channel, { view: "all", rate: undefined, window: 4096, acks: "late" });
      client.breakOff(channel);
    },
  },
  /** A client goes for good, and another one comes. */
  replace: {
    weight: 0.5,
    run(world, step) {
      world.replace(step.who);
    },
  },
};
