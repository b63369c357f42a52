/** Slots across a failover that has lost the end of their log. */
import { afterEach, describe, expect, test } from "vitest";
import { DUE_REST_MS } from "../../../src/broker/index.js";
import type { Cursor } from "../../../src/protocol/index.js";
import {
  change,
  changing,
  readSlots,
  set,
  valuesOf,
} from "../../../src/testing/broker-contract/slots-kit.js";
import { Watched } from "../../../bench/lib/sentinels.js";
import { until } from "../../../bench/lib/wait.js";
import { hasRedis } from "./support/has-redis.js";
import { Nodes, notes } from "./support/scene.js";

const nodes = new Nodes();
let watched: Watched | undefined;
let written = 0;
afterEach(async () => {
  await nodes.close();
  await watched?.remove();
});

/** So far ahead of every clock that the offsets after it are given in turn, and so are given again. */
const AHEAD = 2 ** 52;

describe.skipIf(!hasRedis)("a replica that is promoted without the end of a log by slots", () => {
  test("no condition with a cursor of the lost time holds, though its offset was given again", async () => {
    watched = await Watched.start();
    const node = await nodes.connect({ ...watched.options, timeout: 5000 });
    const follower = notes();
    await node.follow("c", follower);
    await set(node, "c", { x: "1", y: "1", z: "1" }, undefined, 1);
    await raiseHead(watched, AHEAD);
    const kept = await set(node, "c", { x: "kept" });
    const { epochs } = await readSlots(node, "c");
    await watched.primary.replicated();
    // It follows somebody who is not there, so it hears of nothing more.
    await watched.replica.admin.replicaof("127.0.0.1", 1);
    const lost = [await set(node, "c", { y: "lost" }), await set(node, "c", { x: "lost" })];
    await watched.primary.stop();
    await watched.promoted();
    await until("the reset", () => follower.resets > 0);
    const given = [await set(node, "c", { z: "new" }), await set(node, "c", { w: "new" })];
    expect(given).toEqual(lost);
    expect(given).toEqual([AHEAD + 2, AHEAD + 3]);

    const page = await readSlots(node, "c");
    expect(valuesOf(page)).toEqual([
      ["y", "1"],
      ["x", "kept"],
      ["z", "new"],
      ["w", "new"],
    ]);
    expect(page.epochs.map(({ base }) => base)).toEqual([0, kept]);
    // Who would have said that they are still there speak first.
    expect(page.due).toBeGreaterThan(0);
    expect(page.due).toBeLessThanOrEqual(DUE_REST_MS);
    const holds = async (slot: string, epoch = "", offset = 0): Promise<boolean> => {
      const unchangedSince: Cursor = { epoch, offset };
      const draft = changing({ out: `${++written}` }, { if: [{ slot, unchangedSince }] });
      return "offset" in (await change(node, "c", draft));
    };
    const [before, now] = page.epochs.map(({ epoch }) => epoch);
    expect(before).toBe(epochs[0]?.epoch);
    for (const slot of ["x", "y", "z", "w", "never"]) {
      for (const offset of lost) expect(await holds(slot, before, offset), slot).toBe(false);
      for (const offset of [...lost, kept]) expect(await holds(slot, "another", offset), slot).toBe(false);
    }
    // What was kept is as good as ever, under both names.
    expect(await holds("x", before, kept)).toBe(true);
    expect(await holds("x", now, kept)).toBe(true);
    expect(await holds("z", before, kept)).toBe(false);
    expect(await holds("z", now, given[0])).toBe(true);
  }, 40_000);
});

/** Has the log's next offset be the one after `head`. */
async function raiseHead({ primary }: Watched, head: number): Promise<void> {
  const meta = "tidemark:{c:c}:meta";
  for (const field of ["s", "c"]) {
    const packed = await primary.admin.hgetBuffer(meta, field);
    if (packed === null) throw new Error(`${meta} has no ${field}`);
    // The head is the first seven bytes of both.
    packed.writeUIntBE(Math.floor(head / 2 ** 24), 0, 4);
    packed.writeUIntBE(head % 2 ** 24, 4, 3);
    await primary.admin.hset(meta, field, packed);
  }
}
