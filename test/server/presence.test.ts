/** Who is there: joins, leaves, the grace, several tabs. In virtual time. */
import { describe, expect, it } from "vitest";
import { stream, transient } from "../../src/server/index.js";
import { World, type Peer } from "./support/engine.js";

interface Options {
  readonly token?: string;
  readonly publisher?: string;
}

function makeWorld(): World {
  const data = ({ user }: { user: unknown }): unknown =>
    user === null ? undefined : { name: (user as { id: string }).id.toUpperCase() };
  return new World(
    {
      "room/:id": stream({ presence: data }),
      "now/:id": transient({ presence: true, presenceGrace: "1s" }),
      "plain/:id": stream(),
    },
    {
      hooks: { authenticate: ({ token }) => (token === undefined ? null : { id: token }) },
      limits: { commands: false },
    },
  );
}

async function enter(world: World, options: Options = {}, channel = "room/a"): Promise<Peer> {
  const peer = await world.connect({ ...options });
  expect(await peer.ask({ subscribe: channel })).toMatchObject({ presence: true });
  return peer;
}

/** Joins and leaves so far, in short. */
function told(peer: Peer): string[] {
  return peer.events.map(
    (event) =>
      `${event["event"] as string} ${(event["members"] as { id: string }[]).map(({ id }) => id).join(" ")}`,
  );
}

async function members(peer: Peer, channel = "room/a"): Promise<string[]> {
  return ((await peer.ask({ members: channel }))["members"] as { id: string }[]).map(({ id }) => id).sort();
}

describe("presence", () => {
  it("M2, M3, M12: who subscribes joins, with what the channel shows of it", async () => {
    const world = makeWorld();
    const ann = await enter(world, { token: "ann" });
    ann.lines.length = 0;
    const bob = await enter(world, { token: "bob" });
    expect(ann.events).toEqual([
      { event: "join", ch: 1, version: expect.any(Number), members: [{ id: "bob", data: { name: "BOB" } }] },
    ]);
    expect(await bob.ask({ members: "room/a" })).toEqual({
      members: [
        { id: "ann", data: { name: "ANN" } },
        { id: "bob", data: { name: "BOB" } },
      ],
      version: ann.events[0]?.["version"],
      total: 2,
    });
  });

  it("M4: unsubscribing leaves at once", async () => {
    const world = makeWorld();
    const [ann, bob] = [await enter(world, { token: "ann" }), await enter(world, { token: "bob" })];
    ann.lines.length = 0;
    await bob.ask({ unsubscribe: "room/a" });
    expect(told(ann)).toEqual(["leave bob"]);
    expect(await members(bob)).toEqual(["ann"]);
  });

  it("M4: saying goodbye leaves at once, being cut off after the grace", async () => {
    const world = makeWorld();
    const [ann, bob, cat] = [
      await enter(world, { token: "ann" }),
      await enter(world, { token: "bob" }),
      await enter(world, { token: "cat" }),
    ];
    ann.lines.length = 0;
    bob.connection.transportClosed("1000", true);
    cat.connection.transportClosed("1006", false);
    await world.clock.settle();
    expect(told(ann)).toEqual(["leave bob"]);
    await world.clock.advance(4900);
    expect(await members(ann)).toEqual(["ann", "cat"]);
    await world.clock.advance(200);
    expect(told(ann)).toEqual(["leave bob", "leave cat"]);
    expect(await members(ann)).toEqual(["ann"]);
  });

  it("M4: the grace is the channel's own", async () => {
    const world = makeWorld();
    const [ann, bob] = [
      await enter(world, { token: "ann" }, "now/a"),
      await enter(world, { token: "bob" }, "now/a"),
    ];
    ann.lines.length = 0;
    bob.connection.transportClosed("1006", false);
    await world.clock.advance(900);
    expect(told(ann)).toEqual([]);
    await world.clock.advance(200);
    expect(told(ann)).toEqual(["leave bob"]);
  });

  it("M5: who comes back within the grace has neither left nor joined, anonymous or not", async () => {
    for (const who of [{ token: "bob" }, { publisher: "bob's own secret, kept" }]) {
      const world = makeWorld();
      const ann = await enter(world, { token: "ann" });
      for (let round = 0; round < 3; round++) {
        const bob = await enter(world, who);
        if (round === 0) ann.lines.length = 0;
        bob.connection.transportClosed("1006", false);
        await world.clock.advance(4000);
      }
      await enter(world, who);
      await world.clock.advance(20_000);
      expect(told(ann)).toEqual([]);
      expect(await members(ann)).toHaveLength(2);
    }
  });

  it("M2: an anonymous client's name does not give its secret away", async () => {
    const world = makeWorld();
    const publisher = "a very secret publisher";
    const one = await enter(world, { publisher });
    const [name = ""] = await members(one);
    expect(name).toMatch(/^anon-/);
    expect(JSON.stringify(one.frames)).not.toContain("secret");
    const nobody = await enter(world);
    expect(await members(nobody)).toHaveLength(2);
  });

  it("M3: of two tabs the first one joins and the last one leaves", async () => {
    const world = makeWorld();
    const ann = await enter(world, { token: "ann" });
    ann.lines.length = 0;
    const tabs = [await enter(world, { token: "bob" }), await enter(world, { token: "bob" })];
    tabs[0]?.connection.transportClosed("1000", true);
    await world.clock.advance(20_000);
    expect(told(ann)).toEqual(["join bob"]);
    await tabs[1]?.ask({ unsubscribe: "room/a" });
    expect(told(ann)).toEqual(["join bob", "leave bob"]);
  });

  it("M3: one connection that unsubscribes and subscribes at once is there in the end", async () => {
    const world = makeWorld();
    const ann = await enter(world, { token: "ann" });
    const bob = await enter(world, { token: "bob" });
    for (let i = 0; i < 10; i++) {
      bob.send({ id: 1, unsubscribe: "room/a" }, { id: 2, subscribe: "room/a" });
      await world.clock.settle();
    }
    expect(await members(ann)).toEqual(["ann", "bob"]);
    await world.clock.advance(10_000);
    expect(await members(ann)).toEqual(["ann", "bob"]);
  });

  it("M6, M7: versions go up by one, and a list says which it is at", async () => {
    const world = makeWorld();
    const ann = await enter(world, { token: "ann" });
    const guests = [];
    for (let i = 0; i < 10; i++) guests.push(await enter(world, { token: `guest ${i}` }));
    for (const guest of guests) guest.connection.transportClosed("1000", true);
    await world.clock.settle();
    const versions = ann.events.map((event) => event["version"] as number);
    expect(versions).toEqual(versions.map((_, i) => (versions[0] ?? 0) + i));
    expect(await ann.ask({ members: "room/a" })).toMatchObject({ version: versions.at(-1), total: 1 });
  });

  it("M11: what happens in one turn is told together", async () => {
    const world = makeWorld();
    const ann = await enter(world, { token: "ann" });
    ann.lines.length = 0;
    const peers = Array.from({ length: 50 }, () => world.dial());
    peers.forEach((peer, i) =>
      peer.send({ id: 1, connect: { token: `guest ${i}`, subs: { "room/a": {} } } }),
    );
    await world.clock.settle();
    expect(told(ann)).toHaveLength(1);
    expect(ann.events[0]?.["members"]).toHaveLength(50);
  });

  it("M10: a long list is cut, and says how long it is; joins go on in further events", async () => {
    const world = makeWorld();
    const ann = await enter(world, { token: "ann" });
    ann.lines.length = 0;
    const peers = Array.from({ length: 400 }, () => world.dial());
    peers.forEach((peer, i) =>
      peer.send({ id: 1, connect: { token: `${i} ${"x".repeat(100)}`, subs: { "room/a": {} } } }),
    );
    await world.clock.settle();
    const joined = ann.events.flatMap((event) => event["members"] as unknown[]);
    expect(joined).toHaveLength(400);
    expect(ann.events.length).toBeGreaterThan(1);
    for (const event of ann.events) expect(JSON.stringify(event).length).toBeLessThan(34_000);
    const list = await ann.ask({ members: "room/a" });
    expect(list["total"]).toBe(401);
    expect((list["members"] as unknown[]).length).toBeLessThan(401);
  });

  it("M1, M13: members need no subscription, but a channel that tells", async () => {
    const world = makeWorld();
    const ann = await enter(world, { token: "ann" });
    ann.connection.transportClosed("1006", false);
    const bob = await world.connect({ token: "bob" });
    expect(await members(bob)).toEqual(["ann"]);
    expect(await bob.ask({ members: "plain/a" })).toMatchObject({ error: { code: "wrong_kind" } });
    expect(await bob.ask({ subscribe: "plain/a" })).not.toHaveProperty("presence");
  });

  it("M14: a connection that ends while it subscribes leaves nobody behind", async () => {
    for (let turns = 0; turns < 12; turns++) {
      const world = makeWorld();
      const ann = await enter(world, { token: "ann" });
      const bob = await world.connect({ token: "bob" });
      bob.send({ id: 1, subscribe: "room/a" });
      for (let i = 0; i < turns; i++) await Promise.resolve();
      bob.connection.transportClosed("1006", false);
      await world.clock.advance(6000);
      expect(await members(ann)).toEqual(["ann"]);
    }
  });

  it("G7: another node's members come and go, too", async () => {
    const world = makeWorld();
    const ann = await enter(world, { token: "ann" });
    ann.lines.length = 0;
    await world.elsewhere.join("room/a", { id: "far" }, "x");
    await world.clock.settle();
    expect(told(ann)).toEqual(["join far"]);
    await world.elsewhere.close();
    await world.clock.settle();
    expect(told(ann)).toEqual(["join far", "leave far"]);
  });
});

describe("transient channels", () => {
  it("T1, T2: everybody who is there gets it, in order, and nobody later", async () => {
    const world = new World({ "now/:id": transient() }, { limits: { commands: false } });
    const [one, two] = [await world.connect(), await world.connect()];
    await one.ask({ subscribe: "now/a" });
    for (let i = 0; i < 100; i++) two.send({ publish: "now/a", data: i });
    await world.clock.settle();
    expect(one.payloads).toEqual(Array.from({ length: 100 }, (_, i) => i));
    await two.ask({ subscribe: "now/a" });
    expect(two.payloads).toEqual([]);
  });

  it("T3: a slow peer gets the newest of each sender, in the order of their last message", async () => {
    const world = new World({ "now/:id": transient() }, { limits: { commands: false } });
    const slow = await world.connect();
    await slow.ask({ subscribe: "now/a" });
    const senders = [await world.connect(), await world.connect(), await world.connect()];
    slow.stuck = true;
    const pad = ".".repeat(5000);
    for (let i = 0; i < 100; i++) {
      for (const [n, sender] of senders.entries())
        if (n < 2 || i < 50) sender.send({ publish: "now/a", data: `${n}:${i} ${pad}` });
      await world.clock.settle();
    }
    expect(slow.mostUnsent).toBeLessThanOrEqual(128 * 1024);
    const before = slow.payloads.length;
    expect(before).toBeLessThan(30);
    slow.stuck = false;
    slow.drain();
    await world.clock.settle();
    expect(slow.payloads.slice(before).map((text) => (text as string).split(" ")[0])).toEqual([
      "2:49",
      "0:99",
      "1:99",
    ]);
    senders[0]?.send({ publish: "now/a", data: "live again" });
    await world.clock.settle();
    expect(slow.payloads.at(-1)).toBe("live again");
    expect(slow.events).toEqual([]);
  });

  it("T4, G6: what is remembered for a peer that does not read is bounded", async () => {
    const world = new World(
      { "now/:id": transient() },
      { limits: { commands: false }, hooks: { authenticate: ({ token }) => ({ id: token }) } },
    );
    const slow = await world.connect({ token: "slow" });
    await slow.ask({ subscribe: "now/a" });
    slow.stuck = true;
    const signals = Array.from({ length: 1500 }, (_, i) => ({
      data: `"${i} ${"x".repeat(200)}"`,
      slot: `${i}`,
    }));
    await world.elsewhere.signal("now/a", [
      { data: `"${"x".repeat(60_000)}"`, slot: "a" },
      { data: `"${"x".repeat(60_000)}"`, slot: "b" },
    ]);
    await world.elsewhere.signal("now/a", signals);
    await world.clock.settle();
    slow.lines.length = 0;
    for (let i = 0; i < 100; i++) {
      slow.drain();
      await world.clock.settle();
    }
    expect(slow.payloads.length).toBeLessThanOrEqual(1000);
    expect((slow.payloads.at(-1) as string).startsWith("1499 ")).toBe(true);
  });
});
