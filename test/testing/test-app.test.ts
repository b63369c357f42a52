/** testApp, as its guide shows it. */
import { readFileSync } from "node:fs";
import { TidemarkError, bytes, method, stream, tidemark } from "tidemark";
import type { Message } from "tidemark/client";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { quiet } from "../server/support/serve.js";

const app = tidemark({
  ...quiet,
  authenticate: ({ token, request }) => ({ id: token ?? request.headers["x-name"] ?? "guest" }),
})
  .channels({
    "chat/:id": stream({ retain: { count: 1000 }, presence: true, presenceGrace: "10s" }),
    "files/:id": stream({ message: bytes(), retain: { count: 10 } }),
  })
  .methods({
    slow: method({ run: async () => new Promise((resolve) => setTimeout(() => resolve("real time"), 10)) }),
  });

function running(): ReturnType<typeof start> {
  const run = start();
  onTestFinished(() => run.close());
  return run;
}
const start = () => testApp(app);

test("messages come by themselves, and nothing that was not said comes", async () => {
  const run = running();
  const ann = run.connect({ token: "ann" }).stream("chat/:id", { id: "general" });
  const bob = run.connect({ headers: { "x-name": "bob" } }).stream("chat/:id", { id: "general" });
  const heard: Message[] = [];
  bob.on("message", (message) => heard.push(message));
  await bob.ready;
  await ann.publish("hi");
  await bob.publish("ho");
  await run.settle();
  expect(heard).toMatchObject([
    { data: "hi", from: "ann" },
    { data: "ho", from: "bob" },
  ]);
  expect(heard[0]?.time).toBeLessThanOrEqual(run.now());
  expect(run.errors).toEqual([]);
});

test("an hour is over in a moment, and connections that are alive last", async () => {
  const run = running();
  const ann = run.connect({ token: "ann" });
  const before = run.now();
  await run.pass("1h");
  expect(run.now() - before).toBe(3_600_000);
  expect(ann.status).toBe("online");
});

test("who is cut off comes back, and misses nothing", async () => {
  const run = running();
  const ann = run.connect({ token: "ann" });
  const chat = ann.stream("chat/:id", { id: "general" });
  const seen: unknown[] = [];
  chat.on("message", ({ data }) => seen.push(data));
  await chat.ready;
  run.cut(ann);
  await run.settle();
  expect(ann.status).toBe("offline");
  await app.publish("chat/:id", { id: "general" }, "while away");
  await run.pass("1s");
  expect(ann.status).toBe("online");
  expect(seen).toEqual(["while away"]);
});

test("who vanishes is shown until the grace is over", async () => {
  const run = running();
  const ann = run.connect({ token: "ann" });
  await ann.stream("chat/:id", { id: "general" }).ready;
  const chat = run.connect({ token: "bob" }).stream("chat/:id", { id: "general" });
  await chat.ready;
  run.drop(ann);
  await run.pass("9s");
  expect(chat.members).toHaveLength(2);
  await run.pass("2s");
  expect(chat.members).toEqual([{ id: "bob" }]);
});

test("bytes and methods work, and what takes real time is awaited", async () => {
  const run = running();
  const ann = run.connect({ token: "ann" });
  const files = ann.stream("files/:id", { id: "a" });
  const content = new Promise((resolve) => files.on("message", ({ data }) => resolve(data)));
  await files.publish(new Uint8Array([0, 10, 255]));
  expect(await content).toEqual(new Uint8Array([0, 10, 255]));
  expect(await ann.call("slow")).toBe("real time");
});

test("an app begins empty each time, and runs once at a time", async () => {
  const run = start();
  const there = await run.connect().stream("chat/:id", { id: "general" }).history();
  expect(there.messages).toEqual([]);
  expect(start).toThrow(TidemarkError);
  await run.close();
  await expect(app.publish("chat/:id", { id: "general" }, 1)).rejects.toMatchObject({ code: "closed" });
  await start().close();
});

test("the guide names what there is", () => {
  const guide = readFileSync(new URL("../../docs/guide/testing.md", import.meta.url), "utf8");
  const run = running();
  const named = new Set([...guide.matchAll(/run\.(\w+)/g)].map(([, name = ""]) => name));
  expect([...named].filter((name) => !(name in run))).toEqual([]);
});
