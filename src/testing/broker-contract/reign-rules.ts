import assert from "node:assert/strict";
import type { Draft, LogOptions, SlotsOptions } from "../../broker/index.js";
import { appendOne, assertRejects, dataOf, keeping, readAll, type Rule } from "./kit.js";
import { FENCED, FENCED_SLOTS, TTL, ask, assertHeldBy, isFenced, isOut, take, under } from "./reign-kit.js";
import {
  SLOTS,
  change,
  changeAll,
  changesRecorder,
  changing,
  readSlots,
  slotsOptions,
  valuesOf,
} from "./slots-kit.js";

/** Reigns: who may write a log alone, for how long, and what becomes of what others write. */
export const reignRules: readonly Rule[] = [
  {
    number: 108,
    sentence: "a reign is one's at a time, and who else asks is told whose it is and for how long",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      await take(a, channel, "ann");
      await assertHeldBy(b, channel, "ann");
      await assertHeldBy(a, channel, "ann");
      await take(b, kit.channel(), "ben");
      await take(b, `${channel}/__proto__`, "ben");
    },
  },
  {
    number: 109,
    sentence: "of many who ask at the same time, one gets the reign",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const asked = Array.from({ length: 20 }, (_, i) => ask(i % 2 === 0 ? a : b, channel, `asker ${i}`));
      const got = (await Promise.all(asked)).filter((answer) => "token" in answer);
      assert.equal(got.length, 1);
    },
  },
  {
    number: 110,
    sentence:
      "who asks again with the secret has the same reign, and it lasts for its full length from then on",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const reign = await take(a, channel, "ann");
      for (let i = 0; i < 2; i++) {
        await kit.elapse(0.6 * TTL);
        assert.equal((await take(b, channel, "ann")).token, reign.token);
        await kit.elapse(0.6 * TTL);
        assert.equal(await reign.renew(), true);
      }
      await kit.elapse(0.5 * TTL);
      await assertHeldBy(b, channel, "ann");
      await kit.elapse(TTL);
      await take(b, channel, "ben");
    },
  },
  {
    number: 111,
    sentence:
      "in a fenced log a draft enters under the reign that was taken last and no other, nor under none; what is fenced stops no other draft",
    async check(kit) {
      const node = await kit.node();
      const [entries, slots] = [kit.channel(), kit.channel()];
      const before = { token: "no such token" };
      assert.ok(isFenced(await change(node, slots, under(before, { x: "1" }), FENCED_SLOTS)));
      assert.ok(isFenced(await change(node, slots, changing({ x: "1" }), FENCED_SLOTS)));
      assert.ok(isFenced(await appendOne(node, entries, kit.draft(), FENCED)));
      const reign = await take(node, slots, "ann");
      const changed = await changeAll(
        node,
        slots,
        [
          changing({ x: "1" }),
          under(reign, { x: "2" }),
          under(before, { x: "3" }),
          changing({ y: "4" }, { quiet: true }),
          changing({ y: "5" }, { quiet: true, reign: reign.token }),
          under({ token: "" }, { x: "6" }),
        ],
        FENCED_SLOTS,
      );
      assert.deepEqual(changed.map(isFenced), [true, false, true, true, false, true]);
      assert.deepEqual(valuesOf(await readSlots(node, slots)), [
        ["x", "2"],
        ["y", "5"],
      ]);
      const { token } = await take(node, entries, "ann", { options: FENCED });
      const drafts: Draft[] = [
        kit.draft("1"),
        { ...kit.draft("2"), reign: token },
        { ...kit.draft("3"), reign: reign.token },
        { ...kit.draft("4"), reign: token },
      ];
      const appended = await node.append(entries, drafts, FENCED);
      assert.deepEqual(appended.map(isFenced), [true, false, true, false]);
      assert.deepEqual(dataOf(await readAll(node, entries)), ["2", "4"]);
    },
  },
  {
    number: 112,
    sentence:
      "who takes a reign that ran out shuts out the one before, which can neither renew nor release it",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const old = await take(a, channel, "ann");
      await kit.elapse(1.5 * TTL);
      const reign = await take(b, channel, "ben", { ttl: 10 * TTL });
      assert.equal(await isOut(a, channel, old), true);
      assert.equal(await old.renew(), false);
      await old.release();
      await assertHeldBy(a, channel, "ben", { ttl: 10 * TTL });
      assert.equal(await isOut(b, channel, reign), false);
      assert.equal(await reign.renew(), true);
    },
  },
  {
    number: 113,
    sentence: "a reign that ran out is good until another one takes it: it writes, and can be renewed",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const reign = await take(a, channel, "ann");
      await kit.elapse(1.5 * TTL);
      assert.equal(await isOut(b, channel, reign), false);
      assert.equal(await reign.renew(), true);
      await assertHeldBy(b, channel, "ann");
      await kit.elapse(1.5 * TTL);
      assert.equal((await take(b, channel, "ann")).token, reign.token);
      await assertHeldBy(a, channel, "ann");
    },
  },
  {
    number: 114,
    sentence: "a released reign is free at once, and nothing enters before the next one",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const old = await take(a, channel, "ann");
      await old.release();
      assert.equal(await isOut(a, channel, old), true);
      assert.equal(await old.renew(), false);
      assert.ok(isFenced(await change(b, channel, changing({ x: "1" }), FENCED_SLOTS)));
      const reign = await take(b, channel, "ben");
      await old.release();
      assert.deepEqual([await isOut(a, channel, old), await isOut(b, channel, reign)], [true, false]);
    },
  },
  {
    number: 115,
    sentence:
      "who asks late for a reign that another one has taken since is refused, and never gets the same one again",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const old = await take(a, channel, "ann");
      await kit.elapse(1.5 * TTL);
      const other = await take(b, channel, "ben");
      const late = await ask(a, channel, "ann");
      assert.ok("heldBy" in late && late.heldBy === "note of ben");
      assert.deepEqual([await isOut(a, channel, old), await isOut(b, channel, other)], [true, false]);
      await other.release();
      const reign = await take(a, channel, "ann");
      assert.notEqual(reign.token, old.token);
      assert.deepEqual([await isOut(a, channel, old), await isOut(a, channel, reign)], [true, false]);
    },
  },
  {
    number: 116,
    sentence: "no two reigns have one token, and none has a short one",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const [one, other] = [kit.channel(), kit.channel()];
      const tokens = new Set<string>();
      for (let i = 0; i < 50; i++) {
        const reign = await take(i % 2 === 0 ? a : b, i % 3 === 0 ? one : other, "ann");
        tokens.add(reign.token);
        await reign.release();
      }
      assert.equal(tokens.size, 50);
      for (const token of tokens) assert.match(token, /^.{8,}$/);
    },
  },
  {
    number: 117,
    sentence: "a key that is known is answered whoever reigns, and one that was fenced is as good as new",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const old = await take(a, channel, "ann");
      const [known, late] = [under(old, { x: "1" }), under(old, { x: "2" })];
      const outcome = await change(a, channel, known, FENCED_SLOTS);
      await old.release();
      const { token } = await take(b, channel, "ben");
      assert.deepEqual(await change(a, channel, known, FENCED_SLOTS), { ...outcome, duplicate: true });
      assert.ok(isFenced(await change(a, channel, late, FENCED_SLOTS)));
      const again = await change(b, channel, { ...late, reign: token }, FENCED_SLOTS);
      assert.ok("offset" in again && !again.duplicate);
    },
  },
  {
    number: 118,
    sentence: "a reign outlives its node, and is neither read nor hinted",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const follower = changesRecorder();
      await b.follow(channel, follower);
      const { entries, head, epochs } = await readSlots(b, channel);
      const reign = await take(a, channel, "ann", { ttl: 10 * TTL });
      const page = await readSlots(b, channel);
      assert.deepEqual(
        [page.entries, page.head, page.epochs.at(-1)?.epoch],
        [entries, head, epochs.at(-1)?.epoch],
      );
      await a.close();
      await assertRejects(reign.renew(), "closed");
      await assertHeldBy(b, channel, "ann", { ttl: 10 * TTL });
      const same = await take(b, channel, "ann");
      assert.equal(same.token, reign.token);
      assert.equal(await isOut(b, channel, same), false);
      await kit.until("the change to be hinted", () => follower.all().length > 0 || follower.resets > 0);
      assert.ok(follower.all().length <= 1, "one change was hinted as two");
    },
  },
  {
    number: 119,
    sentence: "drafts for logs of different reigns are judged each by its own, though they come at once",
    async check(kit) {
      const node = await kit.node();
      const channels = Array.from({ length: 20 }, () => kit.channel());
      const reigns = await Promise.all(channels.map((channel, i) => take(node, channel, `one ${i}`)));
      const outcomes = await Promise.all(
        channels.map((channel, i) => {
          const reign = reigns[i % 3 === 0 ? (i + 1) % 20 : i] ?? assert.fail();
          return change(node, channel, under(reign, { x: `${i}` }), FENCED_SLOTS);
        }),
      );
      assert.deepEqual(
        outcomes.map(isFenced),
        channels.map((_, i) => i % 3 === 0),
      );
    },
  },
  {
    number: 120,
    sentence: "a reign is not among what a log lets go of, or has no room for",
    async check(kit) {
      const node = await kit.node();
      const tight: SlotsOptions = { ...slotsOptions({ count: 1, graves: { count: 0 } }), fenced: true };
      const none: LogOptions = { ...keeping(undefined), fenced: true };
      const [slots, entries] = [kit.channel(), kit.channel()];
      const reign = await take(node, slots, "ann", { options: tight });
      for (const values of [{ x: "1" }, { x: undefined }, { y: "1" }, { y: undefined, x: "2" }]) {
        assert.ok("offset" in (await change(node, slots, under(reign, values), tight)));
      }
      await assertHeldBy(node, slots, "ann", { options: tight });
      const { token } = await take(node, entries, "ann", { options: none });
      for (let i = 0; i < 3; i++) {
        assert.ok("offset" in (await appendOne(node, entries, { ...kit.draft(), reign: token }, none)));
      }
      await assertHeldBy(node, entries, "ann", { options: none });
    },
  },
  {
    number: 121,
    sentence: "in a log that is not fenced nobody looks at tokens",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await take(node, channel, "ann", { options: SLOTS });
      assert.ok("offset" in (await change(node, channel, changing({ x: "1" }))));
      assert.ok("offset" in (await change(node, channel, under({ token: "another" }, { x: "2" }))));
    },
  },
];
