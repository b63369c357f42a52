/** `tidemark get`, `set` and `watch`, as processes against a server in this one. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLogger, state, stream, tidemark as server } from "tidemark";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { StateHandle } from "../../src/server/state/state-handle.js";
import { tidemark, type Running } from "./support.js";

const KEY = "correct-horse-battery";

let url: string;
let keys: StateHandle<unknown, unknown>;
let restart: () => Promise<void>;

beforeEach(async () => {
  const app = server<{ id: string } | null>({
    log: silentLogger,
    apiKey: KEY,
    authenticate: ({ token }) => (token === undefined ? null : { id: token }),
  }).channels({
    "keys/:id": state(),
    "mine/:id": state({ allow: ({ user }) => user?.id === "ann" }),
    "chat/:id": stream(),
  });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  url = `ws://127.0.0.1:${port}/connect`;
  keys = app.state("keys/a");
  restart = async () => {
    await app.close();
    await app.listen({ port, host: "127.0.0.1" });
  };
});

const run = (...args: string[]): Running => tidemark(args, { TIDEMARK_URL: url, TIDEMARK_API_KEY: KEY });

describe("tidemark set and get", () => {
  test("set several keys at once, and print one, some or all", async () => {
    const set = run("set", "keys/a", 'web-1={"cpu":0.4}', 'name="Ann = Bob"');
    expect(await set.exit).toBe(0);
    expect(set.out()).toMatch(/^changed keys\/a at [\w-]+:\d+\n$/);
    expect(await keys.get("name")).toBe("Ann = Bob");

    const one = run("get", "keys/a", "web-1");
    expect([await one.exit, one.out()]).toEqual([0, '{"cpu":0.4}\n']);
    const all = run("get", "keys/a");
    expect(await all.exit).toBe(0);
    expect(all.out().trim().split("\n").toSorted()).toEqual(['name  "Ann = Bob"', 'web-1  {"cpu":0.4}']);
    const some = run("get", "keys/a", "--prefix", "web-", "--json");
    expect(await some.exit).toBe(0);
    expect(JSON.parse(some.out())).toEqual({ channel: "keys/a", key: "web-1", value: { cpu: 0.4 } });

    const again = run("set", "keys/a", 'name="Ann = Bob"');
    expect([await again.exit, again.out().split(",")[0]]).toEqual([0, "keys/a is so already"]);
  });

  test("delete keys, and set those that are absent", async () => {
    await keys.change({ set: { a: 1, b: 2 } });
    const changed = run("set", "keys/a", "c=3", "--delete", "a", "--delete", "b", "--ttl", "1h", "--json");
    expect(await changed.exit).toBe(0);
    expect(JSON.parse(changed.out())).toMatchObject({ channel: "keys/a", same: false });
    expect(await keys.entries()).toEqual(new Map([["c", 3]]));
    const refused = run("set", "keys/a", "c=4", "--if-absent");
    expect(await refused.exit).toBe(1);
    expect(refused.err()).toContain("(conflict)");
    expect(await keys.get("c")).toBe(3);
  });

  test("end with 1 where a key is not there, the channel is of another kind, or the key is wrong", async () => {
    await keys.change({ set: { a: 1 } });
    const missing = run("get", "keys/a", "a", "none");
    expect([await missing.exit, missing.out()]).toEqual([1, "a  1\n"]);
    expect(missing.err()).toContain("none: no such key");
    const chat = run("get", "chat/a");
    expect([await chat.exit, chat.out()]).toEqual([1, ""]);
    expect(chat.err()).toContain("(wrong_kind)");
    const wrong = run("set", "keys/a", "a=2", "--api-key", "another-key-than-that");
    expect(await wrong.exit).toBe(1);
    expect(wrong.err()).toContain("(unauthorized)");
  });
});

describe("tidemark watch", () => {
  test("prints what there is, what changes and what is deleted", async () => {
    await keys.change({ set: { "web-1": 1, db: 2 } });
    const all = run("watch", "keys/a");
    await all.says("db  2\n");
    await keys.change({ set: { "web-1": { x: 1 } }, delete: ["db"] });
    await all.says("db  deleted\n");
    expect(all.out().split("\n").slice(0, 2).toSorted()).toEqual(["db  2", "web-1  1"]);
    expect(all.out()).toContain('web-1  {"x":1}\n');
    all.kill("SIGINT");
    expect(await all.exit).toBe(0);
  });

  test("prints some keys, as JSON, up to a count", async () => {
    await keys.change({ set: { "web-1": 1, db: 2 } });
    const some = run("watch", "keys/a", "--prefix", "web-", "--json", "--count", "2", "--rate", "20");
    await some.says('"web-1","value":1');
    await keys.change({ set: { db: 3 } });
    await keys.change({ delete: ["web-1"] });
    expect(await some.exit).toBe(0);
    expect(
      some
        .out()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { channel: "keys/a", key: "web-1", value: 1 },
      { channel: "keys/a", key: "web-1", deleted: true },
    ]);
  });

  test("goes on after a restart of the server, and says what is gone by then", async () => {
    await keys.change({ set: { a: 1, b: 2 } });
    const all = run("watch", "keys/a");
    await all.says("b  2\n");
    // Its logs are in memory.
    await restart();
    await keys.change({ set: { b: 2, c: 3 } });
    await all.says("c  3\n");
    expect(all.out().split("\n").slice(2, -1).toSorted()).toEqual(["a  deleted", "c  3"]);
  });

  test("ends with 1 where the server says no", async () => {
    for (const [args, code] of [
      [["watch", "chat/a"], "wrong_kind"],
      [["watch", "nothing/a"], "not_found"],
      [["watch", "mine/a"], "forbidden"],
    ] as const) {
      const refused = run(...args);
      expect([args, await refused.exit]).toEqual([args, 1]);
      expect(refused.err()).toContain(`(${code})`);
    }
    const ann = run("watch", "mine/a", "--token", "ann");
    ann.kill("SIGTERM");
    await ann.exit;
  });
});

test("E26: a process that has nothing else to do ends when what it set has been written", async () => {
  const dist = join(import.meta.dirname, "../../dist/server");
  const script = `
    import { state, tidemark } from ${JSON.stringify(`${dist}/index.js`)};
    const app = tidemark().channels({ "keys/:id": state() });
    console.log((await app.state("keys/a").set("a", 1)).cursor);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toMatch(/^[\w-]+:\d+\n$/);
});

test.each([
  [["get"], "which channel?"],
  [["get", "keys/a", "b", "--prefix", "c"], "exclude each other"],
  [["set", "keys/a"], "what is to be set?"],
  [["set", "keys/a", "a"], "KEY=JSON"],
  [["set", "keys/a", "a=b"], "is not JSON"],
  [["set", "keys/a", "a=1", "--ttl", "soon"], "--ttl must be milliseconds"],
  [["set", "keys/a", "--delete", "a", "--if-absent"], "--if-absent"],
  [["watch", "keys/a", "--rate", "fast"], "--rate"],
  [["watch", "keys/a", "b"], "--key"],
  [["watch", "keys/a", "--key", "b", "--prefix", "c"], "exclude each other"],
])("%j ends with 2, and says what to write instead", async (args, message) => {
  const wrong = run(...args);
  expect(await wrong.exit).toBe(2);
  expect(wrong.err()).toContain(message);
});
