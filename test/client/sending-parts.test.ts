/** Bytes that are more than a frame takes go in parts, to a server that says that it takes them. */
import { VirtualClock } from "tidemark/testing";
import type { TransportName } from "tidemark/client";
import { describe, expect, test } from "vitest";
import { readBinaryLines } from "../../src/protocol/index.js";
import type { TransportEvents } from "../../src/client/transport.js";
import { httpTransport } from "../../src/client/transports/http.js";
import { World, outcome, rejection, streamAt } from "./world.js";

const LIMITS = { message: 65_536, frame: 131_072, answer: 130_784, binary: 1_000_000 };
/** So many bytes are in a part. */
const PART = 47 * 1024;

function content(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i % 251);
}

/** Brings the newest link online, with a server of these limits. */
async function online(world: World, limits: object = LIMITS): Promise<void> {
  const { id } = await world.shakeHands();
  const subs = { a: streamAt(1, 0) };
  world.link.say({ id, ok: { client: "c", limits, durability: "memory", ping: 25_000, subs } });
  await world.settle();
}

/** A client with a handle on `a`, that is online. */
async function publishing(way: TransportName = "websocket", limits: object = LIMITS, options: object = {}) {
  const world = new World({ transports: [way], ...options });
  const chat = world.client.stream("a");
  await online(world, limits);
  const before = world.link.frames.length;
  return { world, chat, frames: () => world.link.frames.slice(before) };
}

/** The lines of a binary frame, without their bytes. */
function linesOf(frame: string | Uint8Array | undefined): unknown[] {
  if (!(frame instanceof Uint8Array)) throw new TypeError("no binary frame");
  return readBinaryLines(frame).map(({ value }) => value);
}

const id = expect.any(Number);

test("N68: bytes above 47 KiB go in parts, of which only the first says what the message is, back to back", async () => {
  const { world, chat, frames } = await publishing();
  const data = content(2 * PART + 1);
  void chat.publish("before").catch(() => {});
  const result = outcome(chat.publish(data));
  void chat.publish("after").catch(() => {});
  await world.settle();
  const [before, ...rest] = frames();
  const after = rest.pop();
  expect([before, after].map((frame) => typeof frame)).toEqual(["string", "string"]);
  expect(rest.flatMap(linesOf)).toStrictEqual([
    { id, publish: "a", data: null, idem: 2, bytes: PART, part: 0, more: true },
    { id, publish: "a", bytes: PART, part: 1, more: true },
    { id, publish: "a", bytes: 1, part: 2 },
  ]);
  for (const frame of rest) expect(frame.length).toBeLessThanOrEqual(48 * 1024);
  const sent = world.link.take();
  expect(sent.map((command) => command["idem"])).toEqual([1, 2, 3]);
  expect(sent[1]?.["content"]).toEqual(data);
  world.link.say({ id: sent[1]?.id, ok: { offset: 7 } });
  await world.settle();
  expect(result.value).toEqual({ offset: 7 });
});

test.each([
  ["that fit into a part", PART, LIMITS],
  ["of none", 0, LIMITS],
  ["to a server that takes no more than of JSON", 65_536, { ...LIMITS, binary: undefined }],
])("N68: bytes %s go in one frame that says nothing of parts", async (_, size, limits) => {
  const { world, chat, frames } = await publishing("websocket", limits);
  void chat.publish(content(size)).catch(() => {});
  await world.settle();
  const [frame, ...more] = frames();
  expect(more).toEqual([]);
  expect(linesOf(frame)).toStrictEqual([{ id, publish: "a", data: null, idem: 1, first: true, bytes: size }]);
});

test("N68: to a transient channel they go in parts as well", async () => {
  const { world, frames } = await publishing();
  const sent = outcome(world.client.transient("now").publish(content(PART + 1)));
  await world.settle();
  const parts = frames().filter((frame) => typeof frame !== "string");
  expect(parts.flatMap(linesOf)).toStrictEqual([
    { id, publish: "now", data: null, bytes: PART, part: 0, more: true },
    { id, publish: "now", bytes: 1, part: 1 },
  ]);
  const [command] = world.link.take().filter((one) => one["publish"] === "now");
  world.link.say({ id: command?.id, ok: { offset: 0 } });
  await world.settle();
  expect(sent.value).toEqual({ offset: 0 });
});

describe.each(["stream", "poll"] as const)("over %s", (way) => {
  test("N68: all parts are in one request, and what follows waits for its answer", async () => {
    const { world, chat, frames } = await publishing(way);
    let busy = false;
    world.link.idle = () => !busy;
    const send = world.link.send.bind(world.link);
    world.link.send = (frame) => {
      busy = true;
      send(frame);
    };
    const data = content(3 * PART);
    void chat.publish(data).catch(() => {});
    void chat.publish("next").catch(() => {});
    await world.settle();
    expect(frames()).toHaveLength(1);
    expect(linesOf(frames()[0])).toHaveLength(3);
    const [command] = world.link.take();
    expect(command?.["content"]).toEqual(data);
    busy = false;
    world.link.say({ id: command?.id, ok: { offset: 7 } });
    world.link.answered();
    await world.settle();
    expect(world.link.take()).toMatchObject([{ publish: "a", data: "next", idem: 2 }]);
  });
});

test("N68: what is lost on its way is sent again from part 0 on, with its number and its age", async () => {
  const { world, chat } = await publishing();
  const data = content(2 * PART);
  const result = outcome(chat.publish(data));
  await world.settle();
  await world.reconnect();
  await online(world);
  const binary = world.link.frames.filter((frame) => typeof frame !== "string");
  expect(binary.flatMap(linesOf)).toStrictEqual([
    { id, publish: "a", data: null, idem: 1, first: true, age: id, bytes: PART, part: 0, more: true },
    { id, publish: "a", bytes: PART, part: 1 },
  ]);
  const [command] = world.link.take();
  expect(command?.["content"]).toEqual(data);
  world.link.say({ id: command?.id, ok: { offset: 7 } });
  await world.settle();
  expect(result.value).toEqual({ offset: 7 });
});

test("N68: what the server had no room for is sent again when it says so, whole", async () => {
  const { world, chat } = await publishing();
  const result = outcome(chat.publish(content(2 * PART)));
  await world.settle();
  const [first] = world.link.take();
  const error = { code: "overloaded", message: "too much is on its way", retry: true, after: 1000 };
  world.link.say({ id: first?.id, error });
  await world.pass(999);
  expect(world.link.take()).toEqual([]);
  await world.pass(1);
  const [again] = world.link.take();
  expect(again).toMatchObject({ publish: "a", idem: 1, content: content(2 * PART) });
  world.link.say({ id: again?.id, ok: { offset: 7 } });
  await world.settle();
  expect(result.value).toEqual({ offset: 7 });
});

test("N68, N28: what is over the server's limit is not sent: of bytes `binary`, of JSON and of transient ones `message`", async () => {
  const { world, chat, frames } = await publishing();
  for (const data of [content(1_000_001), "x".repeat(65_535)])
    expect(await rejection(chat.publish(data))).toMatchObject({ code: "too_large", retry: false });
  const now = world.client.transient("now");
  expect((await rejection(now.publish(content(65_537)))).code).toBe("too_large");
  expect((await rejection(world.client.call("f", content(131_072)))).code).toBe("too_large");
  expect(frames().filter((frame) => typeof frame !== "string")).toEqual([]);
  world.link.take();
  const largest = outcome(chat.publish(content(1_000_000)));
  const [command] = world.link.take();
  world.link.say({ id: command?.id, ok: { offset: 7 } });
  await world.settle();
  expect(largest.value).toEqual({ offset: 7 });
});

test("N68, N13: the whole of it counts in the outbox", async () => {
  const { world, chat } = await publishing("websocket", LIMITS, { outbox: { bytes: 3 * PART } });
  const first = outcome(chat.publish(content(3 * PART)));
  expect(await rejection(chat.publish(content(1)))).toMatchObject({ code: "outbox_full", retry: true });
  const [command] = world.link.take();
  world.link.say({ id: command?.id, ok: { offset: 7 } });
  await world.settle();
  expect(first.value).toEqual({ offset: 7 });
  const never = await rejection(chat.publish(content(3 * PART + 1)));
  expect(never).toMatchObject({ code: "outbox_full", retry: false });
});

test("N68, N29: a frame that was thrown out is not blamed on a message in smaller parts", async () => {
  const { world, chat } = await publishing();
  const results = [content(4 * PART), "x".repeat(60_000)].map((data) => outcome(chat.publish(data)));
  await world.settle();
  world.link.cut(1009, "too big");
  await world.pass(300);
  expect(results.map(({ value }) => value)).toEqual(["pending", "outcome_unknown"]);
});

/** An HTTP transport that has sent its connect command, and a `/send` with this body that nobody answers. */
async function sending(body: Uint8Array) {
  const clock = new VirtualClock();
  const never = new Promise<never>(() => {});
  const requests: unknown[] = [];
  const ends: string[] = [];
  const events: TransportEvents = {
    open() {
      transport.send('{"id":1,"connect":{"token":"t"}}');
      transport.send(body);
    },
    frame() {},
    close: (_, reason) => void ends.push(reason),
    idle() {},
    over() {},
    better() {},
  };
  const transport = httpTransport("ws://server/connect", events, "stream", undefined, {
    fetch: (address, request) => {
      if (address.pathname.endsWith("/send")) requests.push(request.body);
      return never;
    },
    performance: { now: () => clock.monotonic() },
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  });
  await clock.settle();
  return { clock, requests, ends };
}

test("N69: a request whose body is large may take a second longer for each 16 KiB of it", async () => {
  const { clock, requests, ends } = await sending(content(160 * 1024));
  expect(requests.map((body) => (body as Uint8Array).length)).toEqual([160 * 1024 + 26]);
  await clock.advance(25_000 + 10_000 + 10_000 + 1000 - 1);
  expect(ends).toEqual([]);
  await clock.advance(1);
  expect(ends).toEqual(["no answer"]);
});
