import assert from "node:assert/strict";
import {
  KEEP,
  appendOne,
  assertChain,
  keeping,
  readAll,
  recorder,
  type Kit,
  type Recorder,
  type Rule,
} from "./kit.js";

/** A hint may be lost if the follower is told so. */
function hears(kit: Kit, follower: Recorder, count: number): Promise<void> {
  return kit.until(
    `${count} entries or a reset`,
    () => follower.entries().length >= count || follower.resets > 0,
  );
}

/** What followers are told of entries and signals. */
export const followRules: readonly Rule[] = [
  {
    number: 41,
    sentence: "what any node appends after a follow has resolved is hinted as it is in the log",
    async check(kit) {
      const [a, b] = await kit.nodes();
      for (const options of [KEEP, keeping(undefined)]) {
        const channel = kit.channel();
        const follower = recorder();
        await b.follow(channel, follower);
        await a.append(
          channel,
          [kit.draft("1", '{"from":"ann"}'), kit.draft(Uint8Array.of(0, 255))],
          options,
        );
        await b.append(channel, [kit.draft("2")], options);
        await hears(kit, follower, 3);
        const { epochs, entries } = await readAll(a, channel, options);
        if (follower.resets > 0) return;
        const told = follower.entries();
        assertChain(told, 0);
        for (const hint of follower.hints) assert.equal(hint.epoch, epochs.at(-1)?.epoch);
        assert.deepEqual([told[0]?.data, told[0]?.meta, told[2]?.data], ["1", '{"from":"ann"}', "2"]);
        assert.ok(told[1]?.data instanceof Uint8Array);
        assert.deepEqual([...told[1].data], [0, 255]);
        if (options === KEEP) {
          assert.deepEqual(
            told.map(({ offset }) => offset),
            entries.map(({ offset }) => offset),
          );
        }
      }
    },
  },
  {
    number: 42,
    sentence: "hints come in the log's order, whichever nodes append at the same time",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const follower = recorder();
      await a.follow(channel, follower);
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          (i % 2 === 0 ? a : b).append(channel, kit.drafts((i % 3) + 1), KEEP),
        ),
      );
      const { entries } = await readAll(a, channel);
      await hears(kit, follower, entries.length);
      if (follower.resets === 0) assertChain(follower.entries(), 0);
    },
  },
  {
    number: 43,
    sentence: "followers of one channel on one node are independent",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const [first, second, third] = [recorder(), recorder(), recorder()];
      const stop = await a.follow(channel, first);
      await a.follow(channel, second);
      await b.follow(channel, third);
      await appendOne(b, channel, kit.draft());
      for (const follower of [first, second, third]) await hears(kit, follower, 1);
      const before = first.entries().length;
      stop();
      await appendOne(b, channel, kit.draft());
      await a.signal(channel, [{ data: "1", slot: "s" }]);
      for (const follower of [second, third]) {
        await hears(kit, follower, 2);
        await kit.until("the signal", () => follower.signals.length > 0 || follower.resets > 0);
      }
      assert.equal(first.entries().length, before, "nothing comes after stop");
      assert.deepEqual(first.signals, []);
      stop();
    },
  },
  {
    number: 44,
    sentence: "one follower may follow, stop and follow again, and hears nothing in between",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const [follower, witness] = [recorder(), recorder()];
      await a.follow(channel, witness);
      (await a.follow(channel, follower))();
      await appendOne(b, channel, kit.draft('"missed"'));
      await hears(kit, witness, 1);
      assert.deepEqual(follower.hints, []);
      await a.follow(channel, follower);
      await appendOne(b, channel, kit.draft('"heard"'));
      await hears(kit, follower, 1);
      const missed = follower.entries().filter(({ data }) => data === '"missed"');
      assert.deepEqual(missed, []);
    },
  },
  {
    number: 45,
    sentence: "a follower hears of its own channel only",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const names = [kit.channel(), "__proto__", "*", "contract/*", "é".repeat(127), "x".repeat(255)];
      const followers = names.map(() => recorder());
      for (const [i, name] of names.entries()) await a.follow(name, followers[i] ?? recorder());
      for (const name of names) {
        await appendOne(b, name, kit.draft(JSON.stringify(name)));
        await b.signal(name, [{ data: JSON.stringify(name), slot: "" }]);
      }
      for (const [i, name] of names.entries()) {
        const follower = followers[i] ?? recorder();
        await hears(kit, follower, 1);
        if (follower.resets > 0) continue;
        await kit.until("the signal", () => follower.signals.length > 0 || follower.resets > 0);
        const heard = [...follower.entries(), ...follower.signals].map(({ data }) => data);
        assert.deepEqual(heard, [JSON.stringify(name), JSON.stringify(name)]);
      }
    },
  },
  {
    number: 46,
    sentence: "signals reach the followers on all nodes, whole and in their sender's order",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const followers = [recorder(), recorder()];
      await a.follow(channel, followers[0] ?? recorder());
      await b.follow(channel, followers[1] ?? recorder());
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await a.signal(channel, [{ data: bytes, slot: "s/é", meta: '{"from":"ann"}' }]);
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          a.signal(channel, [
            { data: `${2 * i}`, slot: "s" },
            { data: `${2 * i + 1}`, slot: "t" },
          ]),
        ),
      );
      for (const follower of followers) {
        await kit.until("all signals", () => follower.signals.length >= 21 || follower.resets > 0);
        if (follower.resets > 0) continue;
        const [first, ...rest] = follower.signals;
        assert.ok(first?.data instanceof Uint8Array);
        assert.deepEqual([...first.data], [...bytes]);
        assert.deepEqual([first.slot, first.meta], ["s/é", '{"from":"ann"}']);
        assert.deepEqual(
          rest.map(({ data, slot, meta }) => [data, slot, meta]),
          Array.from({ length: 20 }, (_, i) => [`${i}`, i % 2 === 0 ? "s" : "t", undefined]),
        );
      }
    },
  },
  {
    number: 47,
    sentence: "signals are not kept: not in the log, and not for those who follow later",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      await a.signal(channel, [{ data: '"early"', slot: "s" }]);
      const follower = recorder();
      await b.follow(channel, follower);
      await a.signal(channel, [{ data: '"late"', slot: "s" }]);
      await kit.until("the late one", () => follower.signals.length > 0 || follower.resets > 0);
      assert.ok(follower.signals.every(({ data }) => data === '"late"'));
      const { head, entries } = await readAll(a, channel);
      assert.deepEqual([head, entries], [0, []]);
    },
  },
  {
    number: 48,
    sentence: "nothing is told before follow has resolved, though much is under way",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const follower = recorder();
      await a.follow(channel, follower);
      let resolved = false;
      let early = 0;
      const note = (): void => void (resolved || early++);
      const witness = { onEntries: note, onSignals: note, onPresence: note, onReset: note };
      const busy = Array.from({ length: 20 }, (_, i) => [
        b.append(channel, kit.drafts(1), KEEP),
        b.signal(channel, [{ data: `${i}`, slot: "s" }]),
      ]).flat();
      await a.follow(channel, witness).then(() => (resolved = true));
      await Promise.all(busy);
      await hears(kit, follower, 20);
      assert.equal(early, 0);
    },
  },
  {
    number: 49,
    sentence: "nothing is told after stop, though it was under way",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const channel = kit.channel();
      const [follower, witness] = [recorder(), recorder()];
      const stop = await a.follow(channel, follower);
      await a.follow(channel, witness);
      const busy = [
        a.append(channel, kit.drafts(2), KEEP),
        b.append(channel, kit.drafts(2), KEEP),
        a.signal(channel, [{ data: "1", slot: "s" }]),
        b.join(channel, { id: "ann" }, "1"),
      ];
      stop();
      await Promise.all(busy);
      await hears(kit, witness, 4);
      await kit.until("the join", () => witness.changes.length > 0 || witness.resets > 0);
      assert.deepEqual([follower.hints, follower.signals, follower.changes], [[], [], []]);
    },
  },
];
