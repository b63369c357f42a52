import { expect, test } from "vitest";
import { type Link, World, outcome, rejection, streamAt } from "./world.js";

const MINUTE = 60_000;
const WINDOW = 4.5 * MINUTE;

/** A client that is online, with a stream handle on `a`. */
async function publisher(options = {}) {
  const world = new World(options);
  const chat = world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  return { world, chat };
}

async function backOnline(world: World) {
  await world.reconnect();
  await world.online({ a: streamAt(1, 0) });
}

/** What was published over a link since the last look, less the ids. */
function published(link: Link) {
  return link.take().map(({ id: _id, publish: _publish, ...rest }) => rest);
}

const retryable = (code: string, after?: number) => ({
  code,
  message: code,
  retry: true,
  ...(after !== undefined && { after }),
});

test("N9, N11: a publish is numbered per channel, says when it is the first, and resolves with its offset", async () => {
  const { world, chat } = await publisher();
  const other = world.client.stream("b");
  const one = outcome(chat.publish({ text: "hi" }));
  const two = outcome(chat.publish(null));
  void other.publish("b").catch(() => {});
  await world.settle();
  const sent = world.link.take();
  expect(sent.filter((command) => "publish" in command)).toEqual([
    { id: expect.any(Number), publish: "a", data: { text: "hi" }, idem: 1, first: true },
    { id: expect.any(Number), publish: "a", data: null, idem: 2 },
    { id: expect.any(Number), publish: "b", data: "b", idem: 1, first: true },
  ]);
  const ids = sent.filter((command) => command["publish"] === "a").map(({ id }) => id);
  world.link.say({ id: ids[1], ok: { offset: 12 } }, { id: ids[0], ok: { offset: 11 } });
  await world.settle();
  expect([one.value, two.value]).toEqual([{ offset: 11 }, { offset: 12 }]);
  void chat.publish(3).catch(() => {});
  await world.settle();
  expect(published(world.link)).toEqual([{ data: 3, idem: 3, first: true }]);
});

test("everything published in one turn goes out in one frame", async () => {
  const { world, chat } = await publisher();
  const frames = world.link.frames.length;
  for (let i = 0; i < 100; i++) void chat.publish(i).catch(() => {});
  await world.settle();
  expect(world.link.frames).toHaveLength(frames + 1);
});

test("frames stay below 48 KiB", async () => {
  const { world, chat } = await publisher();
  const frames = world.link.frames.length;
  for (let i = 0; i < 20; i++) void chat.publish("ü".repeat(5000)).catch(() => {});
  await world.settle();
  const sent = world.link.frames.slice(frames) as string[];
  expect(sent.length).toBe(5);
  for (const frame of sent) expect(new TextEncoder().encode(frame).length).toBeLessThan(48 * 1024);
});

test("what is published offline waits, and goes out in order without an age", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const done = outcome(chat.publish(1));
  void chat.publish(2).catch(() => {});
  await world.pass(5000);
  await world.online({ a: streamAt(1, 0) });
  const sent = world.link.take();
  expect(sent).toMatchObject([
    { data: 1, idem: 1, first: true },
    { data: 2, idem: 2 },
  ]);
  expect(sent[0]).not.toHaveProperty("age");
  world.link.say({ id: sent[0]?.id, ok: { offset: 5 } });
  await world.settle();
  expect(done.value).toEqual({ offset: 5 });
});

test("N10: after a reconnect everything unanswered is sent again in order, with its number and age, before anything new", async () => {
  const { world, chat } = await publisher();
  const outcomes = [1, 2, 3].map((n) => outcome(chat.publish(n)));
  await world.settle();
  const [, two] = world.link.take();
  world.link.say({ id: two?.id, ok: { offset: 20 } });
  await world.pass(1000);
  await world.reconnect();
  void chat.publish(4).catch(() => {});
  await world.online({ a: streamAt(1, 0) });
  const again = world.link.take();
  const age = expect.any(Number);
  expect(again.map(({ id: _id, ...rest }) => rest)).toEqual([
    { publish: "a", data: 1, idem: 1, first: true, age },
    { publish: "a", data: 3, idem: 3, age },
    { publish: "a", data: 4, idem: 4 },
  ]);
  expect(again[0]?.["age"]).toBeGreaterThanOrEqual(1000);
  expect(again[0]?.["age"]).toBeLessThanOrEqual(1310);
  world.link.say({ id: again[0]?.id, ok: { offset: 10 } }, { id: again[1]?.id, ok: { offset: 30 } });
  await world.settle();
  expect(outcomes.map((each) => each.value)).toEqual([{ offset: 10 }, { offset: 20 }, { offset: 30 }]);
});

test("age is rather too high than too low: a laptop's sleep counts, a clock set back does not", async () => {
  const { world, chat } = await publisher();
  void chat.publish(1).catch(() => {});
  await world.settle();
  world.clock.jump(100_000);
  await backOnline(world);
  expect(published(world.link)[0]?.["age"]).toBeGreaterThanOrEqual(100_000);
  world.clock.jump(-1_000_000);
  await backOnline(world);
  expect(published(world.link)[0]?.["age"]).toBeLessThanOrEqual(700);
  expect(published(world.link)).toEqual([]);
});

test.each(["rate_limited", "unavailable", "aborted", "going_away"])(
  "on %s that publish and all after it are sent again in order, with new ids",
  async (code) => {
    const { world, chat } = await publisher();
    const outcomes = [1, 2, 3].map((n) => outcome(chat.publish(n)));
    await world.settle();
    const [one, two, three] = world.link.take();
    world.link.say({ id: two?.id, error: retryable(code, 800) });
    world.link.say({ id: three?.id, error: retryable("aborted") });
    void chat.publish(4).catch(() => {});
    await world.pass(799);
    expect(world.link.take()).toEqual([]);
    world.link.say({ id: one?.id, ok: { offset: 10 } });
    await world.pass(1);
    const again = world.link.take();
    expect(again).toMatchObject([
      { data: 2, idem: 2, first: true, age: 800 },
      { data: 3, idem: 3, age: 800 },
      { data: 4, idem: 4 },
    ]);
    expect(again[1]).not.toHaveProperty("first");
    expect(new Set([...again, one, two, three].map((sent) => sent?.id)).size).toBe(6);
    world.link.say({ id: again[0]?.id, ok: { offset: 20 } }, { id: again[1]?.id, ok: { offset: 30 } });
    await world.settle();
    expect(outcomes.map((each) => each.value)).toEqual([{ offset: 10 }, { offset: 20 }, { offset: 30 }]);
  },
);

test("without a time from the server, retries back off", async () => {
  const { world, chat } = await publisher();
  void chat.publish(1).catch(() => {});
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    await world.settle();
    const [sent] = world.link.take();
    world.link.say({ id: sent?.id, error: retryable("unavailable") }, {});
    const from = world.clock.monotonic();
    while (world.link.frames.length === i + 2) await world.pass(5);
    world.link.say({});
    waits.push(world.clock.monotonic() - from);
  }
  for (const [i, wait] of waits.entries()) expect(wait).toBeLessThanOrEqual(300 * 2 ** i + 5);
  expect(Math.max(...waits)).toBeGreaterThan(1000);
});

test("after failures fewer are sent at once, and more again as they succeed", async () => {
  const { world, chat } = await publisher();
  for (let i = 0; i < 600; i++) void chat.publish(i).catch(() => {});
  await world.settle();
  const rounds: number[] = [];
  for (let i = 0; i < 5; i++) {
    const [first, ...others] = world.link.take();
    rounds.push(others.length + 1);
    world.link.say({ id: first?.id, error: retryable("rate_limited", 5) });
    await world.pass(5);
  }
  expect(rounds).toEqual([200, 100, 50, 25, 13]);
  const sent = world.link.take();
  expect(sent).toHaveLength(7);
  for (const { id } of sent) world.link.say({ id, ok: { offset: id } });
  await world.settle();
  expect(world.link.take()).toHaveLength(14);
});

test("the ok of an old try counts; its error does not", async () => {
  const { world, chat } = await publisher();
  const outcomes = [1, 2, 3].map((n) => outcome(chat.publish(n)));
  await world.settle();
  const [one, two, three] = world.link.take();
  world.link.say(
    { id: one?.id, error: retryable("unavailable", 100) },
    { id: two?.id, ok: { offset: 9 } },
    { id: three?.id, error: { code: "invalid", message: "", retry: false } },
  );
  await world.settle();
  expect(outcomes.map((each) => each.value)).toEqual(["pending", { offset: 9 }, "pending"]);
  await world.pass(100);
  expect(published(world.link)).toMatchObject([
    { idem: 1, first: true, age: 100 },
    { idem: 3, age: 100 },
  ]);
});

test("N9: a final error rejects that publish only; the next one to be sent is a first", async () => {
  const { world, chat } = await publisher();
  const one = rejection(chat.publish(1));
  const two = outcome(chat.publish(2));
  await world.settle();
  const [a, b] = world.link.take();
  const issues = [{ message: "too long", path: ["text"] }];
  world.link.say({ id: a?.id, error: { code: "invalid", message: "bad", retry: false, issues } });
  expect(await one).toMatchObject({ code: "invalid", message: "bad", retry: false, issues, channel: "a" });
  await backOnline(world);
  expect(published(world.link)).toMatchObject([{ idem: 2, first: true }]);
  world.link.say({ id: b?.id, ok: { offset: 1 } });
  await world.settle();
  expect(two.value).toBe("pending");
  await world.settle();
});

test("N13: at most 200 are unanswered on a channel, the others wait", async () => {
  const { world, chat } = await publisher();
  for (let i = 1; i <= 250; i++) void chat.publish(i).catch(() => {});
  await world.settle();
  const sent = world.link.take();
  expect(sent).toHaveLength(200);
  world.link.say({ id: sent[0]?.id, ok: { offset: 1 } }, { id: sent[1]?.id, ok: { offset: 2 } });
  await world.settle();
  expect(published(world.link)).toEqual([
    { data: 201, idem: 201 },
    { data: 202, idem: 202 },
  ]);
});

test("N13: the outbox is bounded in messages", async () => {
  const world = new World({ outbox: { messages: 2 } });
  const chat = world.client.stream("a");
  void chat.publish(1).catch(() => {});
  void chat.publish(2).catch(() => {});
  expect(await rejection(chat.publish(3))).toMatchObject({ code: "outbox_full", retry: true });
  await world.online({ a: streamAt(1, 0) });
  const [one] = world.link.take();
  world.link.say({ id: one?.id, ok: { offset: 1 } });
  await world.settle();
  void chat.publish(4).catch(() => {});
  await world.settle();
  expect(published(world.link)).toEqual([{ data: 4, idem: 4 }]);
});

test("N13: the outbox is bounded in bytes", async () => {
  const world = new World({ outbox: { bytes: 100 } });
  const chat = world.client.stream("a");
  void chat.publish("ü".repeat(40)).catch(() => {});
  expect((await rejection(chat.publish("x".repeat(17)))).code).toBe("outbox_full");
  const fits = outcome(chat.publish("x".repeat(16)));
  await world.settle();
  expect(fits.value).toBe("pending");
});

test("N12: what was sent and stays unanswered for 4.5 minutes is given up as unknown, and not sent again", async () => {
  const { world, chat } = await publisher();
  const old = outcome(chat.publish("old"));
  await world.pass(MINUTE);
  world.link.cut();
  const young = outcome(chat.publish("young"));
  await world.pass(WINDOW - MINUTE - 1);
  expect(old.value).toBe("pending");
  await world.pass(1);
  expect(old.value).toBe("outcome_unknown");
  await world.settle();
  world.platform("online");
  await world.online({ a: streamAt(1, 0) });
  expect(published(world.link)).toEqual([{ data: "young", idem: 2, first: true }]);
  expect(young.value).toBe("pending");
});

test("time spent waiting unsent does not count", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const done = outcome(chat.publish(1));
  await world.pass(60 * MINUTE);
  world.platform("online");
  await world.online({ a: streamAt(1, 0) });
  expect(published(world.link)).toEqual([{ data: 1, idem: 1, first: true }]);
  for (let i = 0; i < 8; i++) {
    await world.pass(30_000);
    world.link.say({});
  }
  expect(done.value).toBe("pending");
  await world.pass(30_000);
  expect(done.value).toBe("outcome_unknown");
});

test("publishTimeout gives up what could not be sent in time, and says that it was not", async () => {
  const world = new World({ publishTimeout: 5000 });
  const chat = world.client.stream("a");
  const never = outcome(chat.publish(1));
  await world.pass(4999);
  expect(never.value).toBe("pending");
  await world.pass(1);
  expect(never.value).toBe("offline");
  await world.online({ a: streamAt(1, 0) });
  const sent = outcome(chat.publish(2));
  await world.pass(5000);
  expect(sent.value).toBe("outcome_unknown");
  expect(published(world.link)).toEqual([{ data: 2, idem: 2, first: true }]);
});

test("what has no JSON is refused", async () => {
  const { chat } = await publisher();
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  expect((await rejection(chat.publish(undefined))).code).toBe("invalid");
  expect((await rejection(chat.publish(() => {}))).code).toBe("invalid");
  expect((await rejection(chat.publish(cyclic))).message).toContain("no JSON can be made of it: ");
  expect((await rejection(chat.publish(1n))).code).toBe("invalid");
});

test("what is published is what it was at that moment", async () => {
  const { world, chat } = await publisher();
  const data = { text: "before" };
  const bytes = new Uint8Array([1]);
  void chat.publish(data).catch(() => {});
  void chat.publish(bytes).catch(() => {});
  data.text = "after";
  bytes[0] = 2;
  await world.settle();
  expect(published(world.link)).toMatchObject([
    { data: { text: "before" } },
    { data: null, bytes: 1, content: new Uint8Array([1]) },
  ]);
});

test("N14: a transient publish is sent once, without a number", async () => {
  const world = new World();
  const typing = world.client.transient("t");
  expect((await rejection(typing.publish(1))).code).toBe("offline");
  await world.online({ t: { ch: 1, kind: "transient" } });
  const one = outcome(typing.publish({ on: true }));
  const two = outcome(typing.publish(2));
  const three = outcome(typing.publish(3));
  await world.settle();
  const sent = world.link.take();
  expect(sent[0]).toEqual({ id: sent[0]?.id, publish: "t", data: { on: true } });
  world.link.say({ id: sent[0]?.id, ok: {} }, { id: sent[1]?.id, error: retryable("rate_limited") });
  await backOnline(world);
  expect([one.value, two.value, three.value]).toEqual([{ offset: 0 }, "rate_limited", "outcome_unknown"]);
  expect(world.link.take()).toEqual([]);
});
