/** Reigns across a failover that has lost the end of their logs. */
import { afterEach, describe, expect, test } from "vitest";
import { assertHeldBy, isOut, take } from "../../../src/testing/broker-contract/reign-kit.js";
import { readSlots, valuesOf } from "../../../src/testing/broker-contract/slots-kit.js";
import { Watched } from "../../../bench/lib/sentinels.js";
import { until } from "../../../bench/lib/wait.js";
import { hasRedis } from "./support/has-redis.js";
import { Nodes, notes } from "./support/scene.js";

const nodes = new Nodes();
let watched: Watched | undefined;
afterEach(async () => {
  await nodes.close();
  await watched?.remove();
});

const LONG = { ttl: 3_600_000 };

describe.skipIf(!hasRedis)("a replica that is promoted without the newest reigns", () => {
  test("shuts out who took one in the lost time, and lets who had it before go on in a new epoch", async () => {
    watched = await Watched.start();
    const [a, b] = [
      await nodes.connect({ ...watched.options, timeout: 5000 }),
      await nodes.connect({ ...watched.options, timeout: 5000 }),
    ];
    const follower = notes();
    await a.follow("kept", follower);
    const kept = await take(a, "kept", "ann", LONG);
    const over = await take(a, "passed on", "ann", { ttl: 1 });
    expect([await isOut(a, "kept", kept), await isOut(a, "passed on", over)]).toEqual([false, false]);
    await watched.primary.replicated();
    // It follows somebody who is not there, so it hears of nothing more.
    await watched.replica.admin.replicaof("127.0.0.1", 1);
    const passed = await take(b, "passed on", "ben", LONG);
    const fresh = await take(b, "fresh", "ben", LONG);
    for (const [channel, reign] of [
      ["passed on", passed],
      ["fresh", fresh],
    ] as const) {
      expect(await isOut(b, channel, reign)).toBe(false);
    }
    await watched.primary.stop();
    await watched.promoted();
    await until("the reset", () => follower.resets > 0);

    // Nothing is written under a reign that was lost, also before anybody else takes one.
    expect([await isOut(b, "passed on", passed), await isOut(b, "fresh", fresh)]).toEqual([true, true]);
    expect([await passed.renew(), await fresh.renew()]).toEqual([false, false]);
    expect(valuesOf(await readSlots(b, "fresh"))).toEqual([]);
    expect(await kept.renew()).toBe(true);
    const { head, epochs } = await readSlots(b, "kept");
    expect(epochs.map(({ base }) => base)).toEqual([0, head]);
    expect(await isOut(a, "kept", kept)).toBe(false);
    await assertHeldBy(b, "kept", "ann", LONG);
    // The one before had to stop: it is the last that this Redis knows of, and goes when another one comes.
    expect(await isOut(a, "passed on", over)).toBe(false);
    const next = await take(b, "passed on", "ben", LONG);
    expect([await isOut(a, "passed on", over), await isOut(b, "passed on", next)]).toEqual([true, false]);
    const anew = await take(b, "fresh", "ben", LONG);
    expect([await isOut(b, "fresh", fresh), await isOut(b, "fresh", anew)]).toEqual([true, false]);
  }, 40_000);
});
