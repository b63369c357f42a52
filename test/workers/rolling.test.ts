/** Workers followed by new ones, under load. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { client, folder, listener, serve, Server } from "./support.js";

test("A52: at SIGHUP each worker is followed by a new one, and no message is lost or repeated", async () => {
  const server = await serve(folder());
  const before = await server.workers(2);
  const subscribers = Array.from({ length: 12 }, () => listener(client(server.url)));
  await Promise.all(subscribers.map(({ ready }) => ready));
  const publisher = client(server.url).stream("chat/general");
  const published: Promise<unknown>[] = [];
  const more = setInterval(() => {
    for (let i = 0; i < 2; i++) published.push(publisher.publish(`${published.length}`));
  }, 10);
  server.child.kill("SIGHUP");
  const after = (await server.workers(4)).slice(2);
  await server.gone(before);
  clearInterval(more);
  await Promise.all(published);
  const count = published.length;
  await Promise.all(subscribers.map(({ has }) => has(count)));
  const order = Array.from({ length: count }, (_, i) => `${i}`);
  for (const { heard, gaps } of subscribers) expect([heard, gaps]).toEqual([order, []]);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  expect(server.errors).toBe("");
  // It is two workers that answer now, and they stop as workers do.
  server.child.kill("SIGTERM");
  expect(await server.exit).toBe(0);
});

test("A52: new workers read the config file anew; where one cannot start, the old ones go on", async () => {
  const dir = folder();
  const config = join(dir, "config.json");
  writeFileSync(config, '{"channels":{"chat/:id":{"kind":"stream"}}}');
  const server = new Server("--port", "0", "--data", join(dir, "data"), "--workers", "2", "--config", config);
  await server.workers(2);
  writeFileSync(config, '{"channels":');
  server.child.kill("SIGHUP");
  await server.says("a new worker could not start");
  const rt = client(server.url);
  await rt.stream("chat/general").publish("hello");
  writeFileSync(config, '{"channels":{"chat/:id":{"kind":"stream"},"news/:id":{"kind":"stream"}}}');
  expect(readFileSync(config, "utf8")).toContain("news");
  const before = await server.workers(2);
  server.child.kill("SIGHUP");
  await server.gone(before.slice(0, 2));
  await rt.stream("news/today").publish("hello");
});

test("A52: a SIGHUP while the first workers start is carried out when they have", async () => {
  const dir = folder();
  const server = new Server("--port", "0", "--data", dir, "--workers", "2");
  const [first = 0] = await server.workers(1);
  server.child.kill("SIGHUP");
  await server.gone([first]);
  expect(await server.workers(4)).toHaveLength(4);
  await client(server.url).stream("chat/general").publish("hello");
});

test("A52: that a worker cannot be reached for a moment, or cannot be started, is said and costs nothing more", async () => {
  // Each worker's channel breaks once, as it does when something is written to a process that has just ended; and the
  // fourth process does not start at all, as where there are too many.
  const fault = `
    import cluster from "node:cluster";
    let count = 0;
    cluster.on("fork", (worker) => {
      if (++count === 4) Object.defineProperty(worker.process, "pid", { value: undefined });
      worker.emit("error", new Error("write EPIPE"));
    });`;
  Server.env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(fault)}` };
  onTestFinished(() => void (Server.env = {}));
  const server = await serve(folder());
  const [first = 0] = await server.workers(2);
  server.child.kill("SIGHUP");
  await server.gone([first]);
  await server.says("a new worker could not start");
  expect(server.errors.split("a worker could not be reached")).toHaveLength(5);
  await client(server.url).stream("chat/general").publish("hello");
  server.child.kill("SIGTERM");
  expect(await server.exit).toBe(0);
});

test("A51: a second signal ends all of it at once", async () => {
  const server = await serve(folder());
  const [pid = 0, other = 0] = await server.workers(2);
  // A worker that does not go by itself.
  process.kill(pid, "SIGSTOP");
  server.child.kill("SIGTERM");
  await server.gone([other]);
  server.child.kill("SIGTERM");
  expect(await server.exit).toBeNull();
  process.kill(pid, "SIGCONT");
  await server.gone(await server.workers(2));
});
