import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "tidemark/client";
import { chat, type ChatApp } from "../../examples/chat/server.js";

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer();
  chat.attach(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/connect`;
});

afterAll(async () => {
  await chat.close();
  server.close();
});

const ann = JSON.stringify({ secret: "the secret of Ann's", name: "Ann" });
const bob = JSON.stringify({ secret: "the secret of Bob's", name: "Bob" });

/** A client that is closed when the test is over. */
function join(token: string | undefined) {
  const rt = connect<ChatApp>(url, { token });
  onTestFinished(() => rt.close());
  return rt;
}

const annsId = createHash("sha256").update("the secret of Ann's").digest("base64url").slice(0, 22);

/** The next message of a room, and what became of publishing `data` there. */
async function say(token: string | undefined, id: string, data: { text: string; key?: string }) {
  const rt = connect<ChatApp>(url, { token });
  const room = rt.stream("chat/:id", { id });
  const heard = new Promise((resolve) => room.on("message", resolve));
  try {
    const { offset } = await room.publish(data);
    return { offset, heard: await heard };
  } finally {
    rt.close();
  }
}

test("a message carries the name and id of its sender, and the sender's key", async () => {
  const { offset, heard } = await say(ann, "names", { text: " hi ", key: "k1" });
  const data = { text: "hi", key: "k1", name: "Ann" };
  expect(heard).toMatchObject({ offset, from: annsId, data });
});

test("somebody without a token is anonymous, whatever name the message claims", async () => {
  const forged = { text: "hi", name: "Ann" };
  const { heard } = await say(undefined, "forged", forged);
  expect(heard).toMatchObject({ data: { text: "hi", name: "anonymous" } });
  expect(heard).not.toHaveProperty("from");
});

test("a room tells who is in it", async () => {
  const rt = connect<ChatApp>(url, { token: ann });
  const room = rt.stream("chat/:id", { id: "people" });
  const members = await new Promise((resolve) => room.on("members", resolve));
  expect(members).toEqual([{ id: annsId, data: { name: "Ann" } }]);
  rt.close();
});

test("typing carries the name too", async () => {
  const rt = connect<ChatApp>(url, { token: ann });
  const typing = rt.transient("typing/:id", { id: "names" });
  await typing.ready;
  const heard = new Promise((resolve) => typing.on("message", resolve));
  await typing.publish({ on: true });
  expect(await heard).toMatchObject({ from: annsId, data: { on: true, name: "Ann" } });
  rt.close();
});

test.each([
  ["nothing", ""],
  ["blanks", "  \n "],
  ["too much", "x".repeat(2001)],
])("a message of %s is refused", async (_what, text) => {
  await expect(say(ann, "refused", { text })).rejects.toMatchObject({ code: "invalid" });
});

test("whoever has a secret has an id made of it, which is not the secret", async () => {
  expect(await join(ann).call("me")).toBe(annsId);
  expect(await join(undefined).call("me")).toBeNull();
});

describe("what amends a message", () => {
  test("goes into the log after it, with the name of who did it", async () => {
    const room = join(ann).stream("chat/:id", { id: "amended" }, { last: 10 });
    const { offset } = await room.publish({ text: "hi" });
    await room.publish({ edit: offset, text: " hello " });
    await join(bob).stream("chat/:id", { id: "amended" }).publish({ react: offset, emoji: "👍" });
    await room.publish({ delete: offset });
    const { messages } = await room.history();
    expect(messages.map(({ data }) => data)).toEqual([
      { text: "hi", name: "Ann" },
      { edit: offset, text: "hello", name: "Ann" },
      { react: offset, emoji: "👍", on: true, name: "Bob" },
      { delete: offset, name: "Ann" },
    ]);
  });

  test("is refused from anybody but its author, and from those without an id", async () => {
    const { offset } = await join(ann).stream("chat/:id", { id: "hers" }).publish({ text: "hi" });
    for (const token of [bob, undefined]) {
      const room = join(token).stream("chat/:id", { id: "hers" });
      await expect(room.publish({ edit: offset, text: "no" })).rejects.toMatchObject({ code: "forbidden" });
      await expect(room.publish({ delete: offset })).rejects.toMatchObject({ code: "forbidden" });
    }
    const nobody = join(undefined).stream("chat/:id", { id: "hers" });
    await expect(nobody.publish({ react: offset, emoji: "👍" })).rejects.toMatchObject({ code: "forbidden" });
  });

  test("is refused from those without an id even for what one of them wrote", async () => {
    const room = join(undefined).stream("chat/:id", { id: "nobodys" });
    const { offset } = await room.publish({ text: "hi" });
    await expect(room.publish({ delete: offset })).rejects.toMatchObject({ code: "forbidden" });
  });

  test("is refused when there is no such message", async () => {
    const room = join(ann).stream("chat/:id", { id: "none" });
    const { offset } = await room.publish({ text: "hi" });
    for (const other of [offset - 1, offset + 1])
      await expect(room.publish({ edit: other, text: "hm" })).rejects.toMatchObject({ code: "not_found" });
  });

  test.each([{ edit: 1.5, text: "a" }, { edit: 1, text: " " }, { react: 1, emoji: "no" }, { delete: 0 }])(
    "is refused as %j",
    async (data) => {
      const room = join(ann).stream("chat/:id", { id: "odd" });
      await expect(room.publish(data)).rejects.toMatchObject({ code: "invalid" });
    },
  );
});

describe("slow mode", () => {
  test("refuses the next message with a reason and a time, and only where it is on", async () => {
    const rt = join(ann);
    const help = rt.stream("chat/:id", { id: "help" });
    const { offset } = await help.publish({ text: "one", key: "k1" });
    await expect(help.publish({ text: "two", key: "k2" })).rejects.toMatchObject({
      code: "slow_mode",
      retry: false,
      message: expect.stringMatching(/^Slow mode: one message every 10 s here\. Wait ([1-9]|10) s\.$/),
    });
    // What changes a message is none, and somebody else has their own turn.
    await help.publish({ edit: offset, text: "one!" });
    await join(bob).stream("chat/:id", { id: "help" }).publish({ text: "mine" });
    const fast = rt.stream("chat/:id", { id: "fast" });
    for (const text of ["one", "two", "three"]) await fast.publish({ text });
  });

  test("believes that the same message again is a retry, for a while", async () => {
    const help = join(JSON.stringify({ secret: "the secret of Cid's", name: "Cid" })).stream("chat/:id", {
      id: "help",
    });
    const said = { text: "one", key: "k1" };
    for (let i = 0; i < 3; i++) await help.publish(said);
    await expect(help.publish(said)).rejects.toMatchObject({ code: "slow_mode" });
  });
});

describe("an image", () => {
  const png = new Uint8Array([137, 80, 78, 71]);

  test("is bytes that only its author can put there", async () => {
    const rt = join(ann);
    const image = rt.stream("image/:owner/:key", { owner: annsId, key: "my-image" });
    await image.publish(png);
    const seen = join(undefined).stream("image/:owner/:key", { owner: annsId, key: "my-image" }, { last: 1 });
    const { data, from } = await new Promise<{ data: Uint8Array; from?: string }>((resolve) => {
      seen.on("message", resolve);
    });
    expect([...data]).toEqual([...png]);
    expect(from).toBe(annsId);
    for (const token of [bob, undefined]) {
      const forged = join(token).stream("image/:owner/:key", { owner: annsId, key: "my-image" });
      await expect(forged.publish(png)).rejects.toMatchObject({ code: "forbidden" });
    }
  });

  test("is refused when it is too large, or no bytes", async () => {
    const image = join(ann).stream("image/:owner/:key", { owner: annsId, key: "large" });
    await expect(image.publish(new Uint8Array(60_001))).rejects.toMatchObject({ code: "invalid" });
  });

  test("is said in a message that may have no text", async () => {
    const room = join(ann).stream("chat/:id", { id: "images" });
    const image = { key: "my-image", type: "image/png" as const, width: 1, height: 1, alt: "" };
    await room.publish({ text: "", image });
    await expect(room.publish({ text: "", image: { ...image, key: "../x" } })).rejects.toMatchObject({
      code: "invalid",
    });
  });
});

test("how far one has read is kept for those who come, and is nobody's without an id", async () => {
  await join(ann).stream("read/:id", { id: "reads" }).publish({ upTo: 5 });
  const { messages } = await join(bob).stream("read/:id", { id: "reads" }).history();
  expect(messages).toMatchObject([{ from: annsId, data: { upTo: 5, name: "Ann" } }]);
  const nobody = join(undefined).stream("read/:id", { id: "reads" });
  await expect(nobody.publish({ upTo: 5 })).rejects.toMatchObject({ code: "forbidden" });
});

test.each(["no JSON", "{}", '{"secret":"short","name":"Ann"}', '{"secret":"the secret of Ann","name":" "}'])(
  "the token %j is refused",
  async (token) => {
    const rt = connect<ChatApp>(url, { token });
    const closed = new Promise((resolve) => {
      rt.on("status", (status) => status === "closed" && resolve(rt.reason?.code));
    });
    rt.on("error", () => undefined);
    expect(await closed).toBe("unauthorized");
    rt.close();
  },
);
