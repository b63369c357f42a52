/** What people ask in the first hour, about messages. Each test is the answer to its name. */
import { TidemarkError, method, stream, tidemark, transient } from "tidemark";
import type { Message } from "tidemark/client";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { quiet } from "../server/support/serve.js";

const text = z.object({ text: z.string() });

/** A chat whose users are their tokens. */
function chatApp() {
  const stored: string[] = [];
  const app = tidemark({ ...quiet, authenticate: ({ token }) => ({ id: token ?? "nobody" }) }).channels({
    "chat/:id": stream({ message: text, retain: { count: 100 }, sender: true }),
    "plain/:id": stream({ retain: { count: 100 } }),
    "typing/:id": transient({ sender: true }),
    "polite/:id": stream({
      message: text,
      onPublish: ({ data }) => {
        if (data.text.includes("damn")) throw new TidemarkError("rude", "mind your language");
        return data;
      },
    }),
    "stored/:id": stream({
      message: text,
      retain: { count: 100 },
      onPublish: async ({ data, user }) => {
        // A short one takes longer than a long one.
        await new Promise((resolve) => setTimeout(resolve, 20 - data.text.length));
        stored.push(`${user.id}: ${data.text}`);
        return data;
      },
    }),
    "shouting/:id": stream({ message: text, onPublish: ({ data }) => ({ text: data.text.toUpperCase() }) }),
    "broken/:id": stream({
      onPublish: () => {
        throw new Error("the password is hunter2");
      },
    }),
  });
  const run = testApp(app);
  onTestFinished(() => run.close());
  return { app, run, stored };
}

const texts = (messages: readonly Message<{ text: string }>[]): string[] =>
  messages.map(({ data }) => data.text);

test("P21, N21: send to everyone but me", async () => {
  const { run } = chatApp();
  const seen: Record<string, string[]> = { ann: [], bob: [] };
  const [ann, bob] = ["ann", "bob"].map((token) => {
    const chat = run.connect({ token }).stream("chat/:id", { id: "a" });
    chat.on("message", (message) => {
      if (!message.mine) seen[token]?.push(message.data.text);
    });
    return chat;
  });
  await Promise.all([ann?.ready, bob?.ready]);
  await ann?.publish({ text: "from ann" });
  await bob?.publish({ text: "from bob" });
  await run.settle();
  expect(seen).toEqual({ ann: ["from bob"], bob: ["from ann"] });
});

test("N21: my message is mine on every connection of this page, also in the history, and on no other device", async () => {
  const { run } = chatApp();
  const page = run.connect({ token: "ann" });
  const phone = run.connect({ token: "ann" });
  const chat = page.stream("chat/:id", { id: "a" });
  const { offset } = await chat.publish({ text: "hi" });
  run.cut(page);
  await run.pass("1s");
  expect(page.status).toBe("online");
  const { messages } = await chat.history();
  expect(messages).toMatchObject([{ offset, from: "ann", mine: true, idem: 1 }]);
  const there = await phone.stream("chat/:id", { id: "a" }).history();
  expect(there.messages).toMatchObject([{ offset, from: "ann", mine: false }]);
});

test("P21: messages of the application are nobody's, and channels say no senders unless they are told to", async () => {
  const { app, run } = chatApp();
  const ann = run.connect({ token: "ann" });
  await app.publish("chat/:id", { id: "a" }, { text: "from the server" });
  const { messages } = await ann.stream("chat/:id", { id: "a" }).history();
  expect(messages[0]).not.toHaveProperty("mine");
  const plain = ann.stream("plain/:id", { id: "a" });
  await plain.publish(1);
  const [message] = (await plain.history()).messages;
  expect(message).toEqual({ data: 1, offset: message?.offset, time: message?.time, from: "ann" });
});

test("N21: everyone but me sees that I am typing", async () => {
  const { run } = chatApp();
  const seen: string[] = [];
  for (const token of ["ann", "bob"]) {
    const typing = run.connect({ token }).transient("typing/:id", { id: "a" });
    typing.on("message", ({ from, mine }) => mine === true || seen.push(`${token} sees ${from}`));
    await typing.ready;
    if (token === "bob") await typing.publish(true);
  }
  await run.settle();
  expect(seen).toEqual(["ann sees bob"]);
});

test("N21: show my message before the server has it, and put the real one in its place", async () => {
  const { run } = chatApp();
  const ann = run.connect({ token: "ann" });
  const chat = ann.stream("chat/:id", { id: "a" });
  interface Row {
    readonly key: number | string | undefined;
    readonly text: string;
    readonly state: "sending" | "sent" | "failed";
  }
  let rows: Row[] = [];
  const send = (words: string): void => {
    const sending = chat.publish({ text: words });
    rows = [...rows, { key: sending.idem, text: words, state: "sending" }];
    sending.catch(() => {
      rows = rows.map((row) => (row.key === sending.idem ? { ...row, state: "failed" } : row));
    });
  };
  chat.on("message", ({ data, idem, mine }) => {
    rows = rows.filter(({ key }) => !(mine && key === idem));
    rows = [...rows, { key: mine ? idem : undefined, text: data.text, state: "sent" }];
  });
  await chat.ready;
  run.cut();
  await run.settle();
  send("one");
  send("two");
  // It is no text, so that the server refuses it.
  send(3 as unknown as string);
  expect(rows.map(({ state }) => state)).toEqual(["sending", "sending", "sending"]);
  await run.pass("1s");
  expect(rows.map(({ text: words, state }) => `${words} ${state}`)).toEqual([
    "3 failed",
    "one sent",
    "two sent",
  ]);
});

test("P14, A6: reject a message with a reason", async () => {
  const { run } = chatApp();
  const room = run.connect({ token: "ann" }).stream("polite/:id", { id: "a" });
  await expect(room.publish({ text: "damn" })).rejects.toMatchObject({
    code: "rude",
    message: "mind your language",
  });
  await expect(room.publish({ text: "darn" })).resolves.toHaveProperty("offset");
});

test("P10, P14: store first, then broadcast, in the order in which they were sent", async () => {
  const { run, stored } = chatApp();
  const ann = run.connect({ token: "ann" }).stream("stored/:id", { id: "a" });
  const seen: string[] = [];
  ann.on("message", ({ data }) => {
    expect(stored).toContain(`ann: ${data.text}`);
    seen.push(data.text);
  });
  await ann.ready;
  await Promise.all(["1", "22", "333"].map((words) => ann.publish({ text: words })));
  await run.settle();
  expect(seen).toEqual(["1", "22", "333"]);
  expect(stored).toEqual(["ann: 1", "ann: 22", "ann: 333"]);
  expect(texts((await ann.history()).messages)).toEqual(seen);
});

test("P14: rewrite a message", async () => {
  const { run } = chatApp();
  const room = run.connect().stream("shouting/:id", { id: "a" });
  const heard = new Promise((resolve) => room.on("message", ({ data }) => resolve(data)));
  await room.publish({ text: "hello" });
  expect(await heard).toEqual({ text: "HELLO" });
});

test("A6: what goes wrong in the server is not told to clients", async () => {
  const { run } = chatApp();
  const error = await run
    .connect()
    .stream("broken/:id", { id: "a" })
    .publish(1)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "internal" });
  expect(String(error)).not.toContain("hunter2");
});

test("A7: a method answers what its schema says, and nothing else gets out", async () => {
  const users: Record<string, object> = { ann: { name: "Ann", password: "hunter2" }, bob: { nick: "Bob" } };
  const app = tidemark(quiet).methods({
    user: method({
      input: z.string(),
      output: z.object({ name: z.string() }),
      run: (id) => users[id] as { name: string },
    }),
  });
  const run = testApp(app);
  onTestFinished(() => run.close());
  const rt = run.connect();
  const answer: { name: string } = await rt.call("user", "ann");
  expect(answer).toEqual({ name: "Ann" });
  await expect(rt.call("user", "bob")).rejects.toMatchObject({ code: "internal" });
  await expect(rt.call("user", 5 as unknown as string)).rejects.toMatchObject({ code: "invalid" });
});
