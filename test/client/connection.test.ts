import { expect, test } from "vitest";
import { seededRandom } from "tidemark/testing";
import { CLOSE_CODES, type Random, shouldReconnect } from "../../src/protocol/index.js";
import { createBackoff } from "../../src/client/backoff.js";
import { closeError } from "../../src/client/close.js";
import { PUBLISHER, World, collect, rejection } from "./world.js";

test("a client connects at once, with its token and a secret of its own", async () => {
  const world = new World({ token: "abc" });
  expect(world.client.status).toBe("connecting");
  const command = await world.shakeHands();
  expect(world.links).toHaveLength(1);
  expect(world.link.url).toBe("wss://example.test/connect");
  expect(command).toEqual({
    id: 1,
    connect: { token: "abc", publisher: expect.stringMatching(PUBLISHER), subs: {} },
  });
});

test("N1: status goes from connecting over online and offline to closed, and is told", async () => {
  const world = new World();
  const statuses = collect<string>();
  world.client.on("status", statuses.add);
  await world.online();
  expect(world.client.status).toBe("online");
  expect(world.client.id).toBe("c1");
  world.link.cut();
  expect(world.client.status).toBe("offline");
  expect(world.client.reason?.code).toBe("connection_lost");
  await world.pass(300);
  await world.online();
  expect(world.client.id).toBe("c2");
  world.client.close();
  expect(statuses.all).toEqual(["online", "offline", "connecting", "online", "closed"]);
  expect(world.link.closed).toBe(true);
  expect(world.listening).toBe(false);
});

test("the connection's name is there when online is told", async () => {
  const world = new World();
  const names = collect<unknown>();
  world.client.on("status", () => names.add(world.client.id));
  await world.online();
  expect(names.all).toEqual(["c1"]);
});

test("N11: the same publisher comes back after a reconnect", async () => {
  const world = new World();
  const first = await world.online();
  await world.reconnect();
  const second = await world.online();
  expect(second["connect"]).toEqual(first["connect"]);
});

test("N4: a link that does not come up within connectTimeout is given up", async () => {
  const world = new World({ connectTimeout: 5000 });
  await world.pass(4999);
  expect(world.client.status).toBe("connecting");
  await world.pass(1);
  expect(world.client.status).toBe("offline");
  expect(world.client.reason?.code).toBe("connect_timeout");
  expect(world.links[0]?.closed).toBe(true);
  await world.pass(300);
  expect(world.links).toHaveLength(2);
});

test("N4: a handshake that is not answered within connectTimeout is given up", async () => {
  const world = new World();
  await world.shakeHands();
  await world.pass(10_000);
  expect(world.client.reason?.code).toBe("connect_timeout");
});

test("what an old link says is not heard", async () => {
  const world = new World();
  await world.shakeHands();
  await world.pass(10_000);
  await world.pass(300);
  const [old] = world.links;
  old?.say({ id: 1, ok: { client: "c0", durability: "memory", ping: 25_000 } });
  old?.cut(4500);
  old?.open();
  await world.settle();
  expect(world.client.status).toBe("connecting");
  await world.online();
  expect(world.client.status).toBe("online");
});

test("N2: delays are random from zero up to a bound that doubles to the maximum", () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = seededRandom(seed);
  const backoff = createBackoff({ min: 300, max: 20_000 }, random);
  let shortest = 1;
  for (let tries = 0; tries < 2000; tries++) {
    const bound = Math.min(20_000, 300 * 2 ** tries);
    const delay = backoff.next();
    expect(delay, `seed ${seed}, try ${tries}`).toBeGreaterThanOrEqual(0);
    expect(delay, `seed ${seed}, try ${tries}`).toBeLessThan(bound);
    shortest = Math.min(shortest, delay / bound);
  }
  expect(shortest, `seed ${seed}`).toBeLessThan(0.05);
});

/** Loses the link and says how long the client waits before the next one, to 10 ms. */
async function waitAfterCut(world: World): Promise<number> {
  const links = world.links.length;
  world.link.cut();
  let waited = 0;
  for (; world.links.length === links; waited += 10) await world.pass(10);
  return waited;
}

const always = (float: number): Random => ({ ...seededRandom(1), float: () => float });

test("N2: backoff starts over only after 10 seconds online", async () => {
  const world = new World({ environment: { random: always(0.5) } });
  await world.settle();
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) waits.push(await waitAfterCut(world));
  expect(waits).toEqual([150, 300, 600, 1200, 2400, 4800, 9600, 10_000, 10_000]);
  await world.online();
  await world.pass(9999);
  expect(await waitAfterCut(world)).toBe(10_000);
  await world.online();
  await world.pass(10_000);
  expect(await waitAfterCut(world)).toBe(150);
});

test("N4: silence longer than ping plus 10 seconds means dead", async () => {
  const world = new World();
  await world.online();
  await world.pass(20_000);
  world.link.say({});
  await world.pass(34_900);
  expect(world.client.status).toBe("online");
  await world.pass(100);
  expect(world.client.status).toBe("offline");
  expect(world.client.reason?.code).toBe("silent");
  expect(world.link.closed).toBe(true);
});

test("a page that was frozen first sees what has arrived", async () => {
  const world = new World();
  await world.online();
  world.clock.jump(3_600_000);
  world.platform("visible");
  expect(world.client.status).toBe("online");
  world.link.say({});
  await world.pass(2000);
  expect(world.client.status).toBe("online");
  world.clock.jump(3_600_000);
  world.platform("visible");
  await world.pass(1000);
  expect(world.client.status).toBe("offline");
});

test.each(["online", "visible"] as const)("a waiting client connects at once on %s", async (event) => {
  const world = new World({ backoff: { min: 20_000 } });
  await world.settle();
  world.link.cut();
  world.platform(event);
  expect(world.links).toHaveLength(2);
  world.platform(event);
  await world.pass(9000);
  expect(world.links).toHaveLength(2);
});

test("on goaway a client finishes, and comes back after the delay that it was told", async () => {
  const world = new World();
  await world.online();
  world.link.say({ event: "goaway", after: 700 });
  await world.pass(699);
  expect(world.client.status).toBe("online");
  expect(world.links).toHaveLength(1);
  await world.pass(1);
  expect(world.links[0]?.closed).toBe(true);
  expect(world.links).toHaveLength(2);
  expect(world.client.status).toBe("connecting");
  expect(world.client.reason?.code).toBe("going_away");
});

test("a server that closes before the goaway delay is over is waited for as usual", async () => {
  const world = new World();
  await world.online();
  world.link.say({ event: "goaway", after: 60_000 });
  world.link.cut(4000, "going away");
  expect(world.client.reason?.code).toBe("going_away");
  await world.pass(300);
  expect(world.links).toHaveLength(2);
  await world.online();
  await world.pass(100);
  world.link.say({});
  await world.pass(30_000);
  world.link.say({});
  await world.pass(30_000);
  expect(world.links).toHaveLength(2);
});

test("N20: a frame that makes no sense ends the connection, and is told", async () => {
  const world = new World();
  await world.online();
  world.link.sayText("{");
  expect(world.client.status).toBe("offline");
  expect(world.reports).toMatchObject([{ code: "malformed", retry: true }]);
});

test("N20: frames from the future are ignored", async () => {
  const world = new World();
  await world.online();
  world.link.say({ hello: 1 }, 7, [99, 5, "nobody's"], { id: 77, ok: {} }, { event: "new", ch: 4 });
  await world.settle();
  expect(world.client.status).toBe("online");
  expect(world.reports).toEqual([]);
});

test("N1: a connect refused for good closes the client, and everything that waits rejects with the code", async () => {
  const world = new World({ token: "old" });
  const errors = collect<{ code: string }>();
  world.client.on("error", errors.add);
  const chat = world.client.stream("chat/a");
  const publish = rejection(chat.publish(1));
  const call = rejection(world.client.call("sum"));
  const command = await world.shakeHands();
  world.link.say({ id: command.id, error: { code: "unauthorized", message: "who?", retry: false } });
  expect(world.client.status).toBe("closed");
  expect(await publish).toMatchObject({ code: "unauthorized", message: "who?" });
  expect(await call).toMatchObject({ code: "unauthorized" });
  expect(await rejection(chat.ready)).toMatchObject({ code: "unauthorized" });
  expect(errors.all).toMatchObject([{ code: "unauthorized" }]);
  expect(() => world.client.stream("chat/b")).toThrow("who?");
  await world.pass(60_000);
  expect(world.links).toHaveLength(1);
});

test("N2: a connect that may be tried again is, after the time that the server says", async () => {
  const world = new World();
  const command = await world.shakeHands();
  const error = { code: "unavailable", message: "later", retry: true, after: 4000 };
  world.link.say({ id: command.id, error });
  expect(world.client.status).toBe("offline");
  await world.pass(3999);
  expect(world.links).toHaveLength(1);
  await world.pass(1);
  expect(world.links).toHaveLength(2);
});

test("close rejects what waits with closed, and ends everything", async () => {
  const world = new World();
  const chat = world.client.stream("chat/a");
  await world.online({ "chat/a": { ch: 1, kind: "stream", cursor: "e:0" } });
  const publish = rejection(chat.publish(1));
  const history = rejection(chat.history());
  world.client.close();
  expect((await publish).code).toBe("closed");
  expect((await history).code).toBe("closed");
  expect((await rejection(chat.publish(2))).code).toBe("closed");
  expect((await rejection(world.client.call("x"))).code).toBe("closed");
  expect(world.reports).toEqual([]);
  world.client.close();
});

test.each(Object.entries(CLOSE_CODES))("close code %s is obeyed", async (name, { code }) => {
  const world = new World();
  await world.online();
  world.link.cut(code, "because");
  expect(world.client.reason?.message).toBe("because");
  expect(world.client.status).toBe(shouldReconnect(code) ? "offline" : "closed");
  if (!shouldReconnect(code)) expect(world.client.reason?.code).toBe(name);
});

test("close codes of an application's own are named by their number", () => {
  expect(closeError(4777, "bye")).toMatchObject({ code: "close_4777", message: "bye", retry: false });
  expect(closeError(4123, "")).toMatchObject({ code: "connection_lost", retry: true });
});

test("a URL that can never be opened closes the client and says why", async () => {
  const world = new World({
    environment: {
      transport: () => {
        throw new Error("insecure");
      },
    },
  });
  await world.settle();
  expect(world.client.status).toBe("closed");
  expect(world.reports).toMatchObject([{ code: "invalid", message: expect.stringContaining("insecure") }]);
});
