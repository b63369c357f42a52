/** Appends that come to Redis when nobody waits for them any more, and nodes that stood still. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../server/support/client.js";
import { Proxy } from "./support/proxy.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { KEEP, Nodes, draft, readAll } from "./support/scene.js";
import { elapse, until } from "../../../bench/lib/wait.js";

const nodes = new Nodes();
const ends: (() => unknown)[] = [];
afterEach(async () => {
  await nodes.close();
  for (const end of ends.splice(0).toReversed()) await end();
});

async function redis(): Promise<RedisServer> {
  const server = await RedisServer.start();
  ends.push(() => server.remove());
  return server;
}

async function proxied(server: RedisServer): Promise<Proxy> {
  const proxy = await Proxy.start(server.port);
  ends.push(() => proxy.close());
  return proxy;
}

const dataIn = async (...args: Parameters<typeof readAll>): Promise<unknown[]> =>
  (await readAll(...args)).entries.map(({ data }) => data);

describe.skipIf(!hasRedis)("an append that was under way for too long", () => {
  test("P22: is not made when its node has answered that it is not there", async () => {
    const server = await redis();
    const proxy = await proxied(server);
    const node = await nodes.connect({ url: proxy.url, timeout: 1500, lease: 60_000 });
    const other = await nodes.connect({ url: server.url });
    await node.append("c", [draft('"first"')], KEEP);
    proxy.hold();
    const late = draft('"late"');
    await expect(node.append("c", [late], KEEP)).rejects.toMatchObject({ code: "unavailable" });
    // The same by another way, with the same key: what is under way would be known for a retry by that, for now.
    await other.append("c", [{ ...late, data: '"retried"', key: { ...late.key, id: "another" } }], KEEP);
    proxy.release();
    // What comes over the same connection comes after it.
    expect(await dataIn(node, "c")).toEqual(['"first"', '"retried"']);
    // And the node's own time is that of the server again.
    await node.append("c", [draft('"next"')], KEEP);
    expect(await dataIn(other, "c")).toEqual(['"first"', '"retried"', '"next"']);
  }, 30_000);

  test("B79: is of unknown outcome where its own time is over, though the call's is not", async () => {
    const server = await redis();
    const proxy = await proxied(server);
    const node = await nodes.connect({ url: proxy.url, timeout: 20_000, lease: 60_000 });
    const known = draft('"first"');
    await node.append("c", [known], KEEP);
    proxy.hold();
    const drafts = [
      { ...draft('"late"'), within: 100 },
      { ...known, within: 100 },
      { ...draft('"in time"'), within: 600_000 },
    ];
    const outcomes = node.append("c", drafts, KEEP);
    await until("it is under way", () => proxy.held > 0);
    await elapse(150);
    proxy.release();
    expect(await outcomes).toEqual([
      { error: "outcome_unknown" },
      { offset: expect.any(Number) as number, duplicate: true },
      { offset: expect.any(Number) as number, duplicate: false },
    ]);
    expect(await dataIn(node, "c")).toEqual(['"first"', '"in time"']);
  }, 40_000);
});

const SCRIPT = join(import.meta.dirname, "support/server.mjs");

/** A server in a process of its own, whose channels remember keys for so many milliseconds. */
async function serve(url: string, dedupe: number): Promise<{ pid: number; port: number }> {
  const child = spawn(process.execPath, [SCRIPT, url, `${dedupe}`], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exit = once(child, "exit");
  ends.push(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  const [port] = (await once(child, "message")) as [number];
  return { pid: child.pid ?? 0, port };
}

describe.skipIf(!hasRedis || process.platform !== "linux")("a node that stood still", () => {
  test("K32, G3: what was in its sockets, and was acknowledged elsewhere meanwhile, is in the log once", async () => {
    const { url } = await redis();
    const dedupe = 1500;
    const [a, b] = [await serve(url, dedupe), await serve(url, dedupe)];
    const publisher = "a publisher's secret";
    const at = (node: { port: number }): string => `ws://127.0.0.1:${node.port}/connect`;
    const [first, quiet] = [await connect(at(a), { publisher }), await connect(at(a))];
    process.kill(a.pid, "SIGSTOP");
    await until("it stands still", () => /\) T /.test(readFileSync(`/proc/${a.pid}/stat`, "utf8")));
    first.send({ id: 1, publish: "log/a", data: "once", idem: "key" });
    first.send({ id: 2, publish: "log/a", data: "once more", idem: 7 });
    first.socket.close();
    const send = (target: { port: number }, idem: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${target.port}/connect/send`, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: [
          { connect: { publisher: "another publisher's secret" } },
          { id: 1, publish: "log/a", data: idem, idem },
        ]
          .map((line) => JSON.stringify(line))
          .join("\n"),
      });
    const waiting = send(a, "by POST");
    const second = await connect(at(b), { publisher });
    const retry = { publish: "log/a", age: 100 };
    expect(await second.ask({ ...retry, data: "once", idem: "key" })).toHaveProperty("offset");
    expect(await second.ask({ ...retry, data: "once more", idem: 7 })).toHaveProperty("offset");
    expect((await send(b, "by POST")).status).toBe(200);
    // Two windows without an append, and all keys are forgotten.
    await elapse(2 * dedupe + 200);
    process.kill(a.pid, "SIGCONT");
    expect((await waiting).status).toBe(503);
    expect((await quiet.closed).code).toBe(4000);
    const after = await connect(at(a));
    const { entries } = (await after.ask({ history: "log/a" })) as { entries: [number, unknown][] };
    expect(entries.map(([, data]) => data)).toEqual(["once", "once more", "by POST"]);
  }, 60_000);
});
