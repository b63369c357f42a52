/** What people ask in the first hour, about rooms: who may, who is there, and what goes on. Each test is the answer to its name. */
import { TidemarkError, bytes, stream, tidemark, transient } from "tidemark";
import type { Stream } from "tidemark/client";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { quiet } from "../server/support/serve.js";

function rooms() {
  const lastWrote = new Map<string, number>();
  const app = tidemark({
    ...quiet,
    authenticate: ({ token = "guest" }) => ({ id: token, rooms: token === "ann" ? ["staff"] : [] }),
  }).channels({
    "chat/:id": stream({
      message: z.object({ text: z.string().max(10) }),
      retain: { count: 100 },
      presence: ({ user }) => ({ name: user.id.toUpperCase() }),
      presenceGrace: "5s",
      allow: ({ user, action }) => action !== "publish" || user.id !== "guest",
    }),
    "private/:id": stream({ allow: ({ user, params }) => user.rooms.includes(params.id) }),
    "typing/:id": transient(),
    "files/:id": stream({ message: bytes({ max: 1000 }), retain: { count: 10 } }),
    "slow/:id": stream({
      onPublish: ({ user, data }) => {
        const wait = (lastWrote.get(user.id) ?? -Infinity) + 10_000 - run.now();
        if (wait > 0) throw new TidemarkError("slow_mode", `wait ${wait / 1000} seconds more`);
        lastWrote.set(user.id, run.now());
        return data;
      },
    }),
  });
  const run = testApp(app);
  onTestFinished(() => run.close());
  return { app, run };
}

test("A3: let guests read and members write", async () => {
  const { run } = rooms();
  const guest = run.connect().stream("chat/:id", { id: "a" });
  await guest.ready;
  await expect(guest.publish({ text: "hi" })).rejects.toMatchObject({ code: "forbidden" });
  await expect(
    run.connect({ token: "bob" }).stream("chat/:id", { id: "a" }).publish({ text: "hi" }),
  ).resolves.toHaveProperty("offset");
});

test("A3, S9: a private room: nobody else may subscribe, publish, read back or see who is there", async () => {
  const { run } = rooms();
  const own = run.connect({ token: "ann" }).stream("private/:id", { id: "staff" });
  await own.ready;
  await own.publish("secret");
  const other = run.connect({ token: "bob" }).stream("private/:id", { id: "staff" });
  const forbidden = { code: "forbidden" };
  await expect(other.ready).rejects.toMatchObject(forbidden);
  await expect(other.publish("let me in")).rejects.toMatchObject(forbidden);
  await expect(other.history()).rejects.toMatchObject(forbidden);
});

test("P14, A4: refuse a message of the wrong form, and say what is wrong with it", async () => {
  const { run } = rooms();
  const chat = run.connect({ token: "ann" }).stream("chat/:id", { id: "a" });
  const error: unknown = await chat
    .publish({ text: "far too long a text" })
    .catch((refused: unknown) => refused);
  expect(error).toMatchObject({ code: "invalid", issues: [{ path: ["text"] }] });
});

test("M3, M12: see who is here: two tabs are one person, with a name", async () => {
  const { run } = rooms();
  const [tab, other] = [run.connect({ token: "ann" }), run.connect({ token: "ann" })];
  const bob = run.connect({ token: "bob" }).stream("chat/:id", { id: "a" });
  await bob.ready;
  await run.settle();
  const changes: string[] = [];
  bob.on("join", (members) => changes.push(...members.map(({ id }) => `${id} came`)));
  bob.on("leave", (members) => changes.push(...members.map(({ id }) => `${id} left`)));
  await Promise.all([tab, other].map((page) => page.stream("chat/:id", { id: "a" }).ready));
  await run.settle();
  expect(bob.members).toEqual([
    { id: "bob", data: { name: "BOB" } },
    { id: "ann", data: { name: "ANN" } },
  ]);
  tab.close();
  await run.pass("10s");
  expect(changes).toEqual(["ann came"]);
  other.close();
  await run.settle();
  expect(changes).toEqual(["ann came", "ann left"]);
});

test("M5: a short break of the connection does not show as leaving and coming", async () => {
  const { run } = rooms();
  const ann = run.connect({ token: "ann" });
  await ann.stream("chat/:id", { id: "a" }).ready;
  const bob = run.connect({ token: "bob" }).stream("chat/:id", { id: "a" });
  await bob.ready;
  await run.settle();
  const changes: unknown[] = [];
  bob.on("join", (members) => changes.push(members));
  bob.on("leave", (members) => changes.push(members));
  run.cut(ann);
  await run.pass("1m");
  expect(ann.status).toBe("online");
  expect(changes).toEqual([]);
});

test("T1: show who is typing, and keep nothing of it", async () => {
  const { run } = rooms();
  const [ann, bob] = ["ann", "bob"].map((token) =>
    run.connect({ token }).transient("typing/:id", { id: "a" }),
  );
  const seen: string[] = [];
  bob?.on("message", ({ from, data }) => seen.push(`${from} ${String(data)}`));
  await Promise.all([ann?.ready, bob?.ready]);
  await ann?.publish(true);
  await run.settle();
  const late = run.connect({ token: "cay" }).transient("typing/:id", { id: "a" });
  late.on("message", () => seen.push("late"));
  await late.ready;
  await run.settle();
  expect(seen).toEqual(["ann true"]);
});

test("A4: send an image as bytes, up to a limit", async () => {
  const { run } = rooms();
  const files = run.connect({ token: "ann" }).stream("files/:id", { id: "a" });
  const image = Uint8Array.from({ length: 1000 }, (_, n) => n % 256);
  const got = new Promise((resolve) => files.on("message", ({ data }) => resolve(data)));
  await files.publish(image);
  expect(await got).toEqual(image);
  await expect(files.publish(new Uint8Array(1001))).rejects.toMatchObject({ code: "invalid" });
});

test("A6: slow mode: one message every ten seconds, and be told how long to wait", async () => {
  const { run } = rooms();
  const slow = run.connect({ token: "ann" }).stream("slow/:id", { id: "a" });
  await slow.publish("one");
  await run.pass("4s");
  await expect(slow.publish("two")).rejects.toMatchObject({
    code: "slow_mode",
    message: "wait 6 seconds more",
  });
  await run.pass("6s");
  await expect(slow.publish("two")).resolves.toHaveProperty("offset");
});

test("P13: be in several rooms over one connection, and write to one without being in it", async () => {
  const { run } = rooms();
  const ann = run.connect({ token: "ann" });
  const bob = run.connect({ token: "bob" });
  const seen: string[] = [];
  const open = (id: string): Stream<{ text: string }, { text: string }> => {
    const room = ann.stream("chat/:id", { id });
    room.on("message", ({ data }) => seen.push(`${id}: ${data.text}`));
    return room;
  };
  const own = ["a", "b", "c"].map(open);
  await Promise.all(own.map(({ ready }) => ready));
  for (const id of ["a", "b", "c"]) await bob.stream("chat/:id", { id }).publish({ text: "hi" });
  await run.settle();
  expect(seen).toEqual(["a: hi", "b: hi", "c: hi"]);
  // Left is left.
  own[1]?.close();
  await run.settle();
  await bob.stream("chat/:id", { id: "b" }).publish({ text: "again" });
  await run.settle();
  expect(seen).toHaveLength(3);
});

test("N7: two parts of a page on one room share one subscription", async () => {
  const { app, run } = rooms();
  const ann = run.connect({ token: "ann" });
  const [list, badge] = [ann.stream("chat/:id", { id: "a" }), ann.stream("chat/:id", { id: "a" })];
  await Promise.all([list.ready, badge.ready]);
  expect((await app.activeChannels()).channels).toMatchObject([{ channel: "chat/a", subscribers: 1 }]);
  let count = 0;
  badge.on("message", () => count++);
  list.close();
  await run.settle();
  await badge.publish({ text: "still" });
  await run.settle();
  expect(count).toBe(1);
});

test("A81: list the rooms that somebody is in, with how many", async () => {
  const { app, run } = rooms();
  const [ann, bob] = [run.connect({ token: "ann" }), run.connect({ token: "bob" })];
  await Promise.all([
    ann.stream("chat/:id", { id: "a" }).ready,
    bob.stream("chat/:id", { id: "a" }).ready,
    bob.stream("chat/:id", { id: "b" }).ready,
  ]);
  const { channels } = await app.activeChannels({ prefix: "chat/" });
  expect(channels.map(({ channel, members }) => [channel, members])).toEqual([
    ["chat/a", 2],
    ["chat/b", 1],
  ]);
});
