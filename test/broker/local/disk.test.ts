import { copyFileSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BrokerError,
  createMemoryHub,
  type Broker,
  type Draft,
  type LogOptions,
} from "../../../src/broker/index.js";
import { createLocalHub } from "../../../src/broker/local/index.js";
import { openForReading } from "../../../src/broker/local/environment.js";
import { MAX_OFFSET } from "../../../src/protocol/index.js";
import { VirtualClock } from "../../../src/testing/index.js";
import { readOn } from "../../../src/server/kinds/stream/read-on.js";
import { freshFolder, removeFolder, rowsOf } from "./support/folders.js";
import { cleanUp, folder, open } from "./support/scene.js";

const KEEP: LogOptions = { keeping: { by: "entries", retain: { count: 1000 } }, dedupe: 60_000 };
const ALL = { after: 0, limit: 100_000, bytes: 1e9 };

function keyed(id: number | string, { print = 1, scope = "s", data = `"${id}"` } = {}): Draft {
  return { data, key: { scope, id, print } };
}

let keys = 0;
function drafts(count: number, data: Draft["data"] = "1"): Draft[] {
  return Array.from({ length: count }, () => ({ data, key: { scope: "test", id: `${++keys}`, print: 0 } }));
}

describe("what one process leaves and the next one finds", () => {
  test("entries, epoch and keys are as they were", async () => {
    const dir = folder();
    const first = open({ dir });
    const given = [
      keyed(1),
      keyed(300),
      keyed("text"),
      { ...keyed(2, { scope: "other" }), data: Uint8Array.of(0, 255), meta: '{"from":"ann"}' },
    ];
    const outcomes = await first.node.append("c", given, KEEP);
    const page = await first.node.read("c", ALL, KEEP);
    await first.hub.close();
    const { node } = open({ dir });
    expect(await node.read("c", ALL, KEEP)).toEqual(page);
    expect(await node.append("c", given, KEEP)).toEqual(
      outcomes.map((outcome) => ({ ...outcome, duplicate: true })),
    );
    const others = [keyed(1, { print: 2 }), keyed("text", { print: 2 }), keyed(0), keyed(200)];
    const [a, b, c, d] = await node.append("c", others, KEEP);
    expect([a, b, c]).toEqual([
      { error: "key_conflict" },
      { error: "key_conflict" },
      { error: "outcome_unknown" },
    ]);
    expect(d).toMatchObject({ duplicate: false });
    const after = await node.read("c", ALL, KEEP);
    expect(after.epochs).toEqual(page.epochs);
    expect(after.entries[4]?.prev).toBe(page.head);
  });

  test("names that look alike, and channels of long ago, are logs of their own", async () => {
    const dir = folder();
    const names = ["a", "a\0", "\u00e1", "a\u0301", "__proto__", "x".repeat(255)];
    const first = open({ dir });
    for (const name of names) await first.node.append(name, drafts(1, JSON.stringify(name)), KEEP);
    await first.hub.close();
    const { node } = open({ dir });
    await node.append("new", drafts(1), KEEP);
    for (const name of names) {
      expect((await node.read(name, ALL, KEEP)).entries.map(({ data }) => data)).toEqual([
        JSON.stringify(name),
      ]);
    }
  });

  test("whatever was done, local and memory say the same, though local starts anew in between", async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant("append" as const),
          ids: fc.array(fc.oneof(fc.nat(600), fc.constantFrom("x", "y", "z")), {
            minLength: 1,
            maxLength: 40,
          }),
          print: fc.nat(1),
          count: fc.constantFrom(0, 3, 40, 2000),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(200) }) },
      { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const dir = freshFolder();
        const clock = new VirtualClock();
        const memory = createMemoryHub({ clock }).broker();
        let hub = createLocalHub({ dir, clock });
        let local = hub.broker();
        try {
          for (const one of steps) {
            if (one.do === "wait") await clock.advance(one.ms);
            else if (one.do === "restart") {
              await hub.close();
              hub = createLocalHub({ dir, clock });
              local = hub.broker();
            } else {
              const options = {
                keeping: { by: "entries" as const, retain: { count: one.count } },
                dedupe: 600_000,
              };
              const batch = one.ids.map((id) => keyed(id, { print: one.print }));
              expect(await local.append("c", batch, options)).toEqual(
                await memory.append("c", batch, options),
              );
            }
            const [there, here] = [await memory.read("c", ALL, KEEP), await local.read("c", ALL, KEEP)];
            expect({ ...here, epochs: [] }).toEqual({ ...there, epochs: [] });
            const from = { before: there.head, limit: 5, bytes: 20 };
            expect((await local.read("c", from, KEEP)).entries).toEqual(
              (await memory.read("c", from, KEEP)).entries,
            );
          }
        } finally {
          await hub.close();
          removeFolder(dir);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe("an incarnation", () => {
  test("stays over a clean stop, with sync and without", async () => {
    for (const sync of ["disk", "none"] as const) {
      const dir = folder();
      const first = open({ dir, sync });
      expect(first.node.durability).toBe(sync === "disk" ? "disk" : "memory");
      await first.node.append("c", drafts(1), KEEP);
      await first.hub.close();
      const { node } = open({ dir, sync });
      await node.append("c", drafts(1), KEEP);
      const { epochs, entries } = await node.read("c", ALL, KEEP);
      expect([epochs.length, entries.length]).toEqual([1, 2]);
    }
  });
});

describe("retention on the disk", () => {
  test("frees space that is used again: the file stops growing", async () => {
    const dir = folder();
    const { node } = open({ dir, sync: "none" });
    const options = { keeping: { by: "entries" as const, retain: { count: 200 } }, dedupe: 0 };
    const text = JSON.stringify("x".repeat(2000));
    const sizes: number[] = [];
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 20; i++) await node.append("c", drafts(100, text), options);
      sizes.push(statSync(join(dir, "data.mdb")).size);
    }
    expect((await node.read("c", ALL, options)).entries).toHaveLength(200);
    // 4 MB a round went through; 400 KB are kept.
    expect(sizes.at(-1)).toBeLessThan(3_000_000);
    expect(sizes.at(-1)).toBeLessThan((sizes[2] ?? 0) * 1.05);
  });

  test("by age, and of keys, comes without anybody's asking, also for logs of an earlier process", async () => {
    const dir = folder();
    const clock = new VirtualClock();
    const first = open({ dir, clock });
    const options = { keeping: { by: "entries" as const, retain: { age: 5000 } }, dedupe: 2000 };
    await first.node.append("aged", [...drafts(50), keyed(1)], options);
    await first.node.append("counted", drafts(3), {
      keeping: { by: "entries", retain: { count: 10 } },
      dedupe: 2000,
    });
    await first.hub.close();
    const { hub } = open({ dir, clock });
    const env = openForReading(dir);
    cleanUp.push(() => env.root.close());
    const rows = (): number[] => {
      env.root.resetReadTxn();
      const counts = [env.entries, env.keys, env.erasures].map((table) => table.getKeysCount());
      env.root.resetReadTxn();
      return counts;
    };
    expect(rows()).toEqual([54, 54, 0]);
    for (let i = 0; i < 20; i++) {
      await clock.advance(1000);
      await hub.idle();
    }
    expect(rows()).toEqual([3, 0, 0]);
  });

  test("takes logs that keep nothing and that nobody came back to, and never one that keeps entries", async () => {
    const dir = folder();
    const clock = new VirtualClock();
    const { hub, node } = open({ dir, clock, idle: 10_000 });
    const none = { keeping: { by: "entries" as const }, dedupe: 1000 };
    const before = await node.append("empty", drafts(2), none);
    await node.append("kept", drafts(2), KEEP);
    await node.append("followed", drafts(2), none);
    const follower = { onEntries() {}, onSignals() {}, onPresence() {}, onReset() {} };
    await node.follow("followed", follower);
    for (let i = 0; i < 30; i++) {
      await clock.advance(1000);
      await hub.idle();
    }
    expect((await node.read("kept", ALL, KEEP)).entries).toHaveLength(2);
    expect((await node.read("followed", ALL, none)).head).toBeGreaterThan(0);
    expect((await node.read("empty", ALL, none)).head).toBe(0);
    expect(before).toHaveLength(2);
    const [next] = await node.append("empty", drafts(1), none);
    expect(next).toMatchObject({ duplicate: false });
  });

  test("B83: is not needed of what was only asked about", async () => {
    const dir = folder();
    const { hub, node } = open({ dir });
    await node.append("c", drafts(1), KEEP);
    const before = await rowsOf(dir);
    const follower = { onEntries() {}, onSignals() {}, onPresence() {}, onReset() {} };
    for (let i = 0; i < 300; i++) {
      const stop = await node.follow(`made-up/${i}`, follower);
      await Promise.all([node.read(`made-up/${i}`, ALL, KEEP), node.members(`made-up/${i}`)]);
      stop();
    }
    await hub.idle();
    expect(await rowsOf(dir)).toBe(before);
  });

  test("L12, L18: of a log makes what comes under its name another one, also over an end of the process", async () => {
    const dir = folder();
    const clock = new VirtualClock();
    const none = { keeping: { by: "entries" as const }, dedupe: 1000 };
    const told: string[] = [];
    const ask = async (node: Broker): Promise<void> => {
      told.push((await node.read("c", ALL, none)).epochs.at(-1)?.epoch ?? "");
    };
    let { hub, node } = open({ dir, clock, idle: 10_000 });
    await ask(node);
    const [before] = await node.append("c", drafts(1), none);
    await ask(node);
    for (let i = 0; i < 12; i++) {
      await clock.advance(1000);
      await hub.idle();
    }
    expect((await node.read("c", ALL, none)).head).toBe(0);
    await ask(node);
    await hub.close();
    ({ hub, node } = open({ dir, clock, idle: 10_000 }));
    await ask(node);
    const [after] = await node.append("c", drafts(1), none);
    await ask(node);
    expect(told).toEqual([told[0], told[0], told[2], told[2], told[2]]);
    expect(told[2]).not.toBe(told[0]);
    const offsets = [before, after].map((outcome) => (outcome && "offset" in outcome ? outcome.offset : 0));
    expect(offsets[1]).toBeGreaterThan(offsets[0] ?? 0);
    const page = await node.read("c", ALL, none);
    for (const offset of [0, offsets[0] ?? 0]) {
      const { steps } = readOn({ epoch: told[0] ?? "", offset }, page);
      expect(steps).toMatchObject([{ gap: { reason: "epoch", until: page.head } }]);
    }
  });

  test("of a large log in one go is spread, and complete", async () => {
    const dir = folder();
    const { hub, node } = open({ dir, sync: "none" });
    for (let i = 0; i < 10; i++)
      await node.append("c", drafts(500), { ...KEEP, keeping: { by: "entries", retain: { count: 10_000 } } });
    expect((await node.read("c", ALL, KEEP)).entries).toHaveLength(5000);
    await node.append("c", drafts(1), { keeping: { by: "entries", retain: { count: 7 } }, dedupe: 60_000 });
    expect((await node.read("c", ALL, KEEP)).entries).toHaveLength(7);
    await node.append("c", drafts(1), { keeping: { by: "entries" }, dedupe: 60_000 });
    await hub.idle();
    const env = openForReading(dir);
    cleanUp.push(() => env.root.close());
    expect(env.entries.getKeysCount()).toBe(0);
    const { head, oldestPrev } = await node.read("c", { before: MAX_OFFSET, limit: 1, bytes: 1 }, KEEP);
    expect(oldestPrev).toBe(head);
  });
});

describe("a directory", () => {
  test("has one writer: a second one is refused, and may come when the first has closed", async () => {
    const dir = folder();
    const { hub } = open({ dir });
    const second = (): unknown => createLocalHub({ dir });
    expect(second).toThrow(BrokerError);
    expect(second).toThrow(`process ${process.pid} writes ${dir} already`);
    await hub.close();
    open({ dir });
  });

  test("that somebody else has taken all the same gets nothing more from the one before", async () => {
    const dir = folder();
    const { node } = open({ dir, onError() {} });
    await node.append("c", drafts(1), KEEP);
    const life = join(dir, "life.json");
    writeFileSync(`${life}.other`, readFileSync(life));
    renameSync(`${life}.other`, life);
    await expect(node.append("c", drafts(1), KEEP)).rejects.toMatchObject({ code: "unavailable" });
    expect((await node.read("c", ALL, KEEP)).entries).toHaveLength(1);
  });

  test("that was never synced is not even opened when the machine has started anew since", async () => {
    const dir = folder();
    const first = open({ dir, sync: "none" });
    await first.node.append("c", drafts(2), KEEP);
    const { epochs } = await first.node.read("c", ALL, KEEP);
    await first.hub.close();
    const file = join(dir, "life.json");
    const life = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...life, clean: false, boot: "another", pid: 2 ** 22 + 1 }));
    const { node } = open({ dir });
    const page = await node.read("c", ALL, KEEP);
    expect(page.entries).toEqual([]);
    expect(page.epochs).not.toEqual(epochs);
    expect(readdirSync(dir)).toContain("data.mdb.torn");
  });

  test("that was put back from elsewhere opens a new epoch: what it lost cannot be known", async () => {
    const dir = folder();
    const first = open({ dir });
    await first.node.append("c", drafts(2), KEEP);
    const waiting = await first.node.read("never", ALL, KEEP);
    await first.hub.close();
    copyFileSync(join(dir, "data.mdb"), join(dir, "backup"));
    const second = open({ dir });
    await second.node.append("c", drafts(2), KEEP);
    await second.hub.close();
    renameSync(join(dir, "backup"), join(dir, "data.mdb"));
    const { node } = open({ dir });
    expect((await node.read("never", ALL, KEEP)).epochs).not.toEqual(waiting.epochs);
    await node.append("c", drafts(1), KEEP);
    const { epochs, entries } = await node.read("c", ALL, KEEP);
    expect(entries).toHaveLength(3);
    expect(epochs).toHaveLength(2);
    expect(epochs[1]?.base).toBe(entries[1]?.offset);
  });
});
