import assert from "node:assert/strict";
import {
  BrokerError,
  type Appended,
  type Broker,
  type Draft,
  type Entry,
  type Follower,
  type Hint,
  type LogOptions,
  type Page,
  type PresenceChange,
  type Retain,
  type Signal,
} from "../../broker/index.js";
import { MAX_OFFSET } from "../../protocol/index.js";

/** A fresh store under test, and how its nodes and its time are had. */
export interface BrokerHarness {
  /** Another node on the same store. */
  connect(): Promise<Broker>;
  /** Ends everything, the store included. */
  close(): Promise<void>;
  /** Lets what is under way arrive, where that can be known. */
  settle?(): Promise<void>;
  /** Lets this many milliseconds of the broker's time pass, virtual or real. */
  elapse(ms: number): Promise<void>;
  /** How many things the store has now – keys, rows, whatever it is made of – where that can be known. */
  size?(): Promise<number>;
}

/** One promise of the contract, and the test of it. Numbers are stable. */
export interface Rule {
  readonly number: number;
  readonly sentence: string;
  check(kit: Kit): Promise<void>;
}

/** Milliseconds that nothing in the suite outlasts by accident: a window that is always open. */
export const LONG = 600_000;

/** How long a broker may take to deliver something, in its own milliseconds. */
const PATIENCE = 5000;
const GLANCE = 10;

/** A follower that notes what it is told. */
export interface Recorder extends Follower {
  readonly hints: Hint[];
  readonly signals: Signal[];
  readonly changes: PresenceChange[];
  resets: number;
  /** The entries of all hints. */
  entries(): Entry[];
}

export function recorder(): Recorder {
  const notes: Recorder = {
    hints: [],
    signals: [],
    changes: [],
    resets: 0,
    onEntries: (hint) => void notes.hints.push(hint),
    onSignals: (signals) => void notes.signals.push(...signals),
    onPresence: (change) => void notes.changes.push(change),
    onReset: () => void notes.resets++,
    entries: () => notes.hints.flatMap((hint) => [...hint.entries]),
  };
  return notes;
}

/** Options of a log that keeps `retain`, with a dedupe window that stays open unless it is given. */
export function keeping(retain: Retain | undefined, dedupe = LONG): LogOptions {
  return { keeping: { by: "entries", retain }, dedupe };
}

/** Keeps everything that a test appends. */
export const KEEP: LogOptions = keeping({ count: 100_000 });

/** What the suite's tests work with: nodes, channel names and keys that no other test has. */
export class Kit {
  readonly #harness: BrokerHarness;
  #channels = 0;
  #keys = 0;

  constructor(harness: BrokerHarness) {
    this.#harness = harness;
  }

  node(): Promise<Broker> {
    return this.#harness.connect();
  }

  async nodes(): Promise<[Broker, Broker]> {
    return [await this.node(), await this.node()];
  }

  elapse(ms: number): Promise<void> {
    return this.#harness.elapse(ms);
  }

  /** How many things the store has; `undefined` where that cannot be known. */
  async size(): Promise<number | undefined> {
    await this.#harness.settle?.();
    return this.#harness.size?.();
  }

  /** The name of a channel that nothing was done with. */
  channel(): string {
    return `contract/${++this.#channels}`;
  }

  /** A draft with a key of its own. */
  draft(data: Draft["data"] = '"x"', meta?: string): Draft {
    const key = { scope: "kit", id: `key-${++this.#keys}`, print: 1 };
    return meta === undefined ? { data, key } : { data, meta, key };
  }

  drafts(count: number): Draft[] {
    return Array.from({ length: count }, (_, i) => this.draft(`${i}`));
  }

  /** Waits until something has come true, and fails with `what` when it does not. */
  async until(what: string, isTrue: () => boolean): Promise<void> {
    for (let waited = 0; waited <= PATIENCE; waited += GLANCE) {
      await this.#harness.settle?.();
      if (isTrue()) return;
      await this.elapse(GLANCE);
    }
    assert.fail(`waited ${PATIENCE} ms in vain: ${what}`);
  }
}

/** A draft with a sequence or a text as its key. */
export function keyed(id: number | string, print = 1, scope = "ann/p1"): Draft {
  return { data: `"${id}"`, key: { scope, id, print } };
}

/** The offsets of outcomes that all must have one. */
export function offsetsOf(outcomes: readonly Appended[]): number[] {
  return outcomes.map((outcome) => {
    if ("offset" in outcome) return outcome.offset;
    return assert.fail(`expected an offset, not ${outcome.error}`);
  });
}

/** The only outcome of an append of one draft. */
export async function appendOne(
  broker: Broker,
  channel: string,
  draft: Draft,
  options: LogOptions = KEEP,
): Promise<Appended> {
  const outcomes = await broker.append(channel, [draft], options);
  assert.equal(outcomes.length, 1);
  return outcomes[0] ?? assert.fail();
}

/** All that is kept. */
export function readAll(broker: Broker, channel: string, options = KEEP): Promise<Page> {
  return broker.read(channel, { after: 0, limit: 100_000, bytes: 100_000_000 }, options);
}

/** What is kept, from the newest back. */
export function readBack(broker: Broker, channel: string, limit: number, bytes = 100_000_000): Promise<Page> {
  return broker.read(channel, { before: MAX_OFFSET, limit, bytes }, KEEP);
}

export function dataOf(page: { readonly entries: readonly Entry[] }): unknown[] {
  return page.entries.map((entry) => entry.data);
}

/** Fails unless every entry follows the one before it, from `prev` on. */
export function assertChain(entries: readonly Entry[], prev = entries[0]?.prev ?? 0): void {
  let last = prev;
  for (const entry of entries) {
    assert.equal(entry.prev, last, `entry ${entry.offset} does not follow`);
    assert.ok(entry.offset > last, `entry ${entry.offset} does not come after ${last}`);
    last = entry.offset;
  }
}

/** Fails unless the call rejects with a `BrokerError` of this code. */
export async function assertRejects(call: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(error instanceof BrokerError, `expected a BrokerError, not ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  });
}
