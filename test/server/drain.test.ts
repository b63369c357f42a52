/** A node that stops with a grace time: who is told what, and when. In virtual time. */
import { describe, expect, it } from "vitest";
import { stream } from "../../src/server/index.js";
import { World, type Peer } from "./support/engine.js";
import { deferred } from "./support/serve.js";

const channels = { "log/:id": stream({ retain: { count: 1000 } }) };
const slots = (peer: Peer): unknown[] =>
  peer.events.filter(({ event }) => event === "goaway").map(({ after }) => after);

async function crowd(world: World, count: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  while (peers.length < count) peers.push(await world.connect());
  return peers;
}

describe("a server that stops with a grace time", () => {
  it("K50: lets nobody in, and says when to come back", async () => {
    const world = new World(channels);
    await world.connect();
    world.engine.drain(30_000, "stopping");
    const late = world.dial();
    const answer = await late.ask({ connect: {} });
    expect(answer["error"]).toMatchObject({ code: "going_away", retry: true });
    const { after } = answer["error"] as { after: number };
    expect(after).toBeGreaterThanOrEqual(250);
    expect(after).toBeLessThanOrEqual(750);
    expect(late.closed[0]?.code).toBe(4000);
  });

  it("K50: nor who had a socket and had not connected", async () => {
    const world = new World(channels);
    const early = world.dial();
    world.engine.drain(30_000, "stopping");
    expect(early.closed).toEqual([{ name: "going_away", code: 4000, reason: "stopping" }]);
  });

  it("K51: gives each client a slot of its own, 50 a second", async () => {
    const world = new World(channels);
    const peers = await crowd(world, 500);
    world.engine.drain(30_000, "stopping");
    await world.clock.settle();
    const after = peers.map((peer) => slots(peer)[0] as number);
    expect(after.every((ms) => ms >= 0 && ms <= 10_000)).toBe(true);
    for (let second = 0; second < 10; second++) {
      const inIt = after.filter((ms) => Math.floor(ms / 1000) === second).length;
      expect(inIt).toBeGreaterThanOrEqual(48);
      expect(inIt).toBeLessThanOrEqual(52);
    }
  });

  it("K51: all of them within four fifths of the grace, where they are many", async () => {
    const world = new World(channels);
    const peers = await crowd(world, 500);
    world.engine.drain(1000, "stopping");
    await world.clock.settle();
    expect(Math.max(...peers.map((peer) => slots(peer)[0] as number))).toBeLessThanOrEqual(801);
  });

  it("K51: is done as soon as all have left", async () => {
    const world = new World(channels);
    const peers = await crowd(world, 10);
    let done = false;
    void world.engine.drain(30_000, "stopping").done.then(() => (done = true));
    await world.clock.settle();
    for (const peer of peers) peer.connection.transportClosed("1005", false);
    await world.clock.advance(100);
    expect(done).toBe(true);
  });

  it("K50, K51: does not wait for those who had not connected", async () => {
    const world = new World(channels);
    world.dial();
    let done = false;
    void world.engine.drain(30_000, "stopping").done.then(() => (done = true));
    await world.clock.settle();
    expect(done).toBe(true);
  });

  it("K51: closes who stays with 4000, a second after the slot", async () => {
    const world = new World(channels);
    const [peer] = await crowd(world, 1);
    world.engine.drain(30_000, "stopping");
    await world.clock.advance(1000);
    expect(peer?.closed).toEqual([]);
    await world.clock.advance(200);
    expect(peer?.closed).toEqual([{ name: "going_away", code: 4000, reason: "stopping" }]);
  });

  it("K51: gives a later slot to who waits for a call, and closes only after that", async () => {
    const answer = deferred<string>();
    const world = new World(channels, { methods: { slow: () => answer.promise, quick: () => "quick" } });
    const peer = await world.connect();
    peer.send({ id: 1, call: "slow" });
    world.engine.drain(30_000, "stopping");
    await world.clock.advance(5000);
    expect(slots(peer).length).toBeGreaterThan(3);
    expect(
      slots(peer)
        .slice(1)
        .every((after) => after === 1000),
    ).toBe(true);
    expect(peer.closed).toEqual([]);
    answer.resolve("done");
    await world.clock.advance(2500);
    expect([peer.answer(1), peer.closed[0]?.code]).toEqual(["done", 4000]);
  });

  it("K51: carries out nothing more of who is to be gone", async () => {
    const answer = deferred<string>();
    const world = new World(channels, { methods: { slow: () => answer.promise } });
    const peer = await world.connect();
    peer.send({ id: 1, call: "slow" });
    world.engine.drain(2500, "stopping");
    await world.clock.advance(2400);
    peer.send({ id: 2, publish: "log/a", data: "late" });
    await world.clock.settle();
    expect(peer.answer(2)).toEqual({});
    answer.resolve("done");
    await world.clock.settle();
    expect([peer.answer(1), peer.closed[0]?.code]).toEqual(["done", 4000]);
  });

  it("K51: is over at the end of the grace, whoever waits", async () => {
    const world = new World(channels, { methods: { never: () => new Promise(() => {}) } });
    const peer = await world.connect();
    peer.send({ id: 1, call: "never" });
    let done = false;
    void world.engine.drain(3000, "stopping").done.then(() => (done = true));
    await world.clock.advance(3100);
    expect(done).toBe(true);
    world.engine.close("stopping");
    expect(peer.closed[0]?.code).toBe(4000);
  });
});
