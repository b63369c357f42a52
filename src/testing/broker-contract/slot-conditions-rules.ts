import assert from "node:assert/strict";
import { CONFLICT_BYTES, DUE_REST_MS, type Changed, type Condition } from "../../broker/index.js";
import type { Rule } from "./kit.js";
import {
  change,
  changeAll,
  changing,
  cursorOf,
  offsetOf,
  readSlots,
  set,
  slotsOptions,
  valuesOf,
} from "./slots-kit.js";

type Since = Condition["unchangedSince"];

let written = 0;

/** A draft that writes something new somewhere else if something holds of `slot`. */
const iff = (slot: string, unchangedSince: Since): ReturnType<typeof changing> =>
  changing({ out: `${++written}` }, { if: [{ slot, unchangedSince }] });

function isConflict(outcome: Changed): boolean {
  return "error" in outcome && outcome.error === "conflict";
}

/** What a draft may depend on, and what has an end. */
export const slotConditionsRules: readonly Rule[] = [
  {
    number: 95,
    sentence:
      "a condition with a cursor holds while the slot's newest entry, or tombstone, is at or below it",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const first = await set(a, channel, { x: "1", y: "1" });
      const page = await readSlots(b, channel);
      const at = (offset: number): Since => cursorOf(page, offset);
      await set(b, channel, { y: "2" });
      const deleted = await set(a, channel, { z: "1", y: undefined });
      assert.ok("offset" in (await change(b, channel, iff("x", at(first)))));
      assert.ok(isConflict(await change(b, channel, iff("x", at(first - 1)))));
      assert.ok(isConflict(await change(a, channel, iff("y", at(first)))));
      assert.ok("offset" in (await change(a, channel, iff("y", at(deleted)))));
      assert.ok("offset" in (await change(a, channel, iff("never", at(first)))));
    },
  },
  {
    number: 96,
    sentence: "of a slot with neither entry nor tombstone, no cursor below the floor holds",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const options = slotsOptions({ graves: { count: 0 } });
      const first = await set(node, channel, { x: "1", y: "1" }, options);
      const deleted = await set(node, channel, { x: undefined }, options);
      const page = await readSlots(node, channel, undefined, options);
      assert.equal(page.floor, deleted);
      assert.ok(isConflict(await change(node, channel, iff("x", cursorOf(page, first)), options)));
      assert.ok("offset" in (await change(node, channel, iff("x", cursorOf(page, deleted)), options)));
      // What is there says itself when it came.
      assert.ok("offset" in (await change(node, channel, iff("y", cursorOf(page, first)), options)));
    },
  },
  {
    number: 97,
    sentence: "no cursor of an epoch that is not the log's holds, and one beyond the head is cursor_ahead",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const offset = await set(node, channel, { x: "1" });
      const page = await readSlots(node, channel);
      assert.ok(isConflict(await change(node, channel, iff("x", { epoch: "another", offset }))));
      assert.ok(isConflict(await change(node, channel, iff("never", { epoch: "another", offset }))));
      const ahead = await change(node, channel, iff("x", cursorOf(page, offset + 1)));
      assert.deepEqual(ahead, { error: "cursor_ahead" });
      assert.equal((await readSlots(node, channel)).head, offset);
    },
  },
  {
    number: 98,
    sentence: "absent holds for a slot that never was, or was deleted",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      assert.ok("offset" in (await change(node, channel, iff("x", "absent"))));
      await set(node, channel, { x: "1" });
      assert.ok(isConflict(await change(node, channel, iff("x", "absent"))));
      await set(node, channel, { x: undefined });
      assert.ok("offset" in (await change(node, channel, iff("x", "absent"))));
    },
  },
  {
    number: 99,
    sentence:
      "a conflict names a cursor for the next try, and what the slots of the conditions hold, as far as it fits",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const large = `"${"x".repeat(CONFLICT_BYTES)}"`;
      await set(a, channel, { x: "1", y: new Uint8Array([1]), large });
      const head = await set(a, channel, { gone: undefined, z: "1" });
      const draft = changing(
        { x: "2" },
        { if: ["x", "y", "gone", "large"].map((slot) => ({ slot, unchangedSince: "absent" })) },
      );
      const outcome = await change(b, channel, draft);
      assert.ok("error" in outcome && outcome.error === "conflict");
      assert.deepEqual(outcome.at, cursorOf(await readSlots(b, channel), head));
      assert.deepEqual(
        [...outcome.now],
        [
          ["x", "1"],
          ["y", new Uint8Array([1])],
          ["gone", undefined],
        ],
      );
      const next = changing({ x: "2" }, { if: [{ slot: "x", unchangedSince: outcome.at }] });
      assert.ok("offset" in (await change(b, channel, next)));
    },
  },
  {
    number: 100,
    sentence:
      "a draft whose conditions fail changes nothing and stops no other; conditions see the drafts before them",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const absent = (slot: string): Condition[] => [{ slot, unchangedSince: "absent" }];
      const outcomes = await changeAll(node, channel, [
        changing({ x: "1" }, { if: absent("x") }),
        changing({ x: "2", y: "2" }, { if: absent("x") }),
        changing({ x: undefined }),
        changing({ x: "3" }, { if: [...absent("y"), ...absent("x")] }),
      ]);
      assert.deepEqual(
        outcomes.map((outcome) => "offset" in outcome),
        [true, false, true, true],
      );
      assert.deepEqual(valuesOf(await readSlots(node, channel)), [["x", "3"]]);
    },
  },
  {
    number: 101,
    sentence:
      "a key that is known is answered before any condition is looked at, and one that was refused is as good as new",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const draft = changing({ x: "1" }, { if: [{ slot: "x", unchangedSince: "absent" }] });
      const offset = offsetOf(await change(a, channel, draft));
      const { epoch } = cursorOf(await readSlots(a, channel));
      assert.deepEqual(await change(b, channel, draft), { offset, epoch, duplicate: true });
      const other = changing({ x: "2" }, { if: [{ slot: "x", unchangedSince: "absent" }] });
      assert.ok(isConflict(await change(a, channel, other)));
      await set(a, channel, { x: undefined });
      const outcome = await change(b, channel, other);
      assert.ok("offset" in outcome && !outcome.duplicate);
      assert.deepEqual(await change(a, channel, { ...draft, key: { ...draft.key, print: 2 } }), {
        error: "key_conflict",
      });
    },
  },
  {
    number: 102,
    sentence:
      "a slot with a time to live is due when that is over, and read all the same, also by that; a page says when the next will be",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await set(node, channel, { keep: "1" });
      assert.equal((await readSlots(node, channel)).due, undefined);
      await kit.elapse(DUE_REST_MS);
      await set(node, channel, { x: "1" }, undefined, 2000);
      await set(node, channel, { y: "1" }, undefined, 60_000);
      const { due = Infinity } = await readSlots(node, channel);
      assert.ok(due > 500 && due <= 2000, `${due} ms`);
      assert.ok(isConflict(await change(node, channel, iff("x", "due"))));
      await kit.elapse(2100);
      const page = await readSlots(node, channel);
      assert.equal(page.due, 0);
      assert.deepEqual(valuesOf(await readSlots(node, channel, { due: 10 })), [["x", "1"]]);
      assert.deepEqual(valuesOf(await readSlots(node, channel, { due: 0 })), []);
      assert.ok(valuesOf(page).some(([slot]) => slot === "x"));
      assert.ok("offset" in (await change(node, channel, iff("x", "absent"))));
      assert.ok(isConflict(await change(node, channel, iff("y", "due"))));
      assert.ok("offset" in (await change(node, channel, iff("x", "due"))));
      await set(node, channel, { x: undefined });
      const { due: next = 0 } = await readSlots(node, channel);
      assert.ok(next > 10_000 && next <= 60_000, `${next} ms`);
    },
  },
  {
    number: 103,
    sentence:
      "a set has the time to live that it says, none where it says none, also where the value is the same",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const offset = await set(node, channel, { x: "1", y: "1", z: "1" }, undefined, 1000);
      assert.equal(await set(node, channel, { x: "1" }, undefined, 60_000), offset);
      assert.equal(await set(node, channel, { y: "1" }), offset);
      await set(node, channel, { z: "2" });
      await kit.elapse(DUE_REST_MS + 1000);
      for (const slot of ["x", "y", "z"]) {
        assert.ok(isConflict(await change(node, channel, iff(slot, "due"))), slot);
      }
      const { due = 0 } = await readSlots(node, channel);
      assert.ok(due > 10_000 && due <= 60_000, `${due} ms`);
    },
  },
  {
    number: 104,
    sentence: "nothing is due within five seconds of the beginning of an epoch",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await set(node, channel, { x: "1" }, undefined, 100);
      await kit.elapse(1000);
      assert.deepEqual(valuesOf(await readSlots(node, channel, { due: 10 })), []);
      const { due = 0 } = await readSlots(node, channel);
      assert.ok(due > 1000 && due <= DUE_REST_MS, `${due} ms`);
      assert.ok(isConflict(await change(node, channel, iff("x", "due"))));
      assert.ok(isConflict(await change(node, channel, iff("x", "absent"))));
      await kit.elapse(DUE_REST_MS);
      assert.ok("offset" in (await change(node, channel, iff("x", "due"))));
    },
  },
  {
    number: 106,
    sentence: "an outcome with a place names the epoch that is being written, in the order of the drafts",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const { epoch } = cursorOf(await readSlots(b, channel));
      const outcomes = await changeAll(a, channel, [
        changing({ x: "1" }),
        iff("x", "absent"),
        changing({ x: "1" }),
        changing({ y: "1" }),
      ]);
      const epochs = outcomes.map((outcome) => ("offset" in outcome ? outcome.epoch : undefined));
      assert.deepEqual(epochs, [epoch, undefined, epoch, epoch]);
    },
  },
  {
    number: 107,
    sentence:
      "a set that keeps the time to live is due when its slot was before, never where that held nothing, also where the value is the same",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const offset = await set(node, channel, { x: "1", y: "1", gone: "1" }, undefined, 2000);
      await set(node, channel, { gone: undefined, never: "1" });
      await set(node, channel, { x: "2", gone: "2", never: "2", missing: "2" }, undefined, "keep");
      assert.equal(await set(node, channel, { y: "1" }, undefined, "keep"), offset);
      await kit.elapse(DUE_REST_MS + 100);
      assert.deepEqual(
        new Map(valuesOf(await readSlots(node, channel, { due: 10 }))),
        new Map([
          ["x", "2"],
          ["y", "1"],
        ]),
      );
      await set(node, channel, { x: undefined, y: undefined });
      assert.equal((await readSlots(node, channel)).due, undefined);
    },
  },
];
