import assert from "node:assert/strict";
import { REMEMBERED_SEQUENCES, type Appended, type Draft } from "../../broker/index.js";
import { KEEP, LONG, appendOne, dataOf, keeping, keyed, offsetsOf, readAll, type Rule } from "./kit.js";

function isNew(outcome: Appended | undefined): boolean {
  return outcome !== undefined && "offset" in outcome && !outcome.duplicate;
}

function sequences(from: number, to: number): Draft[] {
  return Array.from({ length: to - from + 1 }, (_, i) => keyed(from + i));
}

/** How an append that is tried again is recognised. */
export const keyRules: readonly Rule[] = [
  {
    number: 11,
    sentence: "a retry is answered with the first one's offset, over any node, and appends nothing",
    async check(kit) {
      const [a, b] = await kit.nodes();
      for (const id of [0, 7, "text"]) {
        const channel = kit.channel();
        const [offset = 0] = offsetsOf(await a.append(channel, [keyed(id)], KEEP));
        const retry: Draft = { ...keyed(id), data: '"not looked at"' };
        assert.deepEqual(await b.append(channel, [retry], KEEP), [{ offset, duplicate: true }]);
        assert.deepEqual(await a.append(channel, [retry], KEEP), [{ offset, duplicate: true }]);
        assert.deepEqual(dataOf(await readAll(b, channel)), [`"${id}"`]);
      }
    },
  },
  {
    number: 12,
    sentence: "a key that comes twice in one batch is appended once",
    async check(kit) {
      const node = await kit.node();
      for (const id of [1, "text"]) {
        const channel = kit.channel();
        const drafts = [keyed(id), keyed(id), kit.draft('"next"')];
        const [first, second, third] = await node.append(channel, drafts, KEEP);
        assert.ok(first !== undefined && "offset" in first && isNew(first) && isNew(third));
        assert.deepEqual(second, { offset: first.offset, duplicate: true });
        assert.deepEqual(dataOf(await readAll(node, channel)), [`"${id}"`, '"next"']);
      }
    },
  },
  {
    number: 13,
    sentence: "a key with another payload is a conflict, and stops none of the batch's other drafts",
    async check(kit) {
      const [a, b] = await kit.nodes();
      for (const id of [5, "text"]) {
        const channel = kit.channel();
        await appendOne(a, channel, keyed(id, 1));
        const drafts = [kit.draft('"before"'), keyed(id, 2), kit.draft('"after"')];
        const outcomes = await b.append(channel, drafts, KEEP);
        assert.deepEqual(outcomes[1], { error: "key_conflict" });
        assert.ok(isNew(outcomes[0]) && isNew(outcomes[2]));
        assert.deepEqual(dataOf(await readAll(a, channel)), [`"${id}"`, '"before"', '"after"']);
      }
    },
  },
  {
    number: 14,
    sentence: "keys of other scopes, other channels and of the other making are other keys",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const drafts = [
        keyed(1, 1, "ann"),
        keyed(1, 2, "bob"),
        keyed("1", 3, "ann"),
        keyed("bc", 4, "a"),
        keyed("c", 5, "ab"),
        keyed(1, 6, "__proto__"),
        keyed("__proto__", 7, "ann"),
        keyed("constructor", 8, "ann"),
        keyed(":c", 9, "a"),
        keyed("c", 10, "a:"),
      ];
      const outcomes = await node.append(channel, drafts, KEEP);
      assert.ok(outcomes.every(isNew));
      const again = await node.append(channel, drafts, KEEP);
      assert.deepEqual(offsetsOf(again), offsetsOf(outcomes));
      assert.ok(!again.some(isNew));
      assert.ok((await node.append(kit.channel(), drafts, KEEP)).every(isNew));
    },
  },
  {
    number: 15,
    sentence: "two nodes that append one key at the same time append it once",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const drafts = [...sequences(1, 10), ...Array.from({ length: 10 }, (_, i) => keyed(`t${i}`))];
      const outcomes = await Promise.all(
        [a, b].flatMap((node) => drafts.map((draft) => appendOne(node, channel, draft))),
      );
      assert.equal(outcomes.filter(isNew).length, drafts.length);
      const offsets = offsetsOf(outcomes);
      assert.deepEqual(offsets.slice(0, drafts.length), offsets.slice(drafts.length));
      assert.equal((await readAll(a, channel)).entries.length, drafts.length);
    },
  },
  {
    number: 16,
    sentence: "sequences may leave holes, and a hole may be filled: it was never appended",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await node.append(channel, [keyed(1), keyed(1000)], KEEP);
      assert.ok(isNew(await appendOne(node, channel, keyed(500))));
      const again = await node.append(channel, [keyed(1), keyed(500), keyed(1000)], KEEP);
      assert.ok(!again.some(isNew));
      assert.equal(offsetsOf(again).length, 3);
    },
  },
  {
    number: 17,
    sentence: `the last ${REMEMBERED_SEQUENCES} sequences of a scope are remembered, the print too`,
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const last = REMEMBERED_SEQUENCES + 40;
      const offsets: number[] = [];
      for (let from = 1; from <= last; from += 74) {
        const batch = sequences(from, Math.min(from + 73, last));
        offsets.push(...offsetsOf(await a.append(channel, batch, KEEP)));
      }
      const known = sequences(last - REMEMBERED_SEQUENCES + 1, last);
      const again = await b.append(channel, known, KEEP);
      assert.ok(!again.some(isNew));
      assert.deepEqual(offsetsOf(again), offsets.slice(-REMEMBERED_SEQUENCES));
      const oldest = keyed(last - REMEMBERED_SEQUENCES + 1, 2);
      assert.deepEqual(await appendOne(b, channel, oldest), { error: "key_conflict" });
    },
  },
  {
    number: 18,
    sentence: "a sequence older than what is remembered has an unknown outcome and is not appended",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await node.append(channel, sequences(1, 2 * REMEMBERED_SEQUENCES), KEEP);
      const before = (await readAll(node, channel)).head;
      const outcome = await appendOne(node, channel, keyed(3));
      assert.ok("error" in outcome ? outcome.error === "outcome_unknown" : outcome.duplicate);
      assert.equal((await readAll(node, channel)).head, before);
    },
  },
  {
    number: 19,
    sentence: "keys outlive their entries: those that retention dropped, and those never kept",
    async check(kit) {
      const node = await kit.node();
      for (const options of [keeping({ count: 1 }), keeping({ bytes: 4 }), keeping(undefined)]) {
        const channel = kit.channel();
        const drafts = [keyed(1), keyed("text"), ...kit.drafts(5)];
        const first = await node.append(channel, drafts, options);
        const again = await node.append(channel, drafts, options);
        assert.deepEqual(offsetsOf(again), offsetsOf(first));
        assert.ok(!again.some(isNew));
      }
    },
  },
  {
    number: 20,
    sentence: "in a scope that is in use, a sequence past the window is never appended again",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const options = keeping({ count: 100 }, 600);
      for (let sequence = 1; sequence <= 8; sequence++) {
        assert.ok(isNew(await appendOne(node, channel, keyed(sequence), options)));
        await kit.elapse(200);
      }
      const outcome = await appendOne(node, channel, keyed(1), options);
      assert.ok(!isNew(outcome));
      assert.ok("offset" in outcome || outcome.error === "outcome_unknown");
    },
  },
  {
    number: 21,
    sentence: "text keys, and scopes without use, are forgotten some time after the window",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const options = keeping({ count: 100 }, 200);
      await node.append(channel, [keyed("text"), keyed(9)], options);
      await kit.elapse(500);
      const [text, sequence] = await node.append(channel, [keyed("text", 2), keyed(9)], options);
      assert.ok(isNew(text), "another use of the same text");
      assert.ok(isNew(sequence) || (sequence && "error" in sequence));
    },
  },
  {
    number: 79,
    sentence:
      "a draft whose time is over is not appended, and stops no other; a known key is answered all the same",
    async check(kit) {
      const [a, b] = await kit.nodes();
      for (const id of [5, "text"]) {
        const channel = kit.channel();
        const [first = 0] = offsetsOf([await appendOne(a, channel, keyed(id))]);
        const late: Draft = { ...kit.draft('"late"'), within: 0 };
        const drafts = [
          late,
          { ...keyed(id), within: 0 },
          { ...kit.draft('"next"'), within: LONG },
          { ...keyed(700), within: -1000 },
          kit.draft('"last"'),
        ];
        const [one, known, next, other, last] = await b.append(channel, drafts, KEEP);
        assert.deepEqual([one, other], [{ error: "outcome_unknown" }, { error: "outcome_unknown" }]);
        assert.deepEqual(known, { offset: first, duplicate: true });
        assert.ok(isNew(next) && isNew(last));
        assert.deepEqual(dataOf(await readAll(a, channel)), [`"${id}"`, '"next"', '"last"']);
        // It has used up no key.
        assert.ok(isNew(await appendOne(a, channel, { ...late, within: LONG })));
      }
    },
  },
];
