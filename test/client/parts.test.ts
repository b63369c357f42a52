/** What is larger than a frame comes in parts: applications see messages as ever. */
import type { TransportName } from "tidemark/client";
import { describe, expect, test } from "vitest";
import { writeBinaryLine, writeTextLine } from "../../src/protocol/index.js";
import { World, collect, outcome, rejection, streamAt } from "./world.js";

/** A line, and the bytes behind it. */
type Part = readonly [string, Uint8Array];

/** A payload of this many bytes in parts: the bytes of each. */
function inParts(size: number, parts: number): Uint8Array[] {
  const all = Uint8Array.from({ length: size }, (_, i) => i % 251);
  const most = Math.ceil(size / parts);
  return Array.from({ length: parts }, (_, n) => all.subarray(n * most, (n + 1) * most));
}

/** What the server says of a part. */
function marks(part: Uint8Array, n: number, of: number): object {
  return { bytes: part.length, part: n, ...(n < of - 1 && { more: true }) };
}

/** A message of a channel in parts, a line and its bytes each; `about` is in its meta. */
function messageInParts(
  ch: number,
  offset: number,
  parts: readonly Uint8Array[],
  about: object = {},
): Part[] {
  return parts.map((part, n) => [
    JSON.stringify([ch, offset, null, { ...(n === 0 && about), ...marks(part, n, parts.length) }]),
    part,
  ]);
}

/** A client with handles on `a` and `b`, which are the channels 1 and 2, and what the one on `a` is told. */
async function listening(way: TransportName = "websocket") {
  const world = new World({ transports: [way] });
  const chat = world.client.stream("a");
  const other = world.client.stream("b");
  const told = collect<unknown>();
  chat.on("message", ({ offset, data, from }) => told.add({ offset, data, from }));
  chat.on("gap", ({ until }) => told.add({ gap: until }));
  const others = collect<unknown>();
  other.on("message", ({ data }) => others.add(data));
  await world.online({ a: streamAt(1, 0), b: streamAt(2, 0) });
  const say = (part: Part | undefined): void => {
    const [line, bytes] = part ?? expect.fail("there is no such part");
    if (way === "websocket") world.link.sayBytes(writeBinaryLine(line, bytes));
    else world.link.sayText(writeTextLine(line, bytes));
  };
  return { world, chat, told, others, say };
}

describe.each(["websocket", "stream", "poll"] as const)("over %s", (way) => {
  test("N67: a message in parts is told once, whole, and the cursor moves with its last part", async () => {
    const { chat, told, say } = await listening(way);
    const parts = inParts(100, 4);
    const [last, ...before] = messageInParts(1, 5, parts, { from: "ann" }).reverse();
    before.reverse().forEach(say);
    expect([told.all, chat.cursor]).toEqual([[], "e:0"]);
    say(last);
    expect(told.all).toEqual([
      { offset: 5, data: Uint8Array.from({ length: 100 }, (_, i) => i), from: "ann" },
    ]);
    expect(chat.cursor).toBe("e:5");
  });

  test("N67: between two parts come messages of other channels, theirs in parts too, and events", async () => {
    const { world, told, others, say } = await listening(way);
    const mine = messageInParts(1, 5, inParts(6, 3));
    const theirs = messageInParts(2, 9, inParts(4, 2));
    say(mine[0]);
    world.link.say([2, 8, "text"], {});
    say(theirs[0]);
    say(mine[1]);
    world.link.say({ event: "new", ch: 1 });
    say(theirs[1]);
    say(mine[2]);
    expect(others.all).toEqual(["text", Uint8Array.of(0, 1, 2, 3)]);
    expect(told.all).toEqual([{ offset: 5, data: Uint8Array.of(0, 1, 2, 3, 4, 5), from: undefined }]);
  });

  test("N67: an answer in parts is one answer, and is given up by an error in between", async () => {
    const { world, chat, say } = await listening(way);
    const [first, second] = [chat.history(), rejection(chat.history())];
    await world.settle();
    const [one, two] = world.link.take();
    const entries = [
      [3, null, { bytes: 3, from: "ann" }],
      [4, "text"],
      [5, null, { bytes: 2 }],
    ];
    const part = (id: number | undefined, bytes: Uint8Array, n: number, of: number): void => {
      const ok = n === 0 ? { ok: { entries, complete: true, more: false } } : {};
      say([JSON.stringify({ id, ...ok, ...marks(bytes, n, of) }), bytes]);
    };
    part(one?.id, Uint8Array.of(1, 2), 0, 3);
    part(two?.id, Uint8Array.of(1, 2), 0, 3);
    part(one?.id, Uint8Array.of(3, 4), 1, 3);
    world.link.say({ id: two?.id, error: { code: "internal", message: "no", retry: false } });
    part(one?.id, Uint8Array.of(5), 2, 3);
    part(two?.id, Uint8Array.of(3, 4), 1, 3);
    const { messages } = await first;
    expect(messages.map(({ data }) => data)).toEqual([Uint8Array.of(1, 2, 3), "text", Uint8Array.of(4, 5)]);
    expect((await second).code).toBe("internal");
    expect(world.client.status).toBe("online");
  });
});

test("N67: messages have nothing in them that is of their parts", async () => {
  const { world, chat, say } = await listening();
  const seen = collect<object>();
  chat.on("message", seen.add);
  messageInParts(1, 5, inParts(6, 2), { from: "ann", sender: "s", idem: 3 }).forEach(say);
  world.link.sayBytes(writeBinaryLine('[1,6,null,{"bytes":1,"from":"ann"}]', Uint8Array.of(1)));
  expect(seen.all.map((message) => Object.keys(message).sort())).toEqual([
    ["data", "from", "idem", "mine", "offset", "sender", "time"],
    ["data", "from", "offset", "time"],
  ]);
});

test("N67: part 0 begins anew", async () => {
  const { told, say } = await listening();
  messageInParts(1, 5, inParts(9, 3)).slice(0, 2).forEach(say);
  messageInParts(1, 7, inParts(4, 2)).forEach(say);
  expect(told.all).toEqual([{ offset: 7, data: Uint8Array.of(0, 1, 2, 3), from: undefined }]);
});

describe("N67: a part that is not the next one", () => {
  const [first, second, third] = messageInParts(1, 5, inParts(9, 3));
  const elsewhere = messageInParts(1, 6, inParts(9, 3))[1];
  test.each([
    ["left out", [first, third]],
    ["twice", [first, second, second]],
    ["without a first one", [second]],
    ["of another message", [first, elsewhere]],
  ])("N67: %s ends the connection, and the message comes again whole", async (_, wrong) => {
    const { world, told, say } = await listening();
    const errors = collect<string>();
    world.client.on("error", ({ code }) => errors.add(code));
    for (const one of wrong) say(one);
    expect([world.client.status, errors.all]).toEqual(["offline", ["malformed"]]);
    await world.pass(300);
    const command = await world.online({ a: streamAt(3, 0), b: streamAt(2, 0) });
    expect(command).toMatchObject({ connect: { subs: { a: { cursor: "e:0" } } } });
    messageInParts(3, 5, inParts(9, 3)).forEach(say);
    expect(told.all).toMatchObject([{ offset: 5 }]);
  });
});

test("N67: what there was of a message is dropped with its connection, although the next one has its numbers", async () => {
  const { world, told, say } = await listening();
  const parts = messageInParts(1, 5, inParts(9, 3));
  parts.slice(0, 2).forEach(say);
  await world.reconnect();
  const command = await world.online({ a: streamAt(1, 0), b: streamAt(2, 0) });
  expect(command).toMatchObject({ connect: { subs: { a: { cursor: "e:0" } } } });
  parts.forEach(say);
  expect(told.all).toEqual([{ offset: 5, data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8), from: undefined }]);
});

test("N67: so it is where one answer over HTTP takes the place of another", async () => {
  const { world, told, say } = await listening("stream");
  const parts = messageInParts(1, 5, inParts(9, 3));
  parts.slice(0, 2).forEach(say);
  const third = world.client.stream("c");
  await world.settle();
  const [command] = world.link.take();
  expect(command).toMatchObject({ connect: { subs: { a: { cursor: "e:0" } } } });
  const subs = { a: streamAt(1, 0), b: streamAt(2, 0), c: streamAt(3, 0) };
  world.link.say({ id: command?.id, ok: { client: "d", durability: "memory", ping: 25_000, subs } });
  await third.ready;
  parts.forEach(say);
  expect(told.all).toMatchObject([{ offset: 5 }]);
});

describe("N67: in the middle of a message", () => {
  test("N67: a gap drops what there is of it", async () => {
    const { world, told, say } = await listening();
    const gap = { event: "gap", ch: 1, after: 0, until: 6, epoch: "e", reason: "trimmed" };
    messageInParts(1, 5, inParts(9, 3)).slice(0, 2).forEach(say);
    world.link.say(gap);
    messageInParts(1, 7, inParts(4, 2)).forEach(say);
    expect(told.all).toEqual([{ gap: 6 }, { offset: 7, data: Uint8Array.of(0, 1, 2, 3), from: undefined }]);
    const [first, second] = messageInParts(1, 9, inParts(9, 3));
    say(first);
    world.link.say({ ...gap, until: 10 });
    say(second);
    expect(world.client.status).toBe("offline");
  });

  test("N67: the end of the subscription does, whoever ends it", async () => {
    const { world, chat, told, say } = await listening();
    const parts = messageInParts(1, 5, inParts(9, 3));
    say(parts[0]);
    world.link.say({ event: "unsubscribed", ch: 1, code: "forbidden", message: "no" });
    say(parts[1]);
    chat.close();
    const again = world.client.stream("a");
    const seen = collect<unknown>();
    again.on("message", ({ offset }) => seen.add(offset));
    await world.settle();
    const [ask] = world.link.take();
    world.link.say({ id: ask?.id, ok: streamAt(1, 0) });
    say(parts[0]);
    again.close();
    await world.settle();
    const [leave] = world.link.take();
    expect(leave).toMatchObject({ unsubscribe: "a" });
    // They were on their way.
    say(parts[1]);
    say(parts[2]);
    world.link.say({ id: leave?.id, ok: {} });
    expect([told.all, seen.all, world.client.status]).toEqual([[], [], "online"]);
  });
});

test("N67: an answer that is lost in the middle is asked for again", async () => {
  const { world, chat, say } = await listening();
  const history = outcome(chat.history().then(({ messages }) => messages.map(({ data }) => data)));
  await world.settle();
  const [ask] = world.link.take();
  const ok = { entries: [[5, null, { bytes: 4 }]], complete: true, more: false };
  const bytes = Uint8Array.of(1, 2);
  say([JSON.stringify({ id: ask?.id, ok, bytes: 2, part: 0, more: true }), bytes]);
  await world.reconnect();
  await world.online({ a: streamAt(1, 0), b: streamAt(2, 0) });
  const [again] = world.link.take();
  expect(again).toMatchObject({ history: "a" });
  say([JSON.stringify({ id: again?.id, ok, bytes: 2, part: 0, more: true }), bytes]);
  expect(history.value).toBe("pending");
  say([JSON.stringify({ id: again?.id, bytes: 2, part: 1 }), bytes]);
  await world.settle();
  expect(history.value).toEqual([Uint8Array.of(1, 2, 1, 2)]);
});
