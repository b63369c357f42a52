import type {
  Broker,
  Draft,
  Follower,
  Hint,
  LogOptions,
  Page,
  PresenceChange,
} from "../../../../src/broker/index.js";
import { redisBroker, type RedisBrokerOptions } from "../../../../src/broker/redis/index.js";

export const KEEP: LogOptions = { keeping: { by: "entries", retain: { count: 100_000 } }, dedupe: 60_000 };

/** Everything in a log. */
export function readAll(broker: Broker, channel: string): Promise<Page> {
  return broker.read(channel, { after: 0, limit: 100_000, bytes: 100_000_000 }, KEEP);
}

let keys = 0;
export function draft(data: Draft["data"], id: number | string = `key-${++keys}`): Draft {
  return { data, key: { scope: "test", id, print: 1 } };
}

export function drafts(count: number, name = ""): Draft[] {
  return Array.from({ length: count }, (_, i) => draft(JSON.stringify(`${name}${i}`)));
}

/** Appends drafts one by one. */
export async function appendEach(broker: Broker, channel: string, all: readonly Draft[]): Promise<void> {
  for (const one of all) await broker.append(channel, [one], KEEP);
}

export interface Notes extends Follower {
  readonly hints: Hint[];
  readonly changes: PresenceChange[];
  resets: number;
  data(): unknown[];
}

/** A follower that notes what it is told. */
export function notes(): Notes {
  const own: Notes = {
    hints: [],
    changes: [],
    resets: 0,
    data: () => own.hints.flatMap(({ entries }) => entries.map(({ data }) => data)),
    onEntries: (hint) => void own.hints.push(hint),
    onSignals: () => {},
    onPresence: (change) => void own.changes.push(change),
    onReset: () => void own.resets++,
  };
  return own;
}

/** The nodes of one test, closed at its end. */
export class Nodes {
  readonly #all: Broker[] = [];

  async connect(options: RedisBrokerOptions): Promise<Broker> {
    const broker = await redisBroker({ lease: 900, timeout: 1000, ...options });
    this.#all.push(broker);
    return broker;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.splice(0).map((broker) => broker.close()));
  }
}
