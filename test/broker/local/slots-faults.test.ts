import { cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  createMemoryHub,
  type Change,
  type Condition,
  type SlotsOptions,
  type SlotsPage,
} from "../../../src/broker/index.js";
import {
  change,
  changesRecorder,
  changing,
  cursorOf,
  offsetOf,
  readSlots,
  set,
  slotsOptions,
  valuesOf,
} from "../../../src/testing/broker-contract/slots-kit.js";
import { VirtualClock, seededRandom } from "../../../src/testing/index.js";
import { checkSlotRows } from "./support/slot-rows.js";
import { smallDisk, type SmallDisk } from "./support/small-disk.js";
import { cleanUp, folder, open, start, worker } from "./support/scene.js";

/** A draft that writes somewhere else, if a slot is as it was. */
function iff(name: string, unchangedSince: Condition["unchangedSince"]): ReturnType<typeof changing> {
  return changing({ out: `"${name}"` }, { if: [{ slot: name, unchangedSince }] });
}

test("what is decided while the disk has yet to take what was before is as in memory", async () => {
  const dir = folder();
  const clock = new VirtualClock();
  const { node } = open({ dir, clock });
  const memory = createMemoryHub({ clock }).broker();
  const random = seededRandom(1);
  const options = slotsOptions({ graves: { count: 3 } });
  const pick = (count: number): number => Math.floor(random.float() * count);
  const there: Promise<unknown>[] = [];
  const here: Promise<unknown>[] = [];
  for (let i = 0; i < 1500; i++) {
    const values = Object.fromEntries(
      [pick(8), pick(8)].map((n) => [`slot ${n}`, ["1", "2", undefined][pick(3)]]),
    );
    const absent = { slot: `slot ${pick(8)}`, unchangedSince: "absent" as const };
    const draft = changing(values, { ...(i % 3 === 0 && { if: [absent] }), ttl: 1000 * pick(3) + 1 });
    for (const [broker, outcomes] of [
      [memory, there],
      [node, here],
    ] as const)
      outcomes.push(
        change(broker, "c", draft, options).then((outcome) => ({
          ...outcome,
          at: undefined,
          epoch: undefined,
        })),
      );
    if (i % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await Promise.all(here)).toEqual(await Promise.all(there));
  const pages = [
    await readSlots(node, "c", undefined, options),
    await readSlots(memory, "c", undefined, options),
  ];
  expect({ ...pages[0], epochs: [] }).toEqual({ ...pages[1], epochs: [] });
  await checkSlotRows(dir);
});

test("tombstones are dropped that the disk has yet to take, more than are held in memory", async () => {
  const dir = folder();
  const clock = new VirtualClock();
  const brokers = [open({ dir, clock }).node, createMemoryHub({ clock }).broker()];
  const names = Array.from({ length: 3000 }, (_, i) => `slot ${i}`);
  const some = (i: number, data: string | undefined): ReturnType<typeof changing> =>
    changing(Object.fromEntries(names.slice(i, i + 100).map((name) => [name, data])));
  const drafts = [...names.keys()]
    .filter((i) => i % 100 === 0)
    .flatMap((i) => [some(i, "1"), some(i, undefined)]);
  const less = slotsOptions({ graves: { count: 900 } });
  const pages = [];
  for (const broker of brokers) {
    // All of it in one transaction; the rest is dropped in the next one.
    const calls = drafts.map((draft) => change(broker, "c", draft));
    calls.push(change(broker, "c", changing({ last: "1" }), slotsOptions({ graves: { count: 1500 } })));
    await Promise.all(calls);
    await change(broker, "c", changing({ last: "2" }), less);
    pages.push({ ...(await readSlots(broker, "c", undefined, less)), epochs: [] });
  }
  expect(pages[0]).toEqual(pages[1]);
  expect(pages[0]?.entries).toHaveLength(10);
  await checkSlotRows(dir);
});

describe("kill -9 of those who change slots", () => {
  test("leaves what was acknowledged, and of what was not all or nothing, in the same epoch", async () => {
    const dir = folder();
    const writer = await start("writer", dir);
    const children = [writer, await start("worker", dir), await start("worker", dir)];
    for (const [i, child] of children.entries()) child.do("change", "c", `p${i}`);
    await Promise.all(children.map((child) => child.line("changed", 60)));
    await Promise.all(children.map((child) => child.kill()));
    const { node } = open({ dir });
    const options = slotsOptions({ graves: { count: 5 } });
    const page = await readSlots(node, "c", undefined, options);
    await checkSlotRows(dir);
    const sent = new Map<string, Change[]>();
    for (const child of children)
      for (const [key = "", ...json] of child.said("sent"))
        sent.set(
          key,
          (JSON.parse(json.join(" ")) as Change[]).map(({ slot, data }) => ({ slot, data })),
        );
    /** The newest acknowledged change of each slot. */
    const acknowledged = new Map<string, { offset: number; data: unknown }>();
    for (const child of children)
      for (const [key = "", place, same] of child.said("changed")) {
        const [offset, changes] = [Number(place), sent.get(key) ?? []];
        if (same === "true") continue;
        sent.delete(key);
        for (const { slot, data } of changes)
          if (offset > (acknowledged.get(slot)?.offset ?? 0)) acknowledged.set(slot, { offset, data });
      }
    const there = new Map(
      page.entries.flatMap(({ offset, changes = [] }) =>
        changes.map(({ slot, data }) => [slot, { offset, data }] as const),
      ),
    );
    // What was sent and not answered, by the place where it is.
    const more = new Map<number, Change[]>();
    for (const { offset, changes = [] } of page.entries) {
      const extra = changes.filter(({ slot }) => offset > (acknowledged.get(slot)?.offset ?? 0));
      if (extra.length > 0) more.set(offset, extra);
    }
    expect(more.size).toBeLessThanOrEqual(children.length);
    for (const extra of more.values())
      expect([...sent.values()].some((changes) => extra.every((one) => includes(changes, one)))).toBe(true);
    for (const [slot, { offset, data }] of acknowledged) {
      const found = there.get(slot);
      // Deleting what is not there is no change, and of tombstones only five are kept.
      if (found === undefined || (found.data === undefined && data === undefined))
        expect(data).toBeUndefined();
      else if (found.offset <= offset) expect({ slot, ...found }).toEqual({ slot, offset, data });
    }
    await set(node, "c", { after: "1" }, options);
    expect((await readSlots(node, "c", undefined, options)).epochs).toEqual(page.epochs);
    // A retry of the last one is known by its key.
    const [key = "", offset] = writer.said("changed").at(-1) ?? [];
    const retry = { ...changing({ x: "1" }), key: { scope: "p0", id: Number(key.split("-")[1]), print: 0 } };
    expect(await change(node, "c", retry, options)).toMatchObject({
      offset: Number(offset),
      duplicate: true,
    });
  });
});

function includes(changes: readonly Change[], { slot, data }: Change): boolean {
  return changes.some((one) => one.slot === slot && one.data === data);
}

describe("a folder from an earlier time", () => {
  /** A log whose newest change is lost, as another process finds it; and what it was before. */
  async function lost(dir: string): Promise<{ before: SlotsPage; seen: SlotsPage }> {
    const first = open({ dir });
    await set(first.node, "c", { x: "1", y: "1" });
    await set(first.node, "c", { gone: undefined, y: "2" });
    const before = await readSlots(first.node, "c");
    await first.hub.close();
    cpSync(dir, `${dir}.backup`, { recursive: true });
    const second = open({ dir });
    await set(second.node, "c", { x: "lost" });
    const seen = await readSlots(second.node, "c");
    await second.hub.close();
    rmSync(dir, { recursive: true });
    renameSync(`${dir}.backup`, dir);
    return { before, seen };
  }

  test("opens a new epoch before anything is judged: no condition with a cursor of the lost time holds", async () => {
    const dir = folder();
    const { before, seen } = await lost(dir);
    expect(seen.epochs).toEqual(before.epochs);
    const { node } = open({ dir });
    // Whoever changes first is judged so, too; its own write has no offset of the time that was lost.
    for (const name of ["x", "never"])
      expect(await change(node, "c", iff(name, cursorOf(seen)))).toMatchObject({ error: "conflict" });
    const page = await readSlots(node, "c");
    expect(page.epochs.map(({ base }) => base)).toEqual([0, before.head]);
    expect(page.entries).toEqual(before.entries);
    // What was seen before that time is true still.
    expect(await change(node, "c", iff("x", cursorOf(before)))).toMatchObject({ duplicate: false });
  });

  test("opens a new epoch for who only reads, whichever process, once, and on the disk", async () => {
    const dir = folder();
    const { before } = await lost(dir);
    const first = open({ dir });
    await first.hub.listen();
    const node = await worker(dir);
    const pages = await Promise.all([readSlots(node, "c"), readSlots(first.node, "c"), readSlots(node, "c")]);
    for (const { epochs } of pages) {
      expect(epochs.map(({ base }) => base)).toEqual([0, before.head]);
      expect(epochs).toEqual(pages[0]?.epochs);
    }
    await first.hub.close();
    const { node: next } = open({ dir });
    expect(await readSlots(next, "c")).toEqual(pages[0]);
  });

  test("that only a subscriber knows of opens a new epoch with the next read, where it has seen more than the head", async () => {
    const dir = folder();
    const { node } = open({ dir, onError() {} });
    const first = await set(node, "c", { x: "1", y: "1" });
    const head = await set(node, "c", { x: "2" });
    const { epochs } = await readSlots(node, "c");
    const epoch = epochs[0]?.epoch ?? "";
    // What was overtaken is not missing.
    node.doubt?.("c", epoch, first + 1);
    expect((await readSlots(node, "c")).epochs).toEqual(epochs);
    node.doubt?.("c", epoch, head + 1);
    await expect.poll(async () => (await readSlots(node, "c")).epochs.length).toBe(2);
    expect(await change(node, "c", iff("x", { epoch, offset: head + 1 }))).toMatchObject({
      error: "conflict",
    });
    expect(await change(node, "c", iff("x", { epoch, offset: head }))).toMatchObject({ duplicate: false });
  });
});

const probe = smallDisk(64);
probe?.remove();

describe.skipIf(probe === undefined)("a full disk", () => {
  function disk(): SmallDisk {
    const small = smallDisk(2048);
    if (small === undefined) throw new Error("it could be mounted before");
    cleanUp.push(() => small.remove());
    return small;
  }

  test("is unavailable for whoever changes slots; what was there is read, and it is over by itself", async () => {
    const small = disk();
    const dir = join(small.dir, "data");
    const { hub, node } = open({ dir, onError() {} });
    await hub.listen();
    const other = await worker(dir);
    const follower = changesRecorder();
    await other.follow("c", follower);
    const options: SlotsOptions = slotsOptions({ graves: { count: 1 } });
    const large = JSON.stringify("x".repeat(20_000));
    const there: Record<string, string> = { first: "1" };
    await set(node, "c", there, options);
    small.fill();
    for (let i = 0; ; i++) {
      expect(i).toBeLessThan(200);
      const outcome = await change(node, "c", changing({ [`slot ${i}`]: large }), options).catch(
        (error: unknown) => error,
      );
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject({ code: "unavailable" });
        break;
      }
      there[`slot ${i}`] = large;
    }
    for (const broker of [node, other]) {
      await expect(change(broker, "c", changing({ more: large }), options)).rejects.toMatchObject({
        code: "unavailable",
      });
      expect(Object.fromEntries(valuesOf(await readSlots(broker, "c", undefined, options)))).toEqual(there);
      expect(valuesOf(await readSlots(broker, "c", { slots: ["first"] }, options))).toEqual([["first", "1"]]);
    }
    small.empty();
    const draft = changing(
      { first: undefined, last: large },
      { if: [{ slot: "more", unchangedSince: "absent" }] },
    );
    const offset = offsetOf(await change(other, "c", draft, options));
    const page = await readSlots(node, "c", undefined, options);
    expect([page.epochs.length, page.head]).toEqual([1, offset]);
    const { first: _, ...rest } = there;
    expect(Object.fromEntries(valuesOf(page))).toEqual({ ...rest, first: undefined, last: large });
    await expect.poll(() => follower.all().at(-1)?.offset).toBe(offset);
    expect(
      follower
        .all()
        .map(({ prev }) => prev)
        .slice(1),
    ).toEqual(
      follower
        .all()
        .map(({ offset: place }) => place)
        .slice(0, -1),
    );
    await checkSlotRows(dir);
  });

  test("does not open a restored folder's new epoch: it is unavailable to who reads, until there is room", async () => {
    const small = disk();
    const dir = join(small.dir, "data");
    const first = open({ dir });
    await set(first.node, "c", { x: "1" });
    await first.hub.close();
    small.fill();
    const { hub, node } = open({ dir, restored: true, onError() {} });
    await hub.listen();
    const other = await worker(dir);
    for (const broker of [node, other])
      await expect(readSlots(broker, "c")).rejects.toMatchObject({ code: "unavailable" });
    small.empty();
    await expect.poll(() => readSlots(other, "c").catch(() => undefined), { timeout: 5000 }).toBeDefined();
    expect((await readSlots(node, "c")).epochs).toHaveLength(2);
  });
});
