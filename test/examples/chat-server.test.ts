import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
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

const ann = JSON.stringify({ id: "ann-12345", name: "Ann" });

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
  expect(heard).toMatchObject({ offset, from: "ann-12345", data });
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
  expect(members).toEqual([{ id: "ann-12345", data: { name: "Ann" } }]);
  rt.close();
});

test("typing carries the name too", async () => {
  const rt = connect<ChatApp>(url, { token: ann });
  const typing = rt.transient("typing/:id", { id: "names" });
  await typing.ready;
  const heard = new Promise((resolve) => typing.on("message", resolve));
  await typing.publish({ on: true });
  expect(await heard).toMatchObject({ from: "ann-12345", data: { on: true, name: "Ann" } });
  rt.close();
});

test.each([
  ["nothing", ""],
  ["blanks", "  \n "],
  ["too much", "x".repeat(2001)],
])("a message of %s is refused", async (_what, text) => {
  await expect(say(ann, "refused", { text })).rejects.toMatchObject({ code: "invalid" });
});

test.each(["no JSON", "{}", '{"id":"short","name":"Ann"}', '{"id":"ann-12345","name":" "}'])(
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
