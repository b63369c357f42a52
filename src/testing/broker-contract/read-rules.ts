import assert from "node:assert/strict";
import type { Page } from "../../broker/index.js";
import { MAX_OFFSET } from "../../protocol/index.js";
import {
  KEEP,
  appendOne,
  assertChain,
  dataOf,
  offsetsOf,
  readAll,
  readBack,
  recorder,
  type Rule,
} from "./kit.js";

const ALL = { limit: 1000, bytes: 1_000_000 };

/** The newest name of the log, which a cursor made now has. */
function newestEpoch({ epochs }: Page): string {
  return epochs.at(-1)?.epoch ?? assert.fail("a page has at least one epoch");
}

/** Fails unless a log of one epoch is called so, or was before it had any entry. */
function assertOnlyEpoch({ epochs }: Page, name: string): void {
  assert.deepEqual(
    epochs.map(({ base }) => base),
    [0],
  );
  assert.ok([epochs[0]?.epoch, epochs[0]?.earlier].includes(name), `${name} is not its epoch any more`);
}

/** What a read sees. */
export const readRules: readonly Rule[] = [
  {
    number: 31,
    sentence: "a log that nothing was appended to has no entries, the head 0 and one epoch from 0 on",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const { epochs, ...rest } = await readAll(node, channel);
      assert.deepEqual(rest, { entries: [], oldestPrev: 0, head: 0 });
      assert.equal(epochs.length, 1);
      assert.equal(epochs[0]?.base, 0);
      assert.deepEqual((await readBack(node, channel, 10)).entries, []);
    },
  },
  {
    number: 32,
    sentence: "an epoch has a name for all nodes, which its log keeps and which fits a cursor",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const pages = await Promise.all([a, b, a, b].map((node) => readAll(node, channel)));
      await a.append(channel, kit.drafts(3), KEEP);
      const page = await readAll(b, channel);
      for (const told of pages.map(newestEpoch)) {
        assert.match(told, /^[A-Za-z0-9_-]{1,32}$/);
        assertOnlyEpoch(page, told);
      }
      await b.append(channel, kit.drafts(1), KEEP);
      assert.deepEqual((await readAll(a, channel)).epochs, page.epochs);
    },
  },
  {
    number: 33,
    sentence: "a read sees what any node was told is appended",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      for (let i = 0; i < 20; i++) {
        const outcome = await appendOne(i % 2 === 0 ? a : b, channel, kit.draft());
        const page = await readAll(i % 2 === 0 ? b : a, channel);
        assert.ok("offset" in outcome);
        assert.equal(page.head, outcome.offset);
        assert.equal(page.entries.at(-1)?.offset, outcome.offset);
      }
    },
  },
  {
    number: 34,
    sentence: "after an offset is what comes after it, to the exact edge",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const [first = 0, second = 0, third = 0] = offsetsOf(await node.append(channel, kit.drafts(3), KEEP));
      const after = async (offset: number): Promise<unknown[]> =>
        dataOf(await node.read(channel, { after: offset, ...ALL }, KEEP));
      assert.deepEqual(await after(0), ["0", "1", "2"]);
      assert.deepEqual(await after(first - 1), ["0", "1", "2"]);
      assert.deepEqual(await after(first), ["1", "2"]);
      assert.deepEqual(await after(second), ["2"]);
      assert.deepEqual(await after(third), []);
      assert.deepEqual(await after(third + 1_000_000), []);
      assert.deepEqual(await after(MAX_OFFSET), []);
    },
  },
  {
    number: 35,
    sentence: "before an offset is what comes before it, to the exact edge, oldest first",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const [first = 0, second = 0, third = 0] = offsetsOf(await node.append(channel, kit.drafts(3), KEEP));
      const before = async (offset: number): Promise<unknown[]> =>
        dataOf(await node.read(channel, { before: offset, ...ALL }, KEEP));
      assert.deepEqual(await before(MAX_OFFSET), ["0", "1", "2"]);
      assert.deepEqual(await before(third + 1), ["0", "1", "2"]);
      assert.deepEqual(await before(third), ["0", "1"]);
      assert.deepEqual(await before(second), ["0"]);
      assert.deepEqual(await before(first), []);
      assert.deepEqual(await before(0), []);
    },
  },
  {
    number: 36,
    sentence: "pages forward put together are the log, and each says the same of the whole",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await node.append(channel, kit.drafts(25), KEEP);
      const whole = await readAll(node, channel);
      const entries = [];
      for (let pages = 0, after = 0; ; pages++) {
        assert.ok(pages < 10, "reading forward never comes to the end");
        const page = await node.read(channel, { after, limit: 7, bytes: 1_000_000 }, KEEP);
        assert.deepEqual({ ...page, entries: whole.entries }, whole);
        if (page.entries.length === 0) break;
        assert.equal(page.entries.length, Math.min(7, 25 - entries.length));
        entries.push(...page.entries);
        after = page.entries.at(-1)?.offset ?? MAX_OFFSET;
      }
      assert.deepEqual(entries, whole.entries);
      assertChain(entries, 0);
    },
  },
  {
    number: 37,
    sentence: "pages backward put together are the log too",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await node.append(channel, kit.drafts(25), KEEP);
      const whole = await readAll(node, channel);
      const entries = [];
      for (let pages = 0, before = MAX_OFFSET; ; pages++) {
        assert.ok(pages < 10, "reading backward never comes to the beginning");
        const page = await node.read(channel, { before, limit: 7, bytes: 1_000_000 }, KEEP);
        assert.deepEqual({ ...page, entries: whole.entries }, whole);
        if (page.entries.length === 0) break;
        assertChain(page.entries);
        entries.unshift(...page.entries);
        before = page.entries[0]?.offset ?? 0;
      }
      assert.deepEqual(entries, whole.entries);
    },
  },
  {
    number: 38,
    sentence: "a page ends at about its limit of bytes, in both directions, but is not empty",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      const text = JSON.stringify("x".repeat(998));
      await node.append(
        channel,
        Array.from({ length: 20 }, () => kit.draft(text)),
        KEEP,
      );
      const { entries } = await readAll(node, channel);
      for (const bytes of [1, 5000, 9999]) {
        const forward = await node.read(channel, { after: 0, limit: 100, bytes }, KEEP);
        const backward = await readBack(node, channel, 100, bytes);
        for (const page of [forward, backward]) {
          const { length } = page.entries;
          assert.ok(length >= 1 && length <= bytes / 1000 + 2, `${length} for ${bytes} bytes`);
          assert.ok(length >= bytes / 1000 - 3, `${length} for ${bytes} bytes`);
        }
        assert.deepEqual(forward.entries, entries.slice(0, forward.entries.length));
        assert.deepEqual(backward.entries, entries.slice(-backward.entries.length));
      }
      const middle = entries[10]?.offset ?? 0;
      const onward = await node.read(channel, { after: middle, limit: 100, bytes: 1 }, KEEP);
      assert.equal(onward.entries[0]?.prev, middle);
    },
  },
  {
    number: 83,
    sentence: "asking about a log that is not there, in any way and from any node, leaves nothing behind",
    async check(kit) {
      const nodes = await kit.nodes();
      const known = kit.channel();
      await nodes[0].append(known, kit.drafts(1), KEEP);
      const before = await kit.size();
      const channels = Array.from({ length: 50 }, () => kit.channel());
      for (const [i, channel] of channels.entries()) {
        const node = nodes[i % 2 === 0 ? 0 : 1];
        const stop = await node.follow(channel, recorder());
        await Promise.all([readAll(node, channel), readBack(node, channel, 1), node.members(channel)]);
        stop();
      }
      assert.equal(await kit.size(), before);
      const [channel = ""] = channels;
      assert.equal((await readAll(nodes[1], channel)).head, 0);
      await nodes[1].append(channel, kit.drafts(1), KEEP);
      assertChain((await readAll(nodes[0], channel)).entries, 0);
    },
  },
  {
    number: 84,
    sentence: "the first entry takes the epoch over that its log was said to have, on whichever node",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const follower = recorder();
      const told = newestEpoch(await readAll(a, channel));
      await a.follow(channel, follower);
      const toldAgain = newestEpoch(await readBack(a, channel, 1));
      await b.append(channel, kit.drafts(2), KEEP);
      const page = await readAll(a, channel);
      assertChain(page.entries, 0);
      for (const name of [told, toldAgain]) assertOnlyEpoch(page, name);
      await kit.until("the hint", () => follower.entries().length === 2);
      for (const { epoch } of follower.hints) assert.equal(epoch, newestEpoch(page));
    },
  },
  {
    number: 85,
    sentence: "no two logs have an epoch in common, whether anything is in them or not",
    async check(kit) {
      const node = await kit.node();
      const names = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const channel = kit.channel();
        if (i % 2 === 0) await node.append(channel, kit.drafts(1), KEEP);
        const { epochs } = await readAll(node, channel);
        for (const name of epochs.flatMap(({ epoch, earlier }) => [
          epoch,
          ...(earlier === undefined ? [] : [earlier]),
        ])) {
          assert.ok(!names.has(name), `${name} is another log's`);
          names.add(name);
        }
      }
    },
  },
];
