/** What a client makes of sleep, of frozen and hidden pages, and of what the platform says about its network. */
import { expect, test } from "vitest";
import type { Clock } from "../../src/protocol/index.js";
import { World, collect, streamAt } from "./world.js";

test("N60: a machine that slept notices it, and asks whether the server is there", async () => {
  const world = new World();
  await world.online();
  await world.pass(4000);
  world.clock.jump(20_000);
  await world.pass(5000);
  expect(world.link.frames.at(-1)).toBe("{}");
  world.link.say({});
  await world.pass(20_000);
  expect(world.client.status).toBe("online");
});

test("N60: a server that does not answer after the sleep is given up within 11 seconds", async () => {
  const world = new World();
  await world.online();
  await world.pass(4000);
  world.clock.jump(20_000);
  const reasons = collect<unknown>();
  world.client.on("status", () => reasons.add(world.client.reason?.code));
  await world.pass(11_000);
  expect(reasons.all[0]).toBe("silent");
  expect(world.links[0]?.closed).toBe(true);
});

test("N60: time that passes as it should is no sleep", async () => {
  const world = new World();
  await world.online();
  const { length } = world.link.frames;
  for (let passed = 0; passed < 600_000; passed += 25_000) {
    await world.pass(25_000);
    world.link.say({});
  }
  expect(world.client.status).toBe("online");
  expect(world.link.frames).toHaveLength(length);
});

/** Timers as a browser runs them in a tab that has long been in the background: once a minute. */
function oncePerMinute(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setImmediate: (run) => clock.setImmediate(run),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    setTimeout(run, ms) {
      const due = Math.ceil((clock.monotonic() + ms) / 60_000) * 60_000;
      return clock.setTimeout(run, due - clock.monotonic());
    },
  };
}

test("N61: timers that come once a minute do not end a connection on which something comes", async () => {
  const world = new World({}, 1, oncePerMinute);
  const statuses = collect<string>();
  world.client.on("status", statuses.add);
  await world.online();
  for (let passed = 0; passed < 3_600_000; passed += 24_000) {
    await world.pass(24_000);
    world.link.say({});
  }
  expect(statuses.all).toEqual(["online"]);
});

test("N61: and a server that is gone is given up even so, a few minutes later", async () => {
  const world = new World({}, 1, oncePerMinute);
  await world.online();
  await world.pass(240_000);
  expect(world.links[0]?.closed).toBe(true);
});

test("N62: a page that is put away has no connection, and goes on from its cursors when it is shown again", async () => {
  const world = new World();
  world.client.stream("chat/a");
  await world.online({ "chat/a": streamAt(1, 5) });
  world.link.say([1, 7, "seven"]);
  world.platform("away");
  expect(world.link.closed).toBe(true);
  expect(world.client.status).toBe("offline");
  expect(world.client.reason).toMatchObject({ code: "offline", retry: true });
  await world.pass(3_600_000);
  expect(world.links).toHaveLength(1);
  world.platform("visible");
  expect(world.links).toHaveLength(2);
  const { connect } = await world.shakeHands();
  expect(connect["subs"]).toEqual({ "chat/a": { kind: "stream", cursor: "e:7" } });
});

test("N62: a page that is put away before its first connection has none until it is shown", async () => {
  const world = new World();
  await world.settle();
  world.platform("away");
  world.link.open();
  await world.pass(60_000);
  expect(world.links).toHaveLength(1);
  expect(world.link.frames).toEqual([]);
  world.platform("visible");
  await world.online();
  expect(world.client.status).toBe("online");
});

test("N62: a client that is closed stays so when its page is shown again", async () => {
  const world = new World();
  await world.online();
  world.client.close();
  world.platform("away");
  world.platform("visible");
  await world.pass(60_000);
  expect(world.links).toHaveLength(1);
  expect(world.client.status).toBe("closed");
});

test.each(["online", "visible"] as const)(
  "N63: a time to wait that the server has said is not shortened by %s",
  async (event) => {
    const world = new World();
    const command = await world.shakeHands();
    const error = { code: "rate_limited", message: "later", retry: true, after: 4000 };
    world.link.say({ id: command.id, error });
    world.link.cut(4006, "later");
    await world.pass(3999);
    world.platform(event);
    expect(world.links).toHaveLength(1);
    await world.pass(1);
    expect(world.links).toHaveLength(2);
  },
);

test("N64: a network that is said to be gone is asked, and the connection kept if something comes", async () => {
  const world = new World();
  await world.online();
  world.platform("offline");
  expect(world.link.frames.at(-1)).toBe("{}");
  world.link.say({});
  await world.pass(10_000);
  expect(world.client.status).toBe("online");
  world.platform("offline");
  await world.pass(5000);
  expect(world.client.status).toBe("offline");
});

test("N64: while a client waits, the loss of the network does not make it try", async () => {
  const world = new World({ backoff: { min: 20_000 } });
  await world.settle();
  world.link.cut();
  world.platform("offline");
  expect(world.links).toHaveLength(1);
  world.platform("online");
  expect(world.links).toHaveLength(2);
});

test("N65: the transport changes only while the client is not online, and is there when online is told", async () => {
  const world = new World({ transports: ["websocket", "stream"] });
  const seen = collect<string>();
  world.client.on("status", (status) => seen.add(`${status} ${world.client.transport}`));
  await world.settle();
  world.link.cut();
  await world.pass(300);
  world.link.cut();
  await world.online();
  expect(seen.all).toEqual(["offline websocket", "connecting websocket", "online stream"]);
});
