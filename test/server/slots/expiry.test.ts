/** Keys with a time to live. */
import { describe, expect, it } from "vitest";
import { CHANNEL, setup } from "./support.js";

/** As long as a lease, and a little more. */
const LEASE_MS = 5500;

describe("a key with a time to live", () => {
  it("E14: is deleted when that is over, unless it was renewed", async () => {
    const { world, put, watch } = setup();
    await put({ kept: 1 });
    await world.clock.advance(LEASE_MS);
    const viewer = await watch();
    await put({ short: 1, renewed: 1 }, 2000);
    await world.clock.advance(1500);
    await put({ renewed: 1 }, 2000);
    await world.clock.advance(900);
    expect(viewer.map).toEqual({ kept: 1, renewed: 1 });
    expect(viewer.lines.at(-1)).toMatchObject([1, expect.any(Number), [], { del: ["short"] }]);
    await world.clock.advance(2000);
    expect(viewer.map).toEqual({ kept: 1 });
  });

  it("E14: is gone before the first newcomer of a node is served", async () => {
    const { world, put, watch } = setup();
    await put({ kept: 1 });
    await put({ short: 1 }, 1000);
    await world.clock.advance(LEASE_MS + 1000);
    const viewer = await watch();
    expect(viewer.lines).toMatchObject([[1, expect.any(Number), ["kept", 1]]]);
  });

  it("E14: is not deleted by a node whose connection to the broker was reset within a lease", async () => {
    const { world, put, watch } = setup();
    await put({ kept: 1 });
    await world.clock.advance(LEASE_MS);
    const viewer = await watch();
    await put({ short: 1 }, 1000);
    await world.clock.advance(500);
    world.engine.node.hub.get(CHANNEL)?.check();
    world.hub.restore(world.hub.snapshot());
    await world.clock.advance(4000);
    expect(viewer.map).toEqual({ kept: 1, short: 1 });
    await world.clock.advance(3000);
    expect(viewer.map).toEqual({ kept: 1 });
  });

  it("E14: is published with it, and a later set without one ends it", async () => {
    const { world, watch } = setup();
    await world.clock.advance(LEASE_MS);
    const viewer = await watch();
    const peer = await world.connect();
    await peer.ask({ publish: CHANNEL, data: { set: { a: 1, b: 1 }, ttl: 1000 } });
    await peer.ask({ publish: CHANNEL, data: { set: { a: 1 } } });
    await world.clock.advance(LEASE_MS + 1500);
    expect(viewer.map).toEqual({ a: 1 });
  });
});
