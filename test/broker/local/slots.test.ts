import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createMemoryHub,
  type Changed,
  type ChangesDraft,
  type Condition,
  type SlotsOptions,
  type SlotsPage,
} from "../../../src/broker/index.js";
import { openForReading } from "../../../src/broker/local/environment.js";
import { createLocalHub, localWorker, type LocalHub } from "../../../src/broker/local/index.js";
import { EMPTY_MS } from "../../../src/broker/slots-contract.js";
import { VirtualClock } from "../../../src/testing/index.js";
import {
  change,
  changing,
  offsetOf,
  readSlots,
  set,
  valuesOf,
} from "../../../src/testing/broker-contract/slots-kit.js";
import { freshFolder, removeFolder } from "./support/folders.js";
import { checkSlotRows } from "./support/slot-rows.js";
import { cleanUp, folder, open } from "./support/scene.js";

function keeping(more: Partial<SlotsOptions["keeping"]> = {}, dedupe = 60_000): SlotsOptions {
  return { keeping: { by: "slots", most: { count: 1e6, bytes: 1e9 }, graves: {}, ...more }, dedupe };
}

/** Rows of entries and slots, of keys, and of what is to be erased. */
function rowsIn(dir: string): () => number[] {
  const env = openForReading(dir);
  cleanUp.push(() => env.root.close());
  return () => {
    env.root.resetReadTxn();
    const counts = [env.channels, env.entries, env.keys, env.erasures].map((table) => table.getKeysCount());
    env.root.resetReadTxn();
    return counts;
  };
}

async function pass(clock: VirtualClock, hub: LocalHub, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await clock.advance(1000);
    await hub.idle();
  }
}

/** Without what two stores call their epochs. */
function nameless(outcomes: readonly Changed[]): unknown[] {
  return outcomes.map((outcome) => {
    if ("offset" in outcome) return { ...outcome, epoch: "" };
    return outcome.error === "conflict"
      ? { ...outcome, at: outcome.at.offset, now: [...outcome.now] }
      : outcome;
  });
}

function namelessPage({ epochs, ...page }: SlotsPage): unknown {
  return { ...page, epochs: epochs.map(({ base }) => base) };
}

const slot = fc.constantFrom("", "a", "b", "c", "é".repeat(200), "d");
const value = fc.constantFrom(undefined, "1", "2", '"long"'.repeat(20), Uint8Array.of(1), Uint8Array.of(2));
const changes = fc.uniqueArray(
  fc.record({ slot, data: value, ttl: fc.constantFrom(undefined, undefined, 50, 9000) }),
  {
    selector: (one) => one.slot,
    maxLength: 5,
  },
);
/** The cursor is given as how many places lie behind it. */
const condition = fc.record({ slot, since: fc.constantFrom("absent", "due", 0, 1, 2, 5) });
const draft = fc.record({
  id: fc.nat(30),
  meta: fc.constantFrom(undefined, '{"from":"ann"}'),
  changes,
  conditions: fc.array(condition, { maxLength: 2 }),
});
/** None by age: whether a tombstone whose time is over is there still when a condition is judged is a broker's own business. */
const limits = fc.constantFrom<Partial<SlotsOptions["keeping"]>>(
  {},
  { graves: { count: 2 } },
  { graves: { bytes: 3 } },
  { graves: { count: 0 } },
  { most: { count: 3, bytes: 300 } },
);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("change" as const),
      drafts: fc.array(draft, { maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 100, 500, 6000) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
);

type Conditions = readonly { readonly slot: string; readonly since: string | number }[];

function resolved(conditions: Conditions, epoch: string, places: readonly number[]): Condition[] {
  return conditions.map(({ slot: name, since }) => ({
    slot: name,
    unchangedSince:
      typeof since === "string" ? (since as "absent" | "due") : { epoch, offset: places.at(-1 - since) ?? 0 },
  }));
}

describe("what slots hold", () => {
  test("is the same in memory and on the disk, whatever was done, though local starts anew in between", async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 25 }), async (limited, steps) => {
        const dir = freshFolder();
        const clock = new VirtualClock();
        const memory = createMemoryHub({ clock }).broker();
        let hub = createLocalHub({ dir, clock });
        let local = hub.broker();
        const places: number[] = [];
        // The same all along: when brokers look at what others have asked for before is their own business.
        const options = keeping(limited, 600_000);
        try {
          for (const one of steps) {
            if (one.do === "wait") await clock.advance(one.ms);
            else if (one.do === "restart") {
              await hub.close();
              hub = createLocalHub({ dir, clock });
              local = hub.broker();
            } else {
              const outcomes: Changed[][] = [];
              for (const broker of [memory, local]) {
                const { epochs } = await readSlots(broker, "c", undefined, options);
                const drafts = one.drafts.map(({ id, meta, conditions, changes: all }): ChangesDraft => {
                  const ifs = resolved(conditions, epochs.at(-1)?.epoch ?? "", places);
                  const list = all.map(({ ttl, ...rest }) => (ttl === undefined ? rest : { ...rest, ttl }));
                  const key = { scope: "s", id, print: 1 };
                  return { key, ...(meta !== undefined && { meta }), changes: list, if: ifs };
                });
                outcomes.push(await broker.change("c", drafts, options));
              }
              const [there = [], here = []] = outcomes;
              expect(nameless(here)).toEqual(nameless(there));
              for (const outcome of there) if ("offset" in outcome) places.push(outcome.offset);
            }
            const froms = [
              { after: 0, limit: 1000, bytes: 1e9 },
              { after: places.at(-3) ?? 0, limit: 2, bytes: 60 },
              { slots: ["d", "", "never", "a"] },
            ];
            for (const from of froms) {
              const [there, here] = [
                await readSlots(memory, "c", from, options),
                await readSlots(local, "c", from, options),
              ];
              expect(namelessPage(here)).toEqual(namelessPage(there));
            }
          }
          await hub.idle();
          await checkSlotRows(dir);
        } finally {
          await hub.close();
          removeFolder(dir);
        }
      }),
      { numRuns: 25 },
    );
  });

  test("a draft of 1,000 slots and 1 MiB goes in and out, over the socket too, and leaves nothing when all is overtaken", async () => {
    const dir = folder();
    const { hub, node } = open({ dir });
    await hub.listen();
    const worker = await localWorker({ dir });
    cleanUp.push(() => worker.close());
    const options = keeping({ graves: { count: 0 } });
    const values = (text: string): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: 1000 }, (_, i) => [`slot ${i}`, JSON.stringify(text.repeat(1024))]),
      );
    const meta = '{"from":"ann"}';
    for (const [broker, text] of [
      [node, "a"],
      [worker, "b"],
    ] as const) {
      const offset = offsetOf(await change(broker, "c", changing(values(text), { meta }), options));
      for (const reader of [node, worker]) {
        const { entries, head } = await readSlots(reader, "c", undefined, options);
        expect(head).toBe(offset);
        expect(entries.map(({ changes: all, ...rest }) => ({ ...rest, size: all?.length }))).toMatchObject([
          { offset, meta, size: 1000 },
        ]);
        expect(Object.fromEntries(valuesOf({ entries }))).toEqual(values(text));
      }
    }
    // A head, and of each slot its change and its place.
    const rows = rowsIn(dir);
    expect(rows()[1]).toBe(2001);
    const gone = Object.fromEntries(Object.keys(values("")).map((name) => [name, undefined]));
    await change(worker, "c", changing(gone), options);
    const page = await readSlots(node, "c", undefined, options);
    expect([page.entries, page.floor]).toEqual([[], page.head]);
    expect(rows()[1]).toBe(0);
  });

  test("tombstones by the thousand are dropped in their order, over an end of the process", async () => {
    const dir = folder();
    const first = open({ dir, sync: "none" });
    const names = Array.from({ length: 3000 }, (_, i) => `slot ${i}`);
    const options = keeping();
    for (let i = 0; i < names.length; i += 500) {
      const some = names.slice(i, i + 500);
      await set(first.node, "c", Object.fromEntries(some.map((name) => [name, "1"])), options);
    }
    const places: number[] = [];
    for (let i = 0; i < names.length; i += 100) {
      const some = names.slice(i, i + 100);
      places.push(
        await set(first.node, "c", Object.fromEntries(some.map((name) => [name, undefined])), options),
      );
      // Every tenth holds something again, so that its tombstone is gone.
      const again = some.filter((_, n) => n % 10 === 0);
      await set(first.node, "c", Object.fromEntries(again.map((name) => [name, "2"])), options);
    }
    await first.hub.close();
    const { node } = open({ dir, sync: "none" });
    const less = keeping({ graves: { count: 900 } });
    await set(node, "c", { one: "1" }, less);
    const page = await readSlots(node, "c", undefined, less);
    const graves = valuesOf(page).filter(([, data]) => data === undefined);
    expect(graves.map(([name]) => name)).toEqual(names.slice(2000).filter((_, n) => n % 10 !== 0));
    expect(page.floor).toBe(places[19]);
    expect(valuesOf(page)).toHaveLength(900 + 300 + 1);
    await checkSlotRows(dir);
  });
});

describe("a log by slots on the disk", () => {
  test("goes an hour after its last use when it is empty, one with slots after keepFor, and nothing is left of either", async () => {
    const dir = folder();
    const clock = new VirtualClock();
    let { hub, node } = open({ dir, clock });
    const forever = keeping({}, 1000);
    const short = keeping({ keepFor: 60_000 }, 1000);
    await set(node, "empty", { a: "1" }, forever);
    const before = await set(node, "empty", { a: undefined }, forever);
    await set(node, "full", { a: "1", b: Uint8Array.of(1) }, forever, 5000);
    await set(node, "short", { a: "1" }, short, 5000);
    await set(node, "followed", { a: "1" }, short);
    const follower = { onEntries() {}, onSignals() {}, onPresence() {}, onReset() {} };
    await node.follow("followed", follower);
    const rows = rowsIn(dir);
    await pass(clock, hub, 50);
    expect(rows()[0]).toBe(4);
    const epochs = [(await readSlots(node, "empty", undefined, forever)).epochs];
    await pass(clock, hub, 40);
    expect((await readSlots(node, "short", undefined, short)).head).toBe(0);
    expect((await readSlots(node, "followed", undefined, short)).head).toBeGreaterThan(0);
    expect((await readSlots(node, "empty", undefined, forever)).head).toBe(before);
    // An hour, and as long as its being read need not be noted; in no process, which goes faster.
    await hub.close();
    await clock.advance(EMPTY_MS + 600_000);
    ({ hub, node } = open({ dir, clock }));
    await node.follow("followed", follower);
    await pass(clock, hub, 10);
    epochs.push((await readSlots(node, "empty", undefined, forever)).epochs);
    expect(epochs[1]).not.toEqual(epochs[0]);
    expect(valuesOf(await readSlots(node, "full", undefined, forever))).toHaveLength(2);
    // Of "full": a head, two changes, two places, two times. Of "followed": a change and its place.
    expect(rows()).toEqual([2, 9, 0, 0]);
  });

  test("that is read now and then stays, however short it may live", async () => {
    const dir = folder();
    const clock = new VirtualClock();
    const { hub, node } = open({ dir, clock });
    const short = keeping({ keepFor: 20_000 }, 1000);
    const offset = await set(node, "c", { a: "1" }, short);
    for (let i = 0; i < 10; i++) {
      await pass(clock, hub, 15);
      expect((await readSlots(node, "c", undefined, short)).head).toBe(offset);
    }
    await pass(clock, hub, 30);
    expect((await readSlots(node, "c", undefined, short)).head).toBe(0);
  });

  test("lets go of old tombstones without anybody's asking, also of an earlier process's log", async () => {
    const dir = folder();
    const clock = new VirtualClock();
    const first = open({ dir, clock });
    const aged = keeping({ graves: { age: 5000 } }, 2000);
    await set(first.node, "c", { a: "1", b: "1" }, aged);
    const gone = await set(first.node, "c", { a: undefined }, aged);
    await first.hub.close();
    const { hub, node } = open({ dir, clock });
    const rows = rowsIn(dir);
    expect(rows()[1]).toBe(6);
    await pass(clock, hub, 10);
    expect(rows()).toEqual([1, 3, 0, 0]);
    expect((await readSlots(node, "c", undefined, aged)).floor).toBe(gone);
  });

  test("is another one where the application makes another kind of its channel, and back", async () => {
    const dir = folder();
    const { hub, node } = open({ dir });
    const stream = { keeping: { by: "entries" as const, retain: { count: 10 } }, dedupe: 60_000 };
    const all = { after: 0, limit: 100, bytes: 1e6 };
    const names: string[] = [];
    for (let i = 0; i < 2; i++) {
      await set(node, "c", { a: "1", b: "1" });
      const page = await readSlots(node, "c");
      expect(valuesOf(page)).toHaveLength(2);
      expect(await node.read("c", all, stream)).toMatchObject({ entries: [], head: 0 });
      await node.append("c", [{ data: '"x"', key: { scope: "s", id: `${i}`, print: 0 } }], stream);
      const entries = await node.read("c", all, stream);
      expect(entries.entries.map(({ data }) => data)).toEqual(['"x"']);
      expect(await readSlots(node, "c")).toMatchObject({ entries: [], head: 0 });
      names.push(page.epochs[0]?.epoch ?? "", entries.epochs[0]?.epoch ?? "");
    }
    expect(new Set(names).size).toBe(4);
    await hub.idle();
    expect(rowsIn(dir)().slice(0, 2)).toEqual([1, 1]);
  });

  test("remembers a draft that changed nothing, at the place it was told, over an end of the process", async () => {
    const dir = folder();
    const clock = new VirtualClock();
    const first = open({ dir, clock });
    const options = keeping({}, 10_000);
    const offset = await set(first.node, "c", { a: "1" }, options);
    await clock.advance(60_000);
    const again = { ...changing({ a: "1" }), key: { scope: "s", id: 1, print: 0 } };
    expect(await change(first.node, "c", again, options)).toMatchObject({
      offset,
      duplicate: false,
      same: true,
    });
    await first.hub.close();
    const { node } = open({ dir, clock });
    expect(await change(node, "c", again, options)).toMatchObject({ offset, duplicate: true });
  });
});
