/** Reigns on the disk: they outlive processes, are in nobody's memory alone, and a late step is not carried out. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openForReading } from "../../../src/broker/local/environment.js";
import { createLocalHub, type LocalHub } from "../../../src/broker/local/index.js";
import { fromStored, toStored } from "../../../src/broker/local/stored-reign.js";
import { VirtualClock } from "../../../src/testing/index.js";
import {
  FENCED,
  FENCED_SLOTS,
  ask,
  assertHeldBy,
  isOut,
  take,
} from "../../../src/testing/broker-contract/reign-kit.js";
import { readSlots } from "../../../src/testing/broker-contract/slots-kit.js";
import { followRules, reignSteps } from "../support/reign-model.js";
import { delay, freshFolder, removeFolder } from "./support/folders.js";
import { folder, open, start, worker } from "./support/scene.js";

const HOUR = 3_600_000;
const LONG = { ttl: HOUR };

async function pass(clock: VirtualClock, hub: LocalHub, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await clock.advance(1000);
    await hub.idle();
  }
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; performance.now() < end; await delay(5))
    if (await isTrue()) return;
  throw new Error(`waited in vain: ${what}`);
}

test("whatever is done about reigns is what the rules say, though the process begins anew in between", async () => {
  await fc.assert(
    fc.asyncProperty(reignSteps, async (steps) => {
      const dir = freshFolder();
      const clock = new VirtualClock();
      let hub = createLocalHub({ dir, clock });
      let node = hub.broker();
      const store = {
        broker: () => node,
        elapse: (ms: number) => clock.advance(ms),
        again: async () => {
          await hub.close();
          hub = createLocalHub({ dir, clock });
          node = hub.broker();
          return true;
        },
      };
      try {
        await followRules(store, "c", steps);
      } finally {
        await hub.close();
        removeFolder(dir);
      }
    }),
    { numRuns: 30 },
  );
});

describe("kill -9", () => {
  test("of the writer that reigns: its token writes on, and others have to wait for its end", async () => {
    const dir = folder();
    const child = await start("writer", dir);
    child.do("reign", "c", "ann", HOUR);
    await child.line("reigns");
    const [token = ""] = child.said("reigns")[0] ?? [];
    await child.kill();
    const { node } = open({ dir });
    await assertHeldBy(node, "c", "ann", LONG);
    expect(await isOut(node, "c", { token: "another" })).toBe(true);
    expect(await isOut(node, "c", { token })).toBe(false);
    expect((await take(node, "c", "ann", LONG)).token).toBe(token);
    expect((await readSlots(node, "c")).epochs).toHaveLength(1);
  });

  test("of a writer that does not sync: the new epoch comes first, and the reign is what the disk has of it", async () => {
    const dir = folder();
    const child = await start("writer", dir, "none");
    child.do("reign", "c", "ann", HOUR);
    await child.line("reigns");
    const [token = ""] = child.said("reigns")[0] ?? [];
    await child.kill();
    const { node } = open({ dir });
    const answer = await ask(node, "c", "ben", LONG);
    if ("token" in answer) expect(await isOut(node, "c", { token })).toBe(true);
    else expect([answer.heldBy, await isOut(node, "c", { token })]).toEqual(["note of ann", false]);
  });

  test("of the writer of a worker that reigns: it goes on with the next one", async () => {
    const dir = folder();
    const first = await start("writer", dir);
    const node = await worker(dir, 1000);
    const reign = await take(node, "c", "ann", LONG);
    await first.kill();
    await expect(reign.renew()).rejects.toMatchObject({ code: "unavailable" });
    await start("writer", dir);
    await until("there is a writer again", () => reign.renew().catch(() => false));
    expect(await isOut(node, "c", reign)).toBe(false);
    await assertHeldBy(node, "c", "ann", LONG);
  });
});

test("B115: a step that a writer finds when it goes on is not carried out, once its worker has answered that it is not there", async () => {
  const dir = folder();
  const writer = await start("writer", dir);
  const [node, other] = [await worker(dir, 1000), await worker(dir)];
  const reign = await take(node, "held", "ann", { ttl: 1500 });
  writer.signal("SIGSTOP");
  const late = [take(node, "c", "ann", LONG), reign.renew()];
  const outcomes = await Promise.allSettled(late);
  expect(outcomes).toMatchObject([0, 1].map(() => ({ reason: { code: "unavailable" } })));
  await delay(1000);
  writer.signal("SIGCONT");
  await take(other, "c", "ben", LONG);
  await take(other, "held", "ben", LONG);
}, 30_000);

test("a reign is there when its log is no longer in memory", async () => {
  const dir = folder();
  const clock = new VirtualClock();
  const { hub, node } = open({ dir, clock });
  const reign = await take(node, "c", "ann", LONG);
  await pass(clock, hub, 120);
  await assertHeldBy(node, "c", "ann", LONG);
  await pass(clock, hub, 120);
  expect(await isOut(node, "c", reign)).toBe(false);
  await pass(clock, hub, 120);
  expect(await reign.renew()).toBe(true);
});

test("a log with nothing but a reign stays until that is over, and leaves nothing then", async () => {
  const dir = folder();
  const clock = new VirtualClock();
  const first = open({ dir, clock, idle: 1000 });
  for (const [channel, options] of [
    ["entries", { ...FENCED, dedupe: 1000 }],
    ["slots", { ...FENCED_SLOTS, dedupe: 1000 }],
  ] as const) {
    await take(first.node, channel, "ann", { ttl: 3 * HOUR, options });
  }
  await first.hub.close();
  for (const left of [2, 0]) {
    // With no process nothing is swept: that takes a moment afterwards.
    await clock.advance(2 * HOUR);
    const { hub } = open({ dir, clock, idle: 1000 });
    await pass(clock, hub, 3);
    await hub.close();
    const env = openForReading(dir);
    expect(env.channels.getKeysCount()).toBe(left);
    await env.root.close();
  }
});

test("the end of a reign is kept in wall time, and a clock that was set back does not put it off", () => {
  const held = { token: "t", secret: "s", note: "n", ttl: 5000, until: 104_000 };
  const stored = toStored(held, { wall: 1_000_000, steady: 100_000 });
  expect(stored).toEqual({ ...held, until: 1_004_000 });
  expect(fromStored(stored, { wall: 1_003_000, steady: 7 })).toEqual({ ...held, until: 1007 });
  expect(fromStored(stored, { wall: 0, steady: 7 })).toEqual({ ...held, until: 5007 });
  expect(fromStored(stored, { wall: 2_000_000, steady: 7 })?.until).toBeLessThan(7);
  expect([
    toStored(undefined, { wall: 0, steady: 0 }),
    fromStored(undefined, { wall: 0, steady: 0 }),
  ]).toEqual([undefined, undefined]);
});
