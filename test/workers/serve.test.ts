import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { Server, client, connected, folder, listener, serve } from "./support.js";

describe("tidemark serve --workers 2", () => {
  test("G8: answers on one port from both, says that its logs are on the disk, and drains on SIGTERM", async () => {
    const server = await serve(folder());
    const clients = await Promise.all(Array.from({ length: 4 }, () => connected(server.url)));
    expect(clients.map(({ ok }) => ok.durability)).toEqual(["disk", "disk", "disk", "disk"]);
    const closes = clients.map(({ socket }) => once(socket, "close"));
    server.child.kill("SIGTERM");
    expect((await Promise.all(closes)).map(([code]) => code as number)).toEqual([4000, 4000, 4000, 4000]);
    expect(await server.exit).toBe(0);
    expect(server.errors).toBe("");
  });

  test("delivers to clients of all workers in one order, and loses nothing when a worker is killed", async () => {
    const server = await serve(folder());
    const [first = 0] = await server.workers(2);
    const subscribers = Array.from({ length: 8 }, () => listener(client(server.url)));
    await Promise.all(subscribers.map(({ ready }) => ready));
    const publishers = [client(server.url), client(server.url), client(server.url)].map((rt) =>
      rt.stream("chat/general"),
    );
    const published: Promise<unknown>[] = [];
    for (let i = 0; i < 300; i++) {
      for (const [p, stream] of publishers.entries()) published.push(stream.publish(`${p} ${i}`));
      if (i === 100) process.kill(first, "SIGKILL");
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(published);
    await Promise.all(subscribers.map(({ has }) => has(900)));
    const [order] = subscribers.map(({ heard }) => heard);
    expect(new Set(order).size).toBe(900);
    for (const { heard, gaps } of subscribers) expect([heard, gaps]).toEqual([order, []]);
    for (const p of [0, 1, 2]) {
      const own = order?.filter((data) => data.startsWith(`${p} `));
      expect(own).toEqual(Array.from({ length: 300 }, (_, i) => `${p} ${i}`));
    }
    // Another one has taken its place.
    await server.workers(3);
    expect(server.errors).toContain("another one starts in 100 ms");
  });

  test("finds everything acknowledged again when all of it was killed, and clients go on by themselves", async () => {
    const dir = folder();
    const before = await serve(dir);
    const { port } = before;
    const subscriber = listener(client(before.url));
    await subscriber.ready;
    const stream = client(before.url).stream("chat/general");
    const published = Array.from({ length: 200 }, (_, i) => stream.publish(`${i}`));
    await subscriber.has(20);
    const workers = await before.workers(2);
    for (const pid of [before.child.pid ?? 0, ...workers]) process.kill(pid, "SIGKILL");
    await before.exit;
    await serve(dir, port);
    await Promise.all(published);
    await subscriber.has(200);
    expect(subscriber.heard).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
    expect(subscriber.gaps).toEqual([]);
  });

  test("is refused where another one writes, and where the port is taken", async () => {
    const dir = folder();
    const running = await serve(dir);
    const same = new Server("--port", "0", "--data", dir, "--workers", "2");
    expect(await same.exit).toBe(2);
    expect(same.errors).toContain(`process ${running.child.pid} writes ${dir} already`);
    const taken = new Server("--port", running.port, "--data", folder(), "--workers", "2");
    expect(await taken.exit).toBe(2);
    expect(taken.errors.match(/is taken/g)).toHaveLength(1);
  });
});

test("one process keeps its logs too, and stops on SIGINT", async () => {
  const dir = folder();
  for (const last of [0, 1]) {
    const server = new Server("--port", "0", "--data", dir, "--sync", "none");
    while (server.url === "") await once(server.child.stdout ?? server.child, "data");
    const rt = client(server.url);
    const stream = rt.stream("chat/general");
    const messages: readonly unknown[] = (await stream.history({ limit: 10 })).messages;
    expect(messages).toHaveLength(last);
    await stream.publish("hello");
    rt.close();
    server.child.kill("SIGINT");
    expect(await server.exit).toBe(0);
  }
});

test.each([
  [["--workers", "2"], "--workers needs --data"],
  [["--workers", "many"], "--workers takes a number"],
  [["--data", "/dev/null/logs"], "cannot keep logs in /dev/null/logs"],
  [["--data", "x", "--sync", "maybe"], "--sync takes"],
])("%j is a mistake, and is said to be one", async (args, message) => {
  const server = new Server("--port", "0", ...args);
  expect(await server.exit).toBe(2);
  expect(server.errors).toContain(message);
});
