/** The scripts against the embedded broker: whatever is appended and read, both say the same. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  memoryBroker,
  type Appended,
  type Broker,
  type Draft,
  type Page,
  type Retain,
} from "../../../src/broker/index.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { Nodes } from "./support/scene.js";

const DEDUPE = 600_000;

const key = fc.oneof(
  fc.record({ scope: fc.constantFrom("a", "b"), id: fc.nat(600), print: fc.constantFrom(0, 2 ** 53 - 1) }),
  fc.record({ scope: fc.constantFrom("a", "b"), id: fc.constantFrom("x", "y", "z", ""), print: fc.nat(1) }),
);
const draft: fc.Arbitrary<Draft> = fc
  .record({
    key,
    data: fc.oneof(fc.string({ maxLength: 40, unit: "grapheme" }), fc.uint8Array({ maxLength: 40 })),
    meta: fc.option(fc.string({ maxLength: 10 }), { nil: undefined }),
  })
  .map(({ meta, ...rest }) => (meta === undefined ? rest : { ...rest, meta }));
/** A publisher's run of sequences, which fills rings. */
const run: fc.Arbitrary<Draft[]> = fc
  .record({ scope: fc.constantFrom("a", "b"), from: fc.nat(500), length: fc.integer({ min: 1, max: 300 }) })
  .map(({ scope, from, length }) =>
    Array.from({ length }, (_, i) => ({ data: `${from + i}`, key: { scope, id: from + i, print: 0 } })),
  );
const retain: fc.Arbitrary<Retain | undefined> = fc.constantFrom(
  undefined,
  {},
  { count: 0 },
  { count: 3 },
  { count: 50 },
  { bytes: 100 },
  { bytes: 2000, count: 40 },
  { age: 3_600_000, bytes: 300 },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ drafts: fc.array(draft, { minLength: 1, maxLength: 8 }), retain }) },
  { weight: 1, arbitrary: fc.record({ drafts: run, retain }) },
);
const pageFrom = fc.record({
  forward: fc.boolean(),
  at: fc.nat(60),
  limit: fc.integer({ min: 1, max: 60 }),
  bytes: fc.constantFrom(0, 50, 500, 1_000_000),
});

describe.skipIf(!hasRedis)("the scripts", () => {
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
        fc.array(pageFrom, { maxLength: 4 }),
        async (steps, pages) => {
          const memory = memoryBroker();
          const channel = `model/${++channels}`;
          const brokers = [memory, redis];
          // Offsets differ; the how-manieth they are does not.
          const offsets: number[][] = [[0], [0]];
          for (const { drafts, retain: kept } of steps) {
            const told = await Promise.all(
              brokers.map((broker) =>
                broker.append(channel, drafts, { keeping: { by: "entries", retain: kept }, dedupe: DEDUPE }),
              ),
            );
            const [expected, actual] = told.map((outcomes, i) =>
              outcomes.map((outcome) => ordinal(outcome, offsets[i] ?? [])),
            );
            expect(actual).toEqual(expected);
            const options = { keeping: { by: "entries" as const, retain: kept }, dedupe: DEDUPE };
            const whole = { after: 0, limit: 10_000, bytes: 1e9 };
            const [inMemory, inRedis] = await Promise.all(
              brokers.map((broker) => broker.read(channel, whole, options)),
            );
            expect(shape(inRedis, offsets[1])).toEqual(shape(inMemory, offsets[0]));
            for (const { forward, at, limit, bytes } of pages) {
              const [one, other] = await Promise.all(
                brokers.map((broker, i) => {
                  const offset = offsets[i]?.at(-1 - at) ?? 0;
                  return broker.read(
                    channel,
                    forward ? { after: offset, limit, bytes } : { before: offset, limit, bytes },
                    options,
                  );
                }),
              );
              expect(shape(other, offsets[1])).toEqual(shape(one, offsets[0]));
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 40_000);
});

function ordinal(outcome: Appended, offsets: number[]): unknown {
  if (!("offset" in outcome)) return outcome;
  if (!outcome.duplicate) offsets.push(outcome.offset);
  return { at: offsets.indexOf(outcome.offset), duplicate: outcome.duplicate };
}

function shape(page: Page | undefined, offsets: readonly number[] = []): unknown {
  const at = (offset: number): number => offsets.indexOf(offset);
  return {
    head: at(page?.head ?? -1),
    oldestPrev: at(page?.oldestPrev ?? -1),
    entries: page?.entries.map(({ offset, prev, data, meta }) => ({
      offset: at(offset),
      prev: at(prev),
      data,
      meta,
    })),
  };
}
