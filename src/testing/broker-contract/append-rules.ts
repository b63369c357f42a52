import assert from "node:assert/strict";
import { timeOf } from "../../protocol/index.js";
import { KEEP, appendOne, assertChain, dataOf, offsetsOf, readAll, recorder, type Rule } from "./kit.js";

const UNUSUAL_NAMES = [
  "x".repeat(255),
  "ü".repeat(127),
  "__proto__",
  "constructor",
  "a",
  "A",
  "a:b",
  "a/b",
  "{a}b",
  "{}",
  "*",
  "chat/?[x]",
  "with space",
  "😀/漢字",
  "%2F",
  "..",
  "0",
];

/** What an append does to the log. */
export const appendRules: readonly Rule[] = [
  {
    number: 1,
    sentence: "drafts are appended in order, each with its own outcome",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const outcomes = await node.append(channel, kit.drafts(5), KEEP);
      const page = await readAll(node, channel);
      assert.deepEqual(dataOf(page), ["0", "1", "2", "3", "4"]);
      assert.deepEqual(
        outcomes,
        page.entries.map(({ offset }) => ({ offset, duplicate: false })),
      );
    },
  },
  {
    number: 2,
    sentence: "an entry is what its draft was, with meta only where there was some",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const meta = '{"from":"ann"}';
      await node.append(channel, [kit.draft('{"a":1}', meta), kit.draft("null")], KEEP);
      const [first, second] = (await readAll(node, channel)).entries;
      assert.deepEqual([first?.data, first?.meta], ['{"a":1}', meta]);
      assert.equal(second?.data, "null");
      assert.equal(second?.meta, undefined);
    },
  },
  {
    number: 3,
    sentence: "each entry's prev is the offset before it, whichever node appended it, and 0 at first",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      for (const node of [a, b, b, a]) await node.append(channel, kit.drafts(2), KEEP);
      const { entries, oldestPrev, head } = await readAll(b, channel);
      assert.equal(entries.length, 8);
      assertChain(entries, 0);
      assert.equal(oldestPrev, 0);
      assert.equal(head, entries.at(-1)?.offset);
    },
  },
  {
    number: 4,
    sentence: "batches of two nodes at the same time stay whole and in each node's order",
    async check(kit) {
      const nodes = await kit.nodes();
      const channel = kit.channel();
      const batches = Array.from({ length: 40 }, (_, i) => ({ by: i % 2, number: i >> 1 }));
      await Promise.all(
        batches.map(({ by, number }) => {
          const drafts = [0, 1, 2].map((part) => kit.draft(JSON.stringify([by, number, part])));
          return nodes[by === 0 ? 0 : 1].append(channel, drafts, KEEP);
        }),
      );
      const { entries } = await readAll(nodes[0], channel);
      assertChain(entries, 0);
      assert.equal(entries.length, 120);
      const next = [0, 0];
      for (let at = 0; at < entries.length; at += 3) {
        const batch = entries.slice(at, at + 3).map(({ data }) => JSON.parse(String(data)));
        const by = batch[0][0] as 0 | 1;
        const number = next[by] ?? 0;
        assert.deepEqual(batch, [
          [by, number, 0],
          [by, number, 1],
          [by, number, 2],
        ]);
        next[by] = number + 1;
      }
    },
  },
  {
    number: 5,
    sentence: "offsets are safe integers that grow, and grow with time",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const [early = 0] = offsetsOf(await node.append(channel, kit.drafts(1), KEEP));
      await kit.elapse(200);
      const [late = 0, last = 0] = offsetsOf(await node.append(channel, kit.drafts(2), KEEP));
      assert.ok(Number.isSafeInteger(early) && early > 0 && Number.isSafeInteger(last));
      assert.ok(timeOf(late) - timeOf(early) >= 100, "an offset is made out of time");
      assert.ok(last > late && timeOf(last) - timeOf(late) < 100);
    },
  },
  {
    number: 6,
    sentence: "bytes of every value come back as bytes, and empty payloads as what they are",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const all = Uint8Array.from({ length: 512 }, (_, i) => i & 255);
      const meta = '{"bytes":512}';
      const payloads = [kit.draft(all, meta), kit.draft(new Uint8Array(0)), kit.draft('""')];
      await a.append(channel, payloads, KEEP);
      const [bytes, empty, text] = (await readAll(b, channel)).entries;
      assert.ok(bytes?.data instanceof Uint8Array && empty?.data instanceof Uint8Array);
      assert.deepEqual([...bytes.data], [...all]);
      assert.equal(bytes.meta, meta);
      assert.equal(empty.data.length, 0);
      assert.equal(text?.data, '""');
    },
  },
  {
    number: 7,
    sentence: "JSON text comes back letter by letter, large or with letters of any kind",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const values = ["\n\r\t\0\u007f\u2028\u2029", "😀 漢字 é", "\ud800", "\\n", "\r\n", 1e21, -0];
      const texts = [
        ...values.map((value) => JSON.stringify(value)),
        JSON.stringify("\u2028😀"),
        '{"__proto__":{"a":1},"":[[],{}]}',
        JSON.stringify({ big: "é😀x".repeat(150_000) }),
      ];
      for (const text of texts) {
        await appendOne(node, channel, kit.draft(text, '{"from":"\u2028😀"}'));
      }
      const page = await readAll(node, channel);
      assert.deepEqual(dataOf(page), texts);
      assert.equal(page.entries[0]?.meta, '{"from":"\u2028😀"}');
    },
  },
  {
    number: 8,
    sentence: "the caller's bytes are its own again once the append has resolved",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const buffer = Uint8Array.from({ length: 64 }, () => 7);
      await appendOne(node, channel, kit.draft(buffer.subarray(8, 12)));
      buffer.fill(9);
      const [entry] = (await readAll(node, channel)).entries;
      assert.ok(entry?.data instanceof Uint8Array);
      assert.deepEqual([...entry.data], [7, 7, 7, 7]);
    },
  },
  {
    number: 9,
    sentence: "channels are apart, whatever their names",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const before = await Promise.all(UNUSUAL_NAMES.map((name) => readAll(b, name)));
      for (const [i, name] of UNUSUAL_NAMES.entries()) {
        assert.deepEqual(before[i]?.entries, []);
        await appendOne(a, name, kit.draft(JSON.stringify(name)));
      }
      for (const name of UNUSUAL_NAMES) {
        assert.deepEqual(dataOf(await readAll(b, name)), [JSON.stringify(name)]);
      }
    },
  },
  {
    number: 10,
    sentence: "an append of nothing has no outcomes and changes nothing",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await node.append(channel, kit.drafts(1), KEEP);
      const before = await readAll(node, channel);
      assert.deepEqual(await node.append(channel, [], KEEP), []);
      assert.deepEqual(await readAll(node, channel), before);
    },
  },
  {
    number: 105,
    sentence: "an entry of 2 MiB comes back whole, and its followers are told of it, or to read",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const heard = recorder();
      await b.follow(channel, heard);
      const large = Uint8Array.from({ length: 2 * 1024 * 1024 }, (_, i) => (i * 31) ^ (i >> 8));
      const [offset] = offsetsOf(await a.append(channel, [kit.draft(large, '{"from":"ann"}')], KEEP));
      await kit.until("told", () => heard.resets > 0 || heard.hints.length > 0);
      const { entries } = await readAll(b, channel);
      for (const entry of [...entries, ...heard.entries()]) {
        assert.equal(entry.offset, offset);
        assert.equal(entry.meta, '{"from":"ann"}');
        assert.ok(entry.data instanceof Uint8Array && Buffer.compare(entry.data, large) === 0);
      }
      assert.equal(entries.length, 1);
      // What is appended behind it is told as ever, and stands behind it.
      const next = await appendOne(a, channel, kit.draft('"next"'));
      await kit.until("told of the next", () => heard.entries().some(({ data }) => data === '"next"'));
      assert.deepEqual([next], [{ offset: heard.entries().at(-1)?.offset, duplicate: false }]);
      assert.equal(heard.entries().at(-1)?.prev, offset);
    },
  },
];
