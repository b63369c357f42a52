import assert from "node:assert/strict";
import { assertChain, dataOf, keeping, offsetsOf, readAll, type Rule } from "./kit.js";

/** What a log keeps. */
export const retentionRules: readonly Rule[] = [
  {
    number: 22,
    sentence: "by count, the newest entries are kept, over appends and within one",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const options = keeping({ count: 3 });
      const all: number[] = [];
      for (let i = 0; i < 10; i++) {
        all.push(...offsetsOf(await a.append(channel, kit.drafts(1), options)));
        const { entries } = await readAll(b, channel, options);
        assert.deepEqual(
          entries.map(({ offset }) => offset),
          all.slice(-3),
        );
      }
      await b.append(channel, kit.drafts(9), options);
      const page = await readAll(a, channel, options);
      assert.deepEqual(dataOf(page), ["6", "7", "8"]);
      assertChain(page.entries);
    },
  },
  {
    number: 23,
    sentence: "by bytes, payloads and metas kept are at most as many, in UTF-8",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const options = keeping({ bytes: 100 });
      const drafts = [
        kit.draft(JSON.stringify("é".repeat(9)), '{"from":"1"}'),
        kit.draft(new Uint8Array(30)),
        kit.draft(JSON.stringify("x".repeat(28))),
        kit.draft("1".repeat(10)),
      ];
      // 20 + 12, 30, 30 and 10 bytes; one more than 100 in all.
      const [, second = 0] = offsetsOf(await node.append(channel, drafts, options));
      const page = await readAll(node, channel, options);
      assert.equal(page.entries.length, 3);
      assert.equal(page.entries[0]?.offset, second);
      await node.append(channel, [kit.draft("2".repeat(30))], options);
      assert.equal((await readAll(node, channel, options)).entries.length, 4, "100 is not over 100");
      await node.append(channel, [kit.draft("3".repeat(101))], options);
      const last = await readAll(node, channel, options);
      assert.deepEqual(last.entries, [], "one alone is over the limit");
      assert.equal(last.oldestPrev, last.head);
    },
  },
  {
    number: 24,
    sentence: "by age, entries are gone when their time is over, with or without another append",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const options = keeping({ age: 2000 });
      const [first = 0] = offsetsOf(await a.append(channel, kit.drafts(1), options));
      await kit.elapse(1200);
      const [second = 0] = offsetsOf(await a.append(channel, kit.drafts(1), options));
      assert.equal((await readAll(b, channel, options)).entries.length, 2);
      await kit.elapse(1200);
      const page = await readAll(b, channel, options);
      assert.deepEqual(
        page.entries.map(({ offset }) => offset),
        [second],
      );
      assert.equal(page.oldestPrev, first);
      await kit.elapse(1200);
      const empty = await readAll(b, channel, options);
      assert.deepEqual(empty.entries, []);
      assert.deepEqual([empty.oldestPrev, empty.head], [second, second]);
      await b.append(channel, kit.drafts(1), options);
      const { entries, oldestPrev } = await readAll(a, channel, options);
      assert.equal(oldestPrev, second);
      assertChain(entries, second);
    },
  },
  {
    number: 25,
    sentence: "the tightest of several limits holds",
    async check(kit) {
      const node = await kit.node();
      const drafts = (): ReturnType<typeof kit.draft>[] =>
        Array.from({ length: 10 }, () => kit.draft("1".repeat(10)));
      for (const [retain, kept] of [
        [{ count: 2, bytes: 1000, age: 60_000 }, 2],
        [{ count: 8, bytes: 30, age: 60_000 }, 3],
        [{ count: 0, bytes: 30 }, 0],
      ] as const) {
        const channel = kit.channel();
        await node.append(channel, drafts(), keeping(retain));
        assert.equal((await readAll(node, channel, keeping(retain))).entries.length, kept);
      }
    },
  },
  {
    number: 26,
    sentence: "without retention nothing is kept, but the head goes on",
    async check(kit) {
      const [a, b] = await kit.nodes();
      for (const options of [keeping(undefined), keeping({})]) {
        const channel = kit.channel();
        let last = 0;
        for (let i = 0; i < 3; i++) {
          const offsets = offsetsOf(await a.append(channel, kit.drafts(2), options));
          assert.ok((offsets[0] ?? 0) > last);
          last = offsets.at(-1) ?? 0;
          const { entries, oldestPrev, head } = await readAll(b, channel, options);
          assert.deepEqual({ entries, oldestPrev, head }, { entries: [], oldestPrev: last, head: last });
        }
      }
    },
  },
  {
    number: 27,
    sentence: "oldestPrev is the prev of the oldest entry kept",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const options = keeping({ count: 2 });
      const offsets = offsetsOf(await node.append(channel, kit.drafts(5), options));
      const page = await readAll(node, channel, options);
      assert.equal(page.oldestPrev, offsets[2]);
      assertChain(page.entries, offsets[2]);
      const end = await node.read(channel, { after: page.head, limit: 1, bytes: 1 }, options);
      assert.equal(end.oldestPrev, offsets[2], "whatever page was asked for");
    },
  },
];
