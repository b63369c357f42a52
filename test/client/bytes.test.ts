import { expect, test } from "vitest";
import { readBinaryLines, writeBinaryLine } from "../../src/protocol/index.js";
import { World, collect, streamAt } from "./world.js";

test("bytes are published in a binary frame, in their order among the others", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  const before = world.link.frames.length;
  void chat.publish("one").catch(() => {});
  void chat.publish(new Uint8Array([10, 0, 255])).catch(() => {});
  void chat.publish("three").catch(() => {});
  await world.settle();
  const frames = world.link.frames.slice(before);
  expect(frames.map((frame) => typeof frame)).toEqual(["string", "object", "string"]);
  expect(readBinaryLines(frames[1] as Uint8Array)).toEqual([
    {
      value: { id: expect.any(Number), publish: "a", data: null, bytes: 3, idem: 2 },
      bytes: new Uint8Array([10, 0, 255]),
    },
  ]);
});

test("bytes arrive as bytes, from binary frames and from text", async () => {
  const world = new World();
  const seen = collect<unknown>();
  world.client.stream("a").on("message", (message) => seen.add(message.data));
  await world.online({ a: streamAt(1, 0) });
  world.link.sayBytes(writeBinaryLine('[1,5,null,{"bytes":2}]', new Uint8Array([7, 10])));
  world.link.sayText('[1,6,null,{"bytes":1}]\nCA==\n[1,7,"text"]');
  expect(seen.all).toEqual([new Uint8Array([7, 10]), new Uint8Array([8]), "text"]);
});

test("history gives bytes back as bytes", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  const history = chat.history();
  await world.settle();
  const [ask] = world.link.take();
  const ok = {
    entries: [
      [5, null, { bytes: 2 }],
      [6, "x"],
    ],
    complete: true,
    more: false,
  };
  const line = JSON.stringify({ id: ask?.id, ok, bytes: 2 });
  world.link.sayBytes(writeBinaryLine(line, new Uint8Array([1, 2])));
  expect((await history).messages.map((message) => message.data)).toEqual([new Uint8Array([1, 2]), "x"]);
});
