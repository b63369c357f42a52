/** What counts as bytes, from client to client and from the application. */
import { bytes, stream, tidemark, transient } from "tidemark";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { listeningLogger } from "../server/support/serve.js";
import { collect, rejection } from "./world.js";

function setup() {
  const log = listeningLogger();
  const returned: { value: unknown } = { value: undefined };
  const app = tidemark({ log }).channels({
    "any/:id": stream({ retain: { count: 100 } }),
    "files/:id": stream({ message: bytes({ max: 8 }), retain: { count: 100 } }),
    "now/:id": transient(),
    "hooked/:id": stream({ onPublish: () => returned.value, retain: { count: 10 } }),
  });
  const run = testApp(app);
  onTestFinished(() => run.close());
  return { app, rt: run.connect(), run, log, returned };
}

const SHORTS = new Uint16Array([1, 256]);
const KINDS: readonly (readonly [string, ArrayBufferView | ArrayBufferLike, readonly number[]])[] = [
  ["ArrayBuffer", new Uint8Array([1, 2, 3, 4]).buffer, [1, 2, 3, 4]],
  ["SharedArrayBuffer", new SharedArrayBuffer(2), [0, 0]],
  ["DataView of a part", new DataView(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2), [1, 2]],
  ["Uint16Array", SHORTS, [...new Uint8Array(SHORTS.buffer)]],
  ["part of a Uint8Array", new Uint8Array([9, 9, 5]).subarray(2), [5]],
  ["Buffer", Buffer.from("hi"), [104, 105]],
  ["empty ArrayBuffer", new ArrayBuffer(0), []],
];

test.each(KINDS)("P24: %s is bytes, published by a client or by the application", async (_, data, want) => {
  const { app, rt, run } = setup();
  for (const pattern of ["any/:id", "files/:id"] as const) {
    const chat = rt.stream(pattern, { id: "a" });
    await chat.ready;
    await chat.publish(data);
    await app.publish(pattern, { id: "a" }, data);
    const { messages } = await chat.history();
    expect(messages.map((message) => message.data)).toEqual([new Uint8Array(want), new Uint8Array(want)]);
  }
  const now = rt.transient("now/:id", { id: "a" });
  const heard = collect<unknown>();
  now.on("message", (message) => heard.add(message.data));
  await now.ready;
  await now.publish(data);
  await app.publish("now/:id", { id: "a" }, data);
  await run.settle();
  expect(heard.all).toEqual([new Uint8Array(want), new Uint8Array(want)]);
});

const circular: { self?: unknown } = {};
circular.self = circular;
const NOTHING: readonly (readonly [string, unknown, RegExp])[] = [
  ["a Blob", new Blob(["x"]), /arrayBuffer/],
  ["a File", new File(["x"], "x.png"), /arrayBuffer/],
  ["a bigint", 10n, /BigInt/],
  ["an object that contains itself", circular, /circular/],
  ["undefined", undefined, /undefined/],
  ["a function", () => 1, /function/],
];

test.each(NOTHING)(
  "P24: %s is invalid, published by a client or by the application",
  async (_, data, why) => {
    const { app, rt } = setup();
    const invalid = { code: "invalid", message: expect.stringMatching(why) };
    const chat = rt.stream("any/:id", { id: "a" });
    expect(await rejection(chat.publish(data))).toMatchObject(invalid);
    const thrown: unknown = await app.publishTo("any/a", data).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: "TidemarkError", ...invalid });
    expect((await chat.history()).messages).toEqual([]);
  },
);

test.each(NOTHING)(
  "P25: %s that a hook returned is invalid, and the log names the hook",
  async (_, data, why) => {
    const { rt, log, returned } = setup();
    returned.value = data;
    expect((await rejection(rt.stream("hooked/:id", { id: "a" }).publish("x"))).code).toBe("invalid");
    expect(log.lines).toEqual([
      {
        level: "error",
        fields: { channel: "hooked/a", reason: expect.stringMatching(why) },
        message: "onPublish returned what cannot be published",
      },
    ]);
  },
);
