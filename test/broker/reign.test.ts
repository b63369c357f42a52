/** Reigns in memory: what a failover leaves of them, and how long their logs live. What all brokers do is in the contract. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createMemoryHub,
  type Broker,
  type LogOptions,
  type MemoryHub,
  type SlotsOptions,
} from "../../src/broker/index.js";
import { decideReign, type HeldReign } from "../../src/broker/log/reign.js";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";
import { KEEP, readAll } from "../../src/testing/broker-contract/kit.js";
import {
  FENCED,
  FENCED_SLOTS,
  TTL,
  ask,
  assertHeldBy,
  isOut,
  take,
  under,
} from "../../src/testing/broker-contract/reign-kit.js";
import { change } from "../../src/testing/broker-contract/slots-kit.js";
import { followRules, reignSteps } from "./support/reign-model.js";

function setup(): { clock: VirtualClock; hub: MemoryHub; node: Broker } {
  const clock = new VirtualClock();
  const hub = createMemoryHub({ clock, random: seededRandom(1) });
  return { clock, hub, node: hub.broker() };
}

/** Uses the hub until its sweep has been all the way round, without naming a channel that is kept. */
async function sweepAll({ hub, node }: ReturnType<typeof setup>): Promise<void> {
  for (let i = 0; i < 2 * hub.channels + 256; i++) await readAll(node, "sweeper");
}

test("whatever is done about reigns is what the rules say", async () => {
  await fc.assert(
    fc.asyncProperty(reignSteps, async (steps) => {
      const { clock, hub, node } = setup();
      const store = {
        broker: () => node,
        elapse: (ms: number) => clock.advance(ms),
        again: async () => {
          hub.restore(hub.snapshot());
          return false;
        },
      };
      await followRules(store, "c", steps);
    }),
    { numRuns: 300 },
  );
});

describe("a reign after a failover", () => {
  test("that has lost it is over: what it writes is fenced, and it cannot be renewed", async () => {
    const { hub, node } = setup();
    const before = hub.snapshot();
    const reign = await take(node, "c", "ann");
    hub.restore(before);
    expect(await isOut(node, "c", reign)).toBe(true);
    expect(await reign.renew()).toBe(false);
    const next = await take(node, "c", "ben");
    expect([await isOut(node, "c", reign), await isOut(node, "c", next)]).toEqual([true, false]);
  });

  test("that has kept it goes on, and the one that took it in the lost time is shut out", async () => {
    const { clock, hub, node } = setup();
    const kept = await take(node, "c", "ann");
    const replica = hub.snapshot();
    await clock.advance(TTL);
    const lost = await take(node, "c", "ben");
    expect(await isOut(node, "c", kept)).toBe(true);
    hub.restore(replica);
    expect([await isOut(node, "c", kept), await isOut(node, "c", lost)]).toEqual([false, true]);
    expect([await kept.renew(), await lost.renew()]).toEqual([true, false]);
  });

  test("opens the new epoch before anything else, whatever is asked", async () => {
    // A read of entries opens none, so it shows what was opened.
    const options = FENCED;
    const { hub, node } = setup();
    const reign = await take(node, "c", "ann", { options });
    const steps = [
      () => take(node, "c", "ann", { options }),
      () => ask(node, "c", "ben", { options }),
      () => reign.renew(),
      () => reign.release(),
    ];
    for (const [i, step] of steps.entries()) {
      hub.restore(hub.snapshot());
      await step();
      expect((await readAll(node, "c")).epochs).toHaveLength(i + 2);
    }
  });
});

describe("a log that only has a reign", () => {
  const kinds: readonly (readonly [string, LogOptions | SlotsOptions])[] = [
    ["of entries", { ...FENCED, dedupe: 1000 }],
    ["by slots", { ...FENCED_SLOTS, dedupe: 1000 }],
  ];
  for (const [kind, options] of kinds) {
    test(`${kind} stays while somebody reigns, and goes when nobody has for long`, async () => {
      const scene = setup();
      const { clock, hub, node } = scene;
      const day = 86_400_000;
      const reign = await take(node, "c", "ann", { ttl: day, options });
      await clock.advance(day - 1);
      await sweepAll(scene);
      expect(hub.channels).toBe(1);
      await assertHeldBy(node, "c", "ann", { ttl: day, options });
      await clock.advance(day + 1);
      await sweepAll(scene);
      expect(hub.channels).toBe(0);
      // What is asked of a log that is not there makes none.
      expect(await reign.renew()).toBe(false);
      await reign.release();
      expect(hub.channels).toBe(0);
    });
  }

  test("is another one when the application makes another kind of it", async () => {
    const { node } = setup();
    const reign = await take(node, "c", "ann");
    await node.append("c", [{ data: "1", key: { scope: "s", id: 1, print: 1 } }], KEEP);
    expect(await reign.renew()).toBe(false);
    await take(node, "c", "ben");
  });
});

test("a draft whose time is over is of unknown outcome, whoever reigns", async () => {
  const { node } = setup();
  const draft = { ...under({ token: "nobody's" }, { x: "1" }), within: 0 };
  expect(await change(node, "c", draft, FENCED_SLOTS)).toEqual({ error: "outcome_unknown" });
});

test("who asks again with the secret says anew what others are told, and for how long it is", () => {
  const held: HeldReign = { token: "t", secret: "s", note: "old", ttl: 10, until: 110 };
  const step = { do: "take" as const, secret: "s", note: "new", ttl: 50 };
  expect(decideReign(held, step, 105, () => "another")).toEqual({
    reign: { token: "t", secret: "s", note: "new", ttl: 50, until: 155 },
    answer: { token: "t" },
  });
  expect(decideReign(held, { ...step, secret: "other" }, 105, () => "another").answer).toEqual({
    heldBy: "old",
    left: 5,
  });
  expect(decideReign(held, { ...step, secret: "other" }, 110, () => "another").answer).toEqual({
    token: "another",
  });
});
