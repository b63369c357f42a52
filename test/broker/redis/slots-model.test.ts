/** The scripts of logs by slots against the embedded broker: whatever is changed and read, both say the same. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  memoryBroker,
  type Broker,
  type Changed,
  type ChangesDraft,
  type ChangesEntry,
  type ChangesHint,
  type Payload,
  type SlotsOptions,
} from "../../../src/broker/index.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { until } from "../../../bench/lib/wait.js";
import { hasRedis } from "./support/has-redis.js";
import { Nodes, notes } from "./support/scene.js";

/** A slot's name; several names are beginnings of others, and some are no plain letters. */
const slot = fc.constantFrom("", "a", "b", "c", "ab", "é", "a:1", "t0");
const data: fc.Arbitrary<Payload | undefined> = fc.oneof(
  fc.constantFrom(undefined, '{"a":[]}', "1", "12345678901234567890", ""),
  fc.string({ maxLength: 30, unit: "grapheme" }),
  fc.uint8Array({ maxLength: 30 }),
);
/** A condition's cursor: so many entries back, in this log's epoch or in none of it. */
const since = fc.oneof(
  fc.constantFrom("absent" as const, "due" as const),
  fc.record({ back: fc.integer({ min: -1, max: 12 }), lost: fc.boolean() }),
);
const draft = fc.record({
  key: fc.oneof(
    fc.record({ scope: fc.constantFrom("a", "b"), id: fc.nat(80), print: fc.nat(1) }),
    fc.record({ scope: fc.constantFrom("a", "b"), id: fc.constantFrom("x", "y", "z", ""), print: fc.nat(1) }),
  ),
  meta: fc.option(fc.string({ minLength: 1, maxLength: 10 }), { nil: undefined }),
  quiet: fc.boolean(),
  conditions: fc.array(fc.record({ slot, since }), { maxLength: 2 }),
  changes: fc.uniqueArray(
    fc.record({ slot, data, ttl: fc.option(fc.integer({ min: 1e6, max: 2e6 }), { nil: undefined }) }),
    { minLength: 1, maxLength: 4, selector: (change) => change.slot },
  ),
});
const keeping = fc.record({
  most: fc.record({ count: fc.constantFrom(2, 5, 100), bytes: fc.constantFrom(40, 10_000) }),
  graves: fc.constantFrom({}, { count: 0 }, { count: 2 }, { bytes: 2 }, { age: 3_600_000 }),
});
type DraftCase = typeof draft extends fc.Arbitrary<infer Case> ? Case : never;
const step = fc.record({ drafts: fc.array(draft, { minLength: 1, maxLength: 5 }), keeping });
const page = fc.record({
  back: fc.nat(12),
  limit: fc.integer({ min: 1, max: 6 }),
  bytes: fc.constantFrom(0, 20, 60, 1e9),
});

const WHOLE = { after: 0, limit: 10_000, bytes: 1e9 };

describe.skipIf(!hasRedis)("the scripts of slots", () => {
  let server: RedisServer;
  let redis: Broker;
  const nodes = new Nodes();

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = await nodes.connect({ url: server.url, timeout: 5000 });
  });
  afterAll(async () => {
    await nodes.close();
    await server.remove();
  });

  test("do what the embedded broker does", async () => {
    let channels = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.array(page, { maxLength: 3 }),
        fc.uniqueArray(slot, { maxLength: 4 }),
        async (steps, pages, names) => {
          const channel = `model/${++channels}`;
          const sides = [new Side(memoryBroker(), channel), new Side(redis, channel)] as const;
          await Promise.all(sides.map((side) => side.begin()));
          for (const { drafts, keeping: kept } of steps) {
            const options = { keeping: { by: "slots" as const, ...kept }, dedupe: 600_000 };
            const [expected, actual] = await Promise.all(sides.map((side) => side.change(drafts, options)));
            expect(actual).toEqual(expected);
            for (const from of [WHOLE, { slots: names }, ...pages]) {
              const [inMemory, inRedis] = await Promise.all(sides.map((side) => side.read(from, options)));
              expect(inRedis).toEqual(inMemory);
            }
          }
          const [memory, other] = sides;
          await until("all hints", () => other.hints.length >= memory.hints.length);
          expect(other.told()).toEqual(memory.told());
          for (const side of sides) side.stop();
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);
});

/** Redis drops tombstones of one offset in the order of their names, and memory in that of the draft: so both are one. */
const bySlot = (one: { slot: string }, other: { slot: string }): number =>
  Buffer.compare(Buffer.from(one.slot), Buffer.from(other.slot));

/** One of the two, with its own offsets. Those differ; the how-manieth they are does not. */
class Side {
  readonly hints: ChangesEntry[] = [];
  readonly #broker: Broker;
  readonly #channel: string;
  readonly #offsets = [0];
  #epoch = "";
  stop: () => void = () => {};

  constructor(broker: Broker, channel: string) {
    this.#broker = broker;
    this.#channel = channel;
  }

  async begin(): Promise<void> {
    const onChanges = ({ entries }: ChangesHint): void => void this.hints.push(...entries);
    this.stop = await this.#broker.follow(this.#channel, { ...notes(), onChanges });
  }

  async change(drafts: readonly DraftCase[], options: SlotsOptions): Promise<unknown> {
    const made = drafts.map((one) => this.#draft(one));
    const outcomes = await this.#broker.change(this.#channel, made, options);
    return outcomes.map((outcome) => this.#outcome(outcome));
  }

  async read(
    from: typeof WHOLE | { slots: string[] } | { back: number; limit: number; bytes: number },
    options: SlotsOptions,
  ): Promise<unknown> {
    const where = "back" in from ? { ...from, after: this.#offsets.at(-1 - from.back) ?? 0 } : from;
    const found = await this.#broker.readSlots(this.#channel, where, options);
    this.#epoch = found.epochs.at(-1)?.epoch ?? "";
    const at = (offset: number): number => this.#offsets.indexOf(offset);
    return {
      ...found,
      epochs: found.epochs.length,
      head: at(found.head),
      floor: at(found.floor),
      due: found.due === undefined ? "never" : "some time",
      // Of some slots nobody has promised an order within an offset.
      entries: found.entries.map(({ offset, changes = [], meta }) => ({
        offset: at(offset),
        changes: "slots" in from ? changes.toSorted(bySlot) : changes,
        meta,
      })),
    };
  }

  told(): unknown {
    const at = (offset: number): number => this.#offsets.indexOf(offset);
    return this.hints.map((entry) => ({ ...entry, offset: at(entry.offset), prev: at(entry.prev) }));
  }

  #draft({ key, meta, quiet, conditions, changes }: DraftCase): ChangesDraft {
    return {
      key,
      ...(meta !== undefined && { meta }),
      quiet,
      changes: changes.toSorted(bySlot).map(({ ttl, ...one }) => (ttl === undefined ? one : { ...one, ttl })),
      if: conditions.map(({ slot: name, since: when }) => {
        if (typeof when === "string") return { slot: name, unchangedSince: when };
        const { back, lost } = when;
        const newest = this.#offsets.at(-1) ?? 0;
        const offset = back < 0 ? newest + 1 : (this.#offsets.at(-1 - back) ?? 0);
        return { slot: name, unchangedSince: { epoch: lost ? "lost" : this.#epoch, offset } };
      }),
    };
  }

  #outcome(outcome: Changed): unknown {
    if ("offset" in outcome) {
      if (!outcome.duplicate && !("same" in outcome)) this.#offsets.push(outcome.offset);
      // Each broker has a name of its own for it.
      return { ...outcome, epoch: "", offset: this.#offsets.indexOf(outcome.offset) };
    }
    if (outcome.error !== "conflict") return outcome;
    return { ...outcome, at: this.#offsets.indexOf(outcome.at.offset), now: [...outcome.now] };
  }
}
