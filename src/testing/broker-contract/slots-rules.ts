import assert from "node:assert/strict";
import { MOST_HINTED_BYTES } from "../../broker/index.js";
import type { Rule } from "./kit.js";
import {
  change,
  changeAll,
  changesRecorder,
  changing,
  cursorOf,
  offsetOf,
  readSlots,
  set,
  slotsOptions,
  valuesOf,
} from "./slots-kit.js";

/** Logs that are kept by slots: what they hold, and how it is read. */
export const slotsRules: readonly Rule[] = [
  {
    number: 86,
    sentence:
      "changes of a draft enter a log by slots together, under one offset, and come back as they were",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const bytes = new Uint8Array([0, 1, 255, 13, 10]);
      const draft = changing({ "": '""', ä: '{"a":[]}', b: bytes, c: "1e400" }, { meta: '{"from":"1"}' });
      const offset = offsetOf(await change(a, channel, draft));
      const page = await readSlots(b, channel);
      assert.deepEqual(page.entries, [
        {
          offset,
          prev: 0,
          meta: '{"from":"1"}',
          changes: [
            { slot: "", data: '""' },
            { slot: "ä", data: '{"a":[]}' },
            { slot: "b", data: new Uint8Array([0, 1, 255, 13, 10]) },
            { slot: "c", data: "1e400" },
          ],
        },
      ]);
      assert.deepEqual([page.head, page.floor, page.epochs.length], [offset, 0, 1]);
    },
  },
  {
    number: 87,
    sentence:
      "of each slot the newest entry is kept, in the order of last change; of an entry overtaken in part, the rest",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const first = await set(a, channel, { x: "1", y: "1", z: "1" });
      const second = await set(b, channel, { y: "2" });
      const third = await set(a, channel, { x: "3" });
      const page = await readSlots(b, channel);
      assert.deepEqual(
        page.entries.map(({ offset }) => offset),
        [first, second, third],
      );
      assert.deepEqual(valuesOf(page), [
        ["z", "1"],
        ["y", "2"],
        ["x", "3"],
      ]);
      const later = await readSlots(a, channel, { after: first, limit: 10, bytes: 1000 });
      assert.deepEqual(valuesOf(later), [
        ["y", "2"],
        ["x", "3"],
      ]);
    },
  },
  {
    number: 88,
    sentence: "a slot that is deleted leaves a tombstone, which is read like an entry and counts in no limit",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const options = slotsOptions({ count: 2 });
      await set(node, channel, { x: "1", y: "1" }, options);
      await set(node, channel, { x: undefined }, options);
      await set(node, channel, { z: "1" }, options);
      const page = await readSlots(node, channel, undefined, options);
      assert.deepEqual(valuesOf(page), [
        ["y", "1"],
        ["x", undefined],
        ["z", "1"],
      ]);
      await set(node, channel, { y: undefined, x: "2" }, options);
      assert.deepEqual(valuesOf(await readSlots(node, channel, undefined, options)), [
        ["z", "1"],
        ["y", undefined],
        ["x", "2"],
      ]);
    },
  },
  {
    number: 89,
    sentence:
      "a page of slots has whole offsets and at least one, and pages one after the other bring each slot once",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await set(node, channel, { a: `"${"x".repeat(500)}"`, b: `"${"x".repeat(500)}"`, c: "1" });
      await set(node, channel, { d: "1", e: "1" });
      await set(node, channel, { f: "1" });
      const pages: string[][] = [];
      for (let after = 0, i = 0; i < 10; i++) {
        const page = await readSlots(node, channel, { after, limit: 100, bytes: 100 });
        if (page.entries.length === 0) break;
        pages.push(valuesOf(page).map(([slot]) => slot));
        after = page.entries.at(-1)?.offset ?? assert.fail();
      }
      assert.deepEqual(pages, [
        ["a", "b", "c"],
        ["d", "e", "f"],
      ]);
      const one = await readSlots(node, channel, { after: 0, limit: 1, bytes: 10_000 });
      assert.deepEqual(
        valuesOf(one).map(([slot]) => slot),
        ["a", "b", "c"],
      );
    },
  },
  {
    number: 90,
    sentence: "some slots are read by their names, tombstones included; those that never were are left out",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await set(node, channel, { a: "1", b: "1", c: "1" });
      await set(node, channel, { b: undefined });
      const page = await readSlots(node, channel, { slots: ["b", "never", "a", "a"] });
      assert.deepEqual(valuesOf(page), [
        ["a", "1"],
        ["b", undefined],
      ]);
      assert.deepEqual(valuesOf(await readSlots(node, kit.channel(), { slots: ["a"] })), []);
    },
  },
  {
    number: 91,
    sentence:
      "tombstones are dropped by count, bytes and age, oldest first, and the floor rises to the newest dropped",
    async check(kit) {
      const node = await kit.node();
      for (const graves of [{ count: 1 }, { bytes: 2 }]) {
        const options = slotsOptions({ graves });
        const channel = kit.channel();
        await set(node, channel, { aa: "1", bb: "1", cc: "1" }, options);
        await set(node, channel, { aa: undefined }, options);
        const second = await set(node, channel, { bb: undefined }, options);
        await set(node, channel, { cc: undefined }, options);
        const page = await readSlots(node, channel, undefined, options);
        assert.deepEqual(valuesOf(page), [["cc", undefined]], JSON.stringify(graves));
        assert.equal(page.floor, second);
      }
      const options = slotsOptions({ graves: { age: 1500 } });
      const channel = kit.channel();
      await set(node, channel, { a: "1", b: "1" }, options);
      const first = await set(node, channel, { a: undefined }, options);
      await kit.elapse(1000);
      await set(node, channel, { b: undefined }, options);
      assert.equal((await readSlots(node, channel, undefined, options)).floor, 0);
      await kit.elapse(1000);
      const page = await readSlots(node, channel, undefined, options);
      assert.deepEqual(valuesOf(page), [["b", undefined]]);
      assert.equal(page.floor, first);
    },
  },
  {
    number: 92,
    sentence:
      "what a slot holds already, and deleting what is not there, is no change: nothing is appended or hinted",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const bytes = (): Uint8Array => new Uint8Array([1, 2]);
      const first = await set(a, channel, { x: "1", y: bytes() });
      const second = await set(a, channel, { z: "1" });
      const follower = changesRecorder();
      await a.follow(channel, follower);
      const draft = changing({ x: "1", y: bytes(), gone: undefined });
      const { epoch } = cursorOf(await readSlots(a, channel));
      const none = { offset: first, epoch, duplicate: false, same: true };
      assert.deepEqual(await change(b, channel, draft), none);
      assert.deepEqual(await change(a, channel, draft), { offset: first, epoch, duplicate: true });
      assert.equal((await readSlots(a, channel)).head, second);
      const third = await set(b, channel, { x: "1", z: "2" });
      await kit.until("the change is hinted", () => follower.all().length > 0);
      assert.deepEqual(follower.all(), [
        { offset: third, prev: second, changes: [{ slot: "z", data: "2" }] },
      ]);
      assert.deepEqual(valuesOf(await readSlots(b, channel)), [
        ["x", "1"],
        ["y", bytes()],
        ["z", "2"],
      ]);
    },
  },
  {
    number: 93,
    sentence:
      "more slots or bytes than a log may hold is log_full, counted with the draft's own deletions, and stops no other",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const options = slotsOptions({ count: 2, bytes: 20 });
      await set(node, channel, { a: "1", b: "1" }, options);
      const outcomes = await changeAll(
        node,
        channel,
        [
          changing({ c: "1" }),
          changing({ a: '"0123456789012345678"' }),
          changing({ b: undefined, c: "1" }),
          changing({ a: "2", c: "1" }),
        ],
        options,
      );
      assert.deepEqual(outcomes.slice(0, 2), [
        { error: "log_full", limit: "count" },
        { error: "log_full", limit: "bytes" },
      ]);
      assert.ok(outcomes.slice(2).every((outcome) => "offset" in outcome));
      // Limits that were lowered let who makes it smaller.
      const less = slotsOptions({ count: 1 });
      assert.ok("offset" in (await change(node, channel, changing({ a: "3" }), less)));
      assert.deepEqual(await change(node, channel, changing({ d: "1" }), less), {
        error: "log_full",
        limit: "count",
      });
      assert.ok("offset" in (await change(node, channel, changing({ c: undefined }), less)));
      assert.deepEqual(valuesOf(await readSlots(node, channel, { slots: ["a", "c", "d"] }, less)), [
        ["a", "3"],
        ["c", undefined],
      ]);
    },
  },
  {
    number: 94,
    sentence:
      "changes are hinted once and in order; those that are large, or quiet, without what they change",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const follower = changesRecorder();
      await a.follow(channel, follower);
      const large = `"${"x".repeat(MOST_HINTED_BYTES)}"`;
      const offsets = (
        await changeAll(b, channel, [
          changing({ x: "1", y: "1" }, { meta: '{"from":"1"}' }),
          changing({ x: "2" }, { quiet: true }),
          changing({ large }),
          changing({ y: undefined }),
        ])
      ).map(offsetOf);
      await kit.until("all are hinted", () => follower.all().length === 4);
      const [first, second, third, fourth] = offsets;
      assert.deepEqual(follower.all(), [
        {
          offset: first,
          prev: 0,
          meta: '{"from":"1"}',
          changes: [
            { slot: "x", data: "1" },
            { slot: "y", data: "1" },
          ],
        },
        { offset: second, prev: first },
        { offset: third, prev: second },
        { offset: fourth, prev: third, changes: [{ slot: "y", data: undefined }] },
      ]);
      const { epochs } = await readSlots(b, channel);
      assert.ok(follower.told.every(({ epoch }) => epoch === epochs.at(-1)?.epoch));
    },
  },
];
