/** What channels of keys cost a server, and how much of that there may be. */
import { expect, it } from "vitest";
import { Cuts } from "../../../src/server/feed/slots/cuts.js";
import { StateMemory } from "../../../src/server/kinds/slots/state-memory.js";
import { viewOf } from "../../../src/server/kinds/slots/views.js";
import { VirtualClock } from "../../../src/testing/index.js";
import type { Broker } from "../../../src/broker/index.js";
import type { Peer } from "../support/engine.js";
import { CHANNEL, setup } from "./support.js";

it("E35: where memories take all that they may no other channel is opened, and those in use go on", async () => {
  const { world, put, watch } = setup({}, { limits: { memories: 50_000 } });
  await put({ a: 0 });
  const viewer = await watch();
  await put({ a: "x".repeat(60_000) });
  await world.clock.settle();
  expect(world.engine.node.memories.bytes).toBeGreaterThan(60_000);
  const other = await world.connect();
  expect(await other.ask({ subscribe: "keys/b" })).toMatchObject({
    error: { code: "overloaded", retry: true, after: 5000 },
  });
  expect(world.engine.node.refused.overloaded).toBe(1);
  expect((await watch()).map).toEqual(viewer.map);
  await put({ b: 1 });
  await world.clock.settle();
  expect(viewer.map["b"]).toBe(1);
});

it("E35: memories that nobody needs give way", async () => {
  const { world, put, watch } = setup({}, { limits: { memories: 50_000 } });
  await put({ a: "x".repeat(60_000) });
  const viewer = await watch();
  await viewer.peer.ask({ unsubscribe: CHANNEL });
  expect(world.engine.node.memories.isFull).toBe(true);
  expect(await viewer.peer.ask({ subscribe: "keys/b" })).toMatchObject({ kind: "state" });
  expect(world.engine.node.memories.bytes).toBe(0);
  expect(await viewer.peer.ask({ subscribe: CHANNEL })).toMatchObject({ kind: "state" });
  await viewer.peer.ask({ unsubscribe: CHANNEL });
  await world.clock.advance(10_000);
  expect(world.engine.node.memories.bytes).toBe(0);
});

it("E11: a thousand who come at once cost the broker one reading", async () => {
  let reads = 0;
  const counted = (broker: Broker): Broker =>
    new Proxy(broker, {
      get: (of, name) => {
        const value = Reflect.get(of, name) as unknown;
        if (name === "readSlots") reads++;
        return typeof value === "function" ? (value.bind(of) as unknown) : value;
      },
    });
  const { world, put } = setup({}, { broker: counted });
  await put({ a: 1 });
  const peers: Peer[] = [];
  for (let i = 0; i < 1000; i++) peers.push(await world.connect());
  reads = 0;
  for (const peer of peers) peer.send({ id: 1, subscribe: CHANNEL });
  await world.clock.advance(100);
  expect(peers.every(({ payloads }) => payloads.length === 1)).toBe(true);
  // Each read looks whether there is one.
  expect(reads).toBeLessThanOrEqual(6);
});

it("E11: however many come while all goes on changing, what they get is made four times a second", async () => {
  const clock = new VirtualClock();
  const keeping = { by: "slots", most: { count: 1000, bytes: 1e9 }, graves: { count: 4 } } as const;
  const memory = new StateMemory({ channel: "keys/a", ch: 1, log: { keeping, dedupe: 1000 } });
  const cuts = new Cuts(memory, clock);
  const made = new Set();
  for (let i = 1; i <= 1000; i++) {
    memory.push({ offset: i, prev: i - 1, changes: [{ slot: `k${i % 50}`, data: String(i) }] });
    const taken = cuts.take({ epoch: "e", offset: 0 }, viewOf({}));
    made.add(taken);
    if (taken !== undefined) cuts.leave(taken);
    await clock.advance(2);
  }
  expect(made.size).toBeLessThanOrEqual(8);
});

it("E8: of a list of keys gets what has changed, however much else has, looked up or gone through", () => {
  const keeping = { by: "slots", most: { count: 1000, bytes: 1e9 }, graves: { count: 400 } } as const;
  const memory = new StateMemory({ channel: "keys/a", ch: 1, log: { keeping, dedupe: 1000 } });
  const list = viewOf({ keys: ["k3", "k7", "none"] });
  const each = { id: list.id, key: list.key, wants: (slot: string) => list.wants(slot) };
  for (let i = 1; i <= 300; i++) {
    const data = i % 5 === 0 ? undefined : String(i);
    memory.push({ offset: i, prev: i - 1, changes: [{ slot: `k${(i * 7) % 40}`, data }] });
    for (const offset of [0, 1, i >> 1, Math.max(0, i - 4), i]) {
      const from = { epoch: "e", offset };
      const [one, other] = [list, each].map((view) => memory.cut(from, view));
      expect(sortedText(one?.page(0)?.text)).toBe(sortedText(other?.page(0)?.text));
    }
  }
});

/** The same for messages that differ in the order of their keys. */
function sortedText(text: string | undefined): string {
  return (text ?? "")
    .split(/[,[\]]/)
    .toSorted()
    .join();
}
