/** What people ask in the first hour, about what was before and what was missed. Each test is the answer to its name. */
import { stream, tidemark, transient } from "tidemark";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { quiet } from "../server/support/serve.js";

function logs() {
  const app = tidemark({ ...quiet, authenticate: ({ token }) => ({ id: token ?? "nobody" }) }).channels({
    "chat/:id": stream({ retain: { count: 100 } }),
    "short/:id": stream({ retain: { count: 3 } }),
    "hour/:id": stream({ retain: { for: "1h" } }),
    "live/:id": stream(),
    "typing/:id": transient(),
  });
  const run = testApp(app);
  onTestFinished(() => run.close());
  const say = async (...numbers: number[]): Promise<void> => {
    for (const n of numbers) await app.publish("chat/:id", { id: "a" }, n);
  };
  return { app, run, say };
}

const data = (messages: readonly { readonly data: unknown }[]): unknown[] =>
  messages.map((message) => message.data);

test("C15, L7: show the last messages to who comes in, and scroll back from there", async () => {
  const { run, say } = logs();
  await say(1, 2, 3, 4, 5);
  const chat = run.connect().stream("chat/:id", { id: "a" }, { last: 2 });
  const shown: { data: unknown; offset: number }[] = [];
  chat.on("message", (message) => shown.push(message));
  await chat.ready;
  await run.settle();
  expect(data(shown)).toEqual([4, 5]);
  const page = await chat.history({ before: shown[0]?.offset ?? 0, limit: 2 });
  expect([data(page.messages), page.more]).toEqual([[2, 3], true]);
  const first = await chat.history({ before: page.messages[0]?.offset ?? 0, limit: 2 });
  expect([data(first.messages), first.more, first.complete]).toEqual([[1], false, true]);
});

test("C16: show everything since a time", async () => {
  const { run, say } = logs();
  await say(1);
  await run.pass("1h");
  const since = run.now();
  await say(2, 3);
  const chat = run.connect().stream("chat/:id", { id: "a" }, { since });
  const shown: unknown[] = [];
  chat.on("message", (message) => shown.push(message.data));
  await chat.ready;
  await run.settle();
  expect(shown).toEqual([2, 3]);
});

test("G1, N6: miss nothing when the connection breaks, and get nothing twice", async () => {
  const { run, say } = logs();
  const ann = run.connect();
  const chat = ann.stream("chat/:id", { id: "a" });
  const shown: unknown[] = [];
  chat.on("message", (message) => shown.push(message.data));
  await chat.ready;
  await say(1);
  run.cut(ann);
  await say(2, 3);
  await run.pass("1m");
  await say(4);
  await run.settle();
  expect(shown).toEqual([1, 2, 3, 4]);
});

test("C6, N6: be told when what was missed is not kept any more", async () => {
  const { app, run } = logs();
  const ann = run.connect();
  const short = ann.stream("short/:id", { id: "a" });
  const shown: unknown[] = [];
  short.on("message", (message) => shown.push(message.data));
  short.on("gap", ({ reason }) => shown.push(reason));
  await short.ready;
  run.cut(ann);
  for (let n = 1; n <= 5; n++) await app.publish("short/:id", { id: "a" }, n);
  await run.pass("1m");
  expect(shown).toEqual(["trimmed", 3, 4, 5]);
});

test("C20: go on where an earlier page was, with a cursor that was kept", async () => {
  const { run, say } = logs();
  const earlier = run.connect();
  const before = earlier.stream("chat/:id", { id: "a" });
  await before.ready;
  await say(1, 2);
  await run.settle();
  const cursor = before.cursor;
  earlier.close();
  await say(3, 4);
  const chat = run.connect().stream("chat/:id", { id: "a" }, { ...(cursor !== undefined && { cursor }) });
  const shown: unknown[] = [];
  chat.on("message", (message) => shown.push(message.data));
  await chat.ready;
  await run.settle();
  expect(shown).toEqual([3, 4]);
});

test("L4: keep messages for an hour, or not at all", async () => {
  const { app, run } = logs();
  const rt = run.connect();
  const [hour, live] = [rt.stream("hour/:id", { id: "a" }), rt.stream("live/:id", { id: "a" })];
  await app.publish("hour/:id", { id: "a" }, "old");
  await app.publish("live/:id", { id: "a" }, "gone");
  await run.pass("59m");
  expect(data((await hour.history()).messages)).toEqual(["old"]);
  expect((await live.history()).messages).toEqual([]);
  await run.pass("2m");
  expect((await hour.history()).messages).toEqual([]);
});

test("N9, N10, G3: write while offline: it is sent in order when the connection is back, once", async () => {
  const { run } = logs();
  const ann = run.connect();
  const chat = ann.stream("chat/:id", { id: "a" });
  await chat.ready;
  run.cut(ann);
  await run.settle();
  const sent = [1, 2, 3].map((n) => chat.publish(n));
  await run.pass("1m");
  const offsets = (await Promise.all(sent)).map(({ offset }) => offset);
  const { messages } = await chat.history();
  expect(messages.map(({ data: n, offset }) => [n, offset])).toEqual(
    [1, 2, 3].map((n, i) => [n, offsets[i]]),
  );
});

test("N14: what matters only now is not sent later", async () => {
  const { run } = logs();
  const ann = run.connect();
  const typing = ann.transient("typing/:id", { id: "a" });
  await typing.ready;
  run.cut(ann);
  await run.settle();
  await expect(typing.publish(true)).rejects.toMatchObject({ code: "offline" });
});

test("A9: send from the server, from a request handler or a job, with nobody connected", async () => {
  const { app, run } = logs();
  const { offset } = await app.publish("chat/:id", { id: "a" }, "from a job");
  await app.publishTo("chat/a", "by its name");
  const { messages } = await run.connect().stream("chat/:id", { id: "a" }).history();
  expect(data(messages)).toEqual(["from a job", "by its name"]);
  expect(messages[0]).toMatchObject({ offset });
  expect(messages[0]).not.toHaveProperty("from");
});
