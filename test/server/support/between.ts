/** The feed over a broker whose hints are lost, late, doubled and mixed up, in virtual time. */
import { expect } from "vitest";
import type { Broker, Follower, Hint, Page, ReadFrom } from "../../../src/broker/index.js";
import { stream } from "../../../src/server/index.js";
import { World, type Peer } from "./engine.js";

export const keep = { retain: { count: 1000 } };

/** What stands between the server and its broker. */
export class Between {
  /** What becomes of each hint. Default: it arrives. */
  hint: (hint: Hint, follower: Follower) => void = (hint, follower) => follower.onEntries(hint);
  /** What becomes of each read. Default: it is done. */
  read: (read: () => Promise<Page>, from: ReadFrom) => Promise<Page> = (read) => read();
  /** What a join waits for. */
  join: Promise<void> | undefined;
  reads = 0;
  follower: Follower | undefined;

  wrap(broker: Broker): Broker {
    return Object.assign(Object.create(broker) as Broker, {
      durability: broker.durability,
      append: broker.append.bind(broker),
      signal: broker.signal.bind(broker),
      join: (async (channel, member, instance) => {
        await this.join;
        return broker.join(channel, member, instance);
      }) satisfies Broker["join"],
      leave: broker.leave.bind(broker),
      members: broker.members.bind(broker),
      listen: broker.listen.bind(broker),
      read: ((channel, from, options) => {
        this.reads++;
        return this.read(() => broker.read(channel, from, options), from);
      }) satisfies Broker["read"],
      follow: ((channel, follower) => {
        this.follower = follower;
        return broker.follow(channel, {
          onEntries: (hint) => this.hint(hint, follower),
          onSignals: (signals) => follower.onSignals(signals),
          onPresence: (change) => follower.onPresence(change),
          onReset: () => follower.onReset(),
        });
      }) satisfies Broker["follow"],
    });
  }
}

export function setup(
  options: Parameters<typeof stream>[0] = keep,
  limits = {},
): { between: Between; world: World } {
  const between = new Between();
  const world = new World(
    { "log/:id": stream(options) },
    { broker: (broker) => between.wrap(broker), limits: { commands: false, ...limits } },
  );
  return { between, world };
}

/** A connection that is subscribed to log/a. */
export async function subscribed(world: World, more: Record<string, unknown> = {}): Promise<Peer> {
  const peer = await world.connect();
  expect(await peer.ask({ subscribe: "log/a", ...more })).toHaveProperty("ch");
  return peer;
}

/** Appends these numbers to log/a, each in so many characters. */
export async function say(world: World, from: number, to: number, size = 0): Promise<void> {
  for (let i = from; i <= to; i++)
    await world.append("log/a", size === 0 ? `${i}` : `"${`${i}`.padEnd(size, ".")}"`);
}

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
