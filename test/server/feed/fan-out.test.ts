/** What all live subscribers get. */
import { describe, expect, it } from "vitest";
import type { Peer } from "../support/engine.js";
import { setup, subscribed, say, numbers } from "../support/between.js";

describe("the fan-out", () => {
  it("F8: a message is encoded once, and written once to each live subscriber", async () => {
    const { world } = setup();
    const peers = [];
    for (let i = 0; i < 100; i++) peers.push(await subscribed(world));
    for (const peer of peers) peer.shared.length = 0;
    await say(world, 1, 10);
    await world.clock.settle();
    const [first] = peers[0]?.shared ?? [];
    expect(first?.text?.split("\n")).toHaveLength(10);
    for (const peer of peers) {
      expect(peer.shared).toHaveLength(1);
      expect(peer.shared[0]).toBe(first);
    }
  });

  it("F8: several channels in one turn are one frame", async () => {
    const { world } = setup();
    const peer = await world.connect();
    for (const id of ["a", "b", "c"]) await peer.ask({ subscribe: `log/${id}` });
    peer.frames.length = 0;
    for (const id of ["a", "b", "c"]) await world.append(`log/${id}`, `"${id}"`);
    await world.clock.settle();
    expect(peer.frames).toHaveLength(1);
    expect(peer.payloads).toEqual(["a", "b", "c"]);
  });

  it("F9, F1: somebody who joins or lags in the middle of it gets nothing twice and misses nothing", async () => {
    const { world } = setup();
    const peers: Peer[] = [];
    for (let i = 0; i < 300; i++) peers.push(await subscribed(world));
    // Each write takes a while, so that a fan-out is spread over many turns.
    let wall = 0;
    world.clock.monotonic = () => wall;
    for (const peer of peers) {
      const write = peer.writeShared.bind(peer);
      peer.writeShared = (chunk) => ((wall += 0.1), write(chunk));
    }
    const late: Peer[] = [];
    for (let i = 1; i <= 30; i++) {
      await say(world, i, i, 5000);
      for (const one of peers.slice(i, i + 1)) one.stuck = i % 2 === 0;
      if (i % 5 === 0) {
        const peer = world.dial();
        peer.send({ id: 1, connect: { subs: { "log/a": { last: 1000 } } } });
        late.push(peer);
      }
      await world.clock.settle();
    }
    for (const peer of peers) {
      peer.stuck = false;
      peer.drain();
    }
    await world.clock.settle();
    for (const peer of [...peers, ...late])
      expect(peer.payloads.map((text) => parseInt(text as string))).toEqual(numbers(1, 30));
  });

  it("S2: nothing comes after an unsubscribe, whenever it is", async () => {
    for (let turn = 0; turn < 6; turn++) {
      const { world } = setup();
      const peer = await subscribed(world);
      await world.append("log/a", "1");
      for (let i = 0; i < turn; i++) await Promise.resolve();
      peer.send({ id: 7, unsubscribe: "log/a" });
      await world.append("log/a", "2");
      await world.clock.settle();
      const ok = peer.lines.findIndex((line) => "id" in line && line.id === 7);
      expect(ok).toBeGreaterThanOrEqual(0);
      expect(peer.lines.slice(ok + 1)).toEqual([]);
    }
  });
});
