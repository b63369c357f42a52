/** Subscribers that are behind, together. */
import { expect, it } from "vitest";
import { stream } from "../../src/server/index.js";
import type { Chunk } from "../../src/server/delivery/chunk.js";
import { World, type Peer } from "./support/engine.js";

const KILOBYTE = JSON.stringify("x".repeat(1000));

/** A world in which these many peers have stopped reading before 300 messages of a kilobyte were published. */
async function world(count: number): Promise<{ world: World; peers: Peer[]; reads: () => number }> {
  let reads = 0;
  const made = new World(
    { "a/:id": stream({ retain: { count: 1000 } }) },
    {
      broker: (broker) =>
        new Proxy(broker, {
          get: (target, name) => {
            if (name === "read") reads++;
            const value = Reflect.get(target, name) as unknown;
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          },
        }),
    },
  );
  const peers: Peer[] = [];
  for (let i = 0; i < count; i++) {
    const peer = await made.connect();
    await peer.ask({ subscribe: "a/1" });
    peer.stuck = true;
    peers.push(peer);
  }
  for (let i = 0; i < 300; i++) {
    await made.append("a/1", KILOBYTE);
    await made.clock.settle();
  }
  reads = 0;
  return { world: made, peers, reads: () => reads };
}

it("F11: those who stand at the same cursor share the read and what is made of it", async () => {
  const { world: made, peers, reads } = await world(20);
  const pages = peers.map((): Chunk[] => []);
  for (const [i, peer] of peers.entries()) {
    peer.stuck = false;
    peer.write = (chunks) => void pages[i]?.push(...chunks);
    peer.writeShared = (chunk) => void pages[i]?.push(chunk);
  }
  for (const peer of peers) peer.drain();
  await made.clock.settle();
  expect(reads()).toBeLessThan(10);
  expect(pages[0]?.length).toBeGreaterThan(3);
  for (const mine of pages) expect(mine.every((chunk, i) => chunk === pages[0]?.[i])).toBe(true);
});

it("F1, F5: who reads on gets everything once, and is written as much a turn as there is room for", async () => {
  const { world: made, peers } = await world(1);
  const [peer] = peers;
  if (peer === undefined) throw new Error("nobody is there");
  peer.stuck = false;
  peer.drain();
  await made.clock.settle();
  expect(peer.payloads).toHaveLength(300);
  await made.append("a/1", '"live"');
  await made.clock.settle();
  expect(peer.payloads.at(-1)).toBe("live");
  expect(peer.payloads).toHaveLength(301);
});
