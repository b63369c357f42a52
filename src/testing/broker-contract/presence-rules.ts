import assert from "node:assert/strict";
import type { Broker, PresenceChange } from "../../broker/index.js";
import { recorder, type Kit, type Recorder, type Rule } from "./kit.js";

/** Long enough for a busy machine to be in time where a test has to be. */
const GRACE = 2000;

async function ids(broker: Broker, channel: string): Promise<string[]> {
  return (await broker.members(channel)).members.map(({ id }) => id).sort();
}

/** `+ann` and `-ann` in the order of the changes. */
function story(changes: readonly PresenceChange[]): string[] {
  return changes.flatMap(({ joined, left }) => [
    ...left.map(({ id }) => `-${id}`).sort(),
    ...joined.map(({ id }) => `+${id}`).sort(),
  ]);
}

function tells(kit: Kit, follower: Recorder, ...expected: string[]): Promise<void> {
  return kit.until(`to be told ${expected.join(" ")}`, () => {
    const told = story(follower.changes);
    return told.length >= expected.length && told.every((step, i) => step === expected[i]);
  });
}

/** Two nodes, a channel, and someone who watches it from the second. */
async function scene(kit: Kit): Promise<{ a: Broker; b: Broker; channel: string; watcher: Recorder }> {
  const [a, b] = await kit.nodes();
  const channel = kit.channel();
  const watcher = recorder();
  await b.follow(channel, watcher);
  return { a, b, channel, watcher };
}

/** Who is present, and what is told of it. */
export const presenceRules: readonly Rule[] = [
  {
    number: 51,
    sentence: "the first instance of a member joins and the last one leaves; those between do neither",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      assert.deepEqual((await a.members(channel)).members, []);
      await a.join(channel, { id: "ann", data: { x: [1] } }, "1");
      await tells(kit, watcher, "+ann");
      assert.deepEqual(watcher.changes[0]?.joined, [{ id: "ann", data: { x: [1] } }]);
      await a.join(channel, { id: "ann", data: { x: [1] } }, "2");
      await b.join(channel, { id: "ann", data: { x: [1] } }, "3");
      await a.leave(channel, "ann", "1", 0);
      await b.leave(channel, "ann", "3", 0);
      await a.join(channel, { id: "bob" }, "4");
      await tells(kit, watcher, "+ann", "+bob");
      assert.deepEqual(await ids(b, channel), ["ann", "bob"]);
      await a.leave(channel, "ann", "2", 0);
      await tells(kit, watcher, "+ann", "+bob", "-ann");
      assert.deepEqual(await ids(b, channel), ["bob"]);
    },
  },
  {
    number: 52,
    sentence: "a member leaves when the grace after its last instance is over, and is present until then",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      await a.join(channel, { id: "ann" }, "1");
      await tells(kit, watcher, "+ann");
      await a.leave(channel, "ann", "1", GRACE);
      await kit.elapse(GRACE / 2);
      assert.deepEqual(await ids(b, channel), ["ann"]);
      assert.deepEqual(story(watcher.changes), ["+ann"]);
      await kit.elapse(GRACE);
      await tells(kit, watcher, "+ann", "-ann");
      assert.deepEqual(await ids(a, channel), []);
    },
  },
  {
    number: 53,
    sentence: "who comes back within the grace, on any node, has neither left nor joined",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      await a.join(channel, { id: "ann" }, "1");
      await tells(kit, watcher, "+ann");
      for (const node of [b, a]) {
        await (node === a ? b : a).leave(channel, "ann", "1", GRACE);
        await kit.elapse(GRACE / 2);
        await node.join(channel, { id: "ann" }, "1");
      }
      await kit.elapse(2 * GRACE);
      await b.join(channel, { id: "bob" }, "2");
      await tells(kit, watcher, "+ann", "+bob");
      assert.deepEqual(await ids(b, channel), ["ann", "bob"]);
    },
  },
  {
    number: 54,
    sentence: "instances of one name on two nodes are two, and one that joins twice is one",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      await a.join(channel, { id: "ann" }, "1");
      await a.join(channel, { id: "ann" }, "1");
      await b.join(channel, { id: "ann" }, "1");
      await a.leave(channel, "ann", "1", 0);
      await a.leave(channel, "ann", "1", 0);
      assert.deepEqual(await ids(a, channel), ["ann"]);
      await b.leave(channel, "ann", "1", 0);
      await tells(kit, watcher, "+ann", "-ann");
      assert.deepEqual(await ids(a, channel), []);
    },
  },
  {
    number: 55,
    sentence: "leaving without having joined does nothing, not even to somebody's grace",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      await a.leave(channel, "nobody", "1", 0);
      await a.join(channel, { id: "ann" }, "1");
      await a.leave(channel, "ann", "other", 0);
      await b.leave(channel, "bob", "1", GRACE);
      await a.leave(channel, "ann", "1", 100 * GRACE);
      await b.leave(channel, "ann", "1", 0);
      assert.deepEqual(await ids(b, channel), ["ann"]);
      await tells(kit, watcher, "+ann");
    },
  },
  {
    number: 56,
    sentence:
      "a later instance's data takes the place of the one before, and is announced if it is other data",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      await a.join(channel, { id: "ann", data: { name: "Ann", bytes: "\n😀" } }, "1");
      await tells(kit, watcher, "+ann");
      const before = await b.members(channel);
      await b.join(channel, { id: "ann", data: [1, null] }, "2");
      const after = await a.members(channel);
      assert.deepEqual(before.members, [{ id: "ann", data: { name: "Ann", bytes: "\n😀" } }]);
      assert.deepEqual(after.members, [{ id: "ann", data: [1, null] }]);
      assert.equal(after.version, before.version + 1);
      await tells(kit, watcher, "+ann", "+ann");
      assert.deepEqual(watcher.changes.at(-1)?.joined, [{ id: "ann", data: [1, null] }]);
      await b.join(channel, { id: "ann", data: [1, null] }, "4");
      await a.join(channel, { id: "bob" }, "3");
      await tells(kit, watcher, "+ann", "+ann", "+bob");
      await b.leave(channel, "ann", "2", 0);
      await a.join(channel, { id: "ann", data: [1, null] }, "5");
      await b.leave(channel, "ann", "4", 0);
      await a.leave(channel, "ann", "1", 0);
      await a.leave(channel, "ann", "5", 0);
      await tells(kit, watcher, "+ann", "+ann", "+bob", "-ann");
      const bob = (await a.members(channel)).members.find(({ id }) => id === "bob");
      assert.equal(bob?.data, undefined);
    },
  },
  {
    number: 57,
    sentence: "versions grow by one, and the members of a version with the later changes are the members",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      const lists: { members: { id: string }[]; version: number }[] = [await b.members(channel)];
      for (let i = 0; i < 30; i++) {
        const node = i % 3 === 0 ? b : a;
        const id = `m${(i * 7) % 5}`;
        if (i % 4 === 3) await node.leave(channel, `m${((i - 1) * 7) % 5}`, "1", 0);
        else await node.join(channel, { id }, "1");
        if (i % 2 === 0) lists.push(await (i % 4 === 0 ? a : b).members(channel));
        if (i % 10 === 9) await kit.elapse(20);
      }
      const last = await a.members(channel);
      await kit.until("the last version", () => watcher.changes.at(-1)?.version === last.version);
      const { changes } = watcher;
      for (const [i, change] of changes.entries()) {
        assert.equal(change.version, (changes[0]?.version ?? 0) + i);
        assert.ok(Number.isSafeInteger(change.version));
      }
      const expected = await ids(a, channel);
      for (const list of lists) {
        const present = new Set(list.members.map(({ id }) => id));
        for (const change of changes.filter(({ version }) => version > list.version)) {
          for (const { id } of change.left) assert.ok(present.delete(id), `${id} was not there`);
          for (const { id } of change.joined) assert.ok(!present.has(id), `${id} was there`);
          for (const { id } of change.joined) present.add(id);
        }
        assert.deepEqual([...present].sort(), expected);
      }
    },
  },
  {
    number: 58,
    sentence: "a channel that everybody left goes on with its versions",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      for (let i = 0; i < 3; i++) {
        await a.join(channel, { id: "ann" }, "1");
        await tells(kit, watcher, ...Array.from({ length: i }, () => ["+ann", "-ann"]).flat(), "+ann");
        await a.leave(channel, "ann", "1", 0);
        await tells(kit, watcher, ...Array.from({ length: i + 1 }, () => ["+ann", "-ann"]).flat());
      }
      const { version } = await b.members(channel);
      assert.deepEqual(
        watcher.changes.map((change) => version - change.version),
        [5, 4, 3, 2, 1, 0],
      );
    },
  },
  {
    number: 59,
    sentence: "members and channels may have any names",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const names = ["__proto__", "constructor", "a/b", "a:b", "😀", " ", "0"];
      for (const channel of ["__proto__", "x".repeat(255), "{y}"]) {
        for (const id of names) await a.join(channel, { id }, `${id}/${id}`);
        assert.deepEqual(await ids(b, channel), [...names].sort());
        for (const id of names) await a.leave(channel, id, `${id}/${id}`, 0);
        assert.deepEqual(await ids(b, channel), []);
      }
    },
  },
  {
    number: 60,
    sentence: "a node's members leave at once when it closes, unless they are on another one too",
    async check(kit) {
      const { a, b, channel, watcher } = await scene(kit);
      await a.join(channel, { id: "ann" }, "1");
      await a.join(channel, { id: "bob" }, "2");
      await b.join(channel, { id: "bob" }, "3");
      await b.join(channel, { id: "cid" }, "4");
      await tells(kit, watcher, "+ann", "+bob", "+cid");
      await a.close();
      await kit.until("ann to have left", () => story(watcher.changes).includes("-ann"));
      assert.deepEqual(await ids(b, channel), ["bob", "cid"]);
      assert.ok(!story(watcher.changes).includes("-bob"));
    },
  },
];
