import assert from "node:assert/strict";
import { KEEP, appendOne, assertRejects, readAll, recorder, type Rule } from "./kit.js";

/** The end of a node. */
export const closeRules: readonly Rule[] = [
  {
    number: 71,
    sentence: "a broker says what an acknowledgement survives",
    async check(kit) {
      const { durability } = await kit.node();
      assert.ok(["memory", "disk", "replicated"].includes(durability));
    },
  },
  {
    number: 72,
    sentence: "once closed, every method rejects with closed, and closing again does nothing",
    async check(kit) {
      const node = await kit.node();
      const channel = kit.channel();
      await node.close();
      const calls = [
        node.append(channel, kit.drafts(1), KEEP),
        node.append(channel, [], KEEP),
        node.read(channel, { after: 0, limit: 1, bytes: 1 }, KEEP),
        node.signal(channel, [{ data: "1", slot: "s" }]),
        node.follow(channel, recorder()),
        node.join(channel, { id: "ann" }, "1"),
        node.leave(channel, "ann", "1", 0),
        node.members(channel),
        node.lease("lease", 1000),
        node.reign(channel, { ttl: 1000, secret: "secret", note: "" }, KEEP),
        node.nodes(),
        node.send("*", "text"),
      ];
      await Promise.all(calls.map((call) => assertRejects(call, "closed")));
      await node.close();
    },
  },
  {
    number: 73,
    sentence: "a closed node's followers are told nothing more, and those of others go on",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const [gone, stays] = [recorder(), recorder()];
      const stop = await a.follow(channel, gone);
      await b.follow(channel, stays);
      await a.close();
      await appendOne(b, channel, kit.draft());
      await b.signal(channel, [{ data: "1", slot: "s" }]);
      await b.join(channel, { id: "ann" }, "1");
      await kit.until(
        "the other node to hear",
        () => (stays.hints.length > 0 && stays.changes.length > 0) || stays.resets > 0,
      );
      assert.deepEqual([gone.hints, gone.signals, gone.changes, gone.resets], [[], [], [], 0]);
      stop();
    },
  },
  {
    number: 74,
    sentence: "what a node appended stays when it closes",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      await a.append(channel, kit.drafts(3), KEEP);
      const before = await readAll(b, channel);
      await a.close();
      assert.deepEqual(await readAll(b, channel), before);
      assert.equal(before.entries.length, 3);
    },
  },
];
