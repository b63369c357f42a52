import { expect, test } from "vitest";
import { World } from "./world.js";

/** A token function that gives t1, t2, … */
function tokens(): { readonly ask: () => Promise<string>; asked: number } {
  const source = { asked: 0, ask: () => Promise.resolve(`t${++source.asked}`) };
  return source;
}

const unauthorized = { code: "unauthorized", message: "no", retry: false };

test("a fetched token is kept over reconnects", async () => {
  const source = tokens();
  const world = new World({ token: source.ask });
  expect(await world.online()).toMatchObject({ connect: { token: "t1" } });
  await world.reconnect();
  expect(await world.online()).toMatchObject({ connect: { token: "t1" } });
  expect(source.asked).toBe(1);
});

test("after 4004 a new token is fetched, at once", async () => {
  const source = tokens();
  const world = new World({ token: source.ask });
  await world.online();
  await world.pass(15_000);
  world.link.cut(4004, "expired");
  await world.pass(1);
  expect(world.links).toHaveLength(2);
  expect(await world.online()).toMatchObject({ connect: { token: "t2" } });
});

test("a server that finds every token expired is not hammered", async () => {
  const source = tokens();
  const world = new World({ token: source.ask });
  for (let i = 0; i < 5; i++) {
    await world.online();
    world.link.cut(4004, "expired");
    await world.pass(20_000);
  }
  await world.online();
  const links = world.links.length;
  world.link.cut(4004, "expired");
  await world.pass(5);
  expect(world.links).toHaveLength(links);
});

test("a refused token is replaced once, and then the client is closed", async () => {
  const source = tokens();
  const world = new World({ token: source.ask });
  const first = await world.shakeHands();
  world.link.say({ id: first.id, error: unauthorized });
  await world.settle();
  expect(world.links).toHaveLength(2);
  const second = await world.shakeHands();
  expect(second.connect["token"]).toBe("t2");
  world.link.say({ id: second.id, error: unauthorized });
  expect(world.client.status).toBe("closed");
  expect(world.client.reason?.code).toBe("unauthorized");
});

test("a close with 4500 counts as a refused token", async () => {
  const source = tokens();
  const world = new World({ token: source.ask });
  await world.shakeHands();
  world.link.cut(4500, "no");
  expect(await world.online()).toMatchObject({ connect: { token: "t2" } });
  world.link.cut(4500, "no");
  expect(world.client.status).toBe("closed");
});

test("a token function that fails is told, and asked again later", async () => {
  let asked = 0;
  const world = new World({
    token: () => {
      if (asked++ === 0) throw new Error("no network");
      return "t";
    },
  });
  await world.settle();
  expect(world.client.status).toBe("offline");
  expect(world.reports).toMatchObject([
    { code: "token_failed", message: "the token function failed: no network" },
  ]);
  await world.pass(300);
  expect(await world.online()).toMatchObject({ connect: { token: "t" } });
});

test("a token function that never answers is given up with the connection", async () => {
  const world = new World({ token: () => new Promise<string>(() => {}) });
  await world.pass(10_000);
  expect(world.client.reason?.code).toBe("connect_timeout");
});

test("a token function may have no token", async () => {
  const world = new World({ token: () => undefined });
  const command = await world.shakeHands();
  expect(command.connect).not.toHaveProperty("token");
});
