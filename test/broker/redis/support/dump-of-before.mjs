/**
 * Makes dump-of-before.json: what a version that said nothing of a format has left in Redis, and what it reads there itself.
 *
 *   git worktree add ../before f400bb6 && cd ../before && npm ci && npm run build
 *   node dump-of-before.mjs PATH/TO/before f400bb6 > dump-of-before.json
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [checkout, commit] = process.argv.slice(2);
const { redisBroker } = await import(pathToFileURL(join(checkout, "dist/broker/redis/index.js")).href);
const { Redis } = createRequire(join(checkout, "package.json"))("ioredis");

const PORT = 6399;
const server = spawn("redis-server", ["--port", PORT, "--save", "", "--bind", "127.0.0.1"], {
  stdio: ["ignore", "pipe", "inherit"],
});
await new Promise((resolve) =>
  server.stdout.on("data", (text) => `${text}`.includes("Ready to accept") && resolve()),
);

const kept = { retain: { count: 20 }, dedupe: 300_000 };
const live = { dedupe: 300_000 };
const broker = await redisBroker({ url: `redis://127.0.0.1:${PORT}` });
const draft = (data, id, meta) => ({ data, key: { scope: "ann/p1", id, print: 1 }, ...(meta && { meta }) });
for (let i = 1; i <= 30; i++) await broker.append("chat/1", [draft(`"${i}"`, i, '{"from":"ann"}')], kept);
await broker.append("chat/1", [draft(new Uint8Array([0, 255]), "text"), draft('"last"', "other")], kept);
await broker.append("live", [draft('"gone"', 1)], live);
await broker.seal("room", "token");
await broker.append("room", [draft('"fenced"', 1)], { ...kept, fence: "token" });

const pages = {};
for (const channel of ["chat/1", "live", "room"]) {
  const page = await broker.read(
    channel,
    { after: 0, limit: 100, bytes: 1e6 },
    channel === "live" ? live : kept,
  );
  const entries = page.entries.map(({ data, ...rest }) => ({
    ...rest,
    data: typeof data === "string" ? data : { bytes: [...data] },
  }));
  pages[channel] = { ...page, entries };
}
await broker.close();

const redis = new Redis(PORT);
const keys = [];
for (const name of (await redis.keys("*")).sort()) {
  const dump = await redis.dumpBuffer(name);
  if (dump !== null)
    keys.push({ name, ttl: Math.max(0, await redis.pttl(name)), dump: dump.toString("base64") });
}
redis.disconnect();
server.kill();
await once(server, "exit");
console.log(JSON.stringify({ commit, pages, keys }, undefined, 1));
