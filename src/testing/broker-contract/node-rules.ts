import assert from "node:assert/strict";
import type { Rule } from "./kit.js";

/** The nodes of a store, and what they send each other. */
export const nodeRules: readonly Rule[] = [
  {
    number: 75,
    sentence: "every node sees all nodes that are there, by ids of their own, and since when",
    async check(kit) {
      const [a, b] = await kit.nodes();
      assert.notEqual(a.node, b.node);
      for (const node of [a, b]) {
        const nodes = await node.nodes();
        assert.deepEqual(nodes.map(({ id }) => id).sort(), [a.node, b.node].sort());
        for (const { since, version, load } of nodes) {
          assert.ok(Number.isSafeInteger(since) && since > 0);
          assert.equal(typeof version, "string");
          assert.deepEqual(load, {});
        }
      }
      const c = await kit.node();
      await b.close();
      assert.deepEqual((await a.nodes()).map(({ id }) => id).sort(), [a.node, c.node].sort());
    },
  },
  {
    number: 76,
    sentence: "a node sees the load that it reported at once, the others in a while",
    async check(kit) {
      const [a, b] = await kit.nodes();
      a.report({ connections: 1 });
      a.report({ connections: 120, channels: 0.5 });
      const own = (await a.nodes()).find(({ id }) => id === a.node);
      assert.deepEqual(own?.load, { connections: 120, channels: 0.5 });
      let seen: Readonly<Record<string, number>> | undefined = {};
      for (let waited = 0; waited < 50 && seen?.["connections"] !== 120; waited++) {
        await kit.elapse(100);
        seen = (await b.nodes()).find(({ id }) => id === a.node)?.load;
      }
      assert.deepEqual(seen, { connections: 120, channels: 0.5 });
    },
  },
  {
    number: 77,
    sentence: "a text sent to a node reaches its listeners and nobody else's, in its sender's order",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const [atA, first, second]: [string[], string[], string[]] = [[], [], []];
      a.listen((text) => void atA.push(text));
      b.listen((text) => void first.push(text));
      const stop = b.listen((text) => void second.push(text));
      const texts = ["", "{}", "\n\0é😀", ...Array.from({ length: 20 }, (_, i) => `${i}`)];
      await Promise.all(texts.map((text) => a.send(b.node, text)));
      await kit.until("all texts", () => first.length >= texts.length && second.length >= texts.length);
      assert.deepEqual([first, second], [texts, texts]);
      stop();
      await a.send(b.node, "last");
      await a.send("nobody", "lost");
      await kit.until("the last one", () => first.includes("last"));
      assert.equal(second.length, texts.length, "nothing comes after stop");
      assert.deepEqual(atA, []);
    },
  },
  {
    number: 78,
    sentence: "a text sent to all nodes reaches each of them once, the sender too, but none that has closed",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const c = await kit.node();
      const heard: [string[], string[], string[]] = [[], [], []];
      for (const [i, node] of [a, b, c].entries()) node.listen((text) => void heard[i]?.push(text));
      await b.send("*", "one");
      await kit.until("all to hear", () => heard.every(({ length }) => length > 0));
      await c.close();
      await a.send("*", "two");
      await kit.until("both to hear", () => heard[0].length > 1 && heard[1].length > 1);
      assert.deepEqual(heard, [["one", "two"], ["one", "two"], ["one"]]);
    },
  },
];
