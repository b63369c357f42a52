/** What a key space says of itself, and one that says nothing because the version before has written it. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Entry, Page, Payload } from "../../../src/broker/index.js";
import { FORMAT } from "../../../src/broker/redis/format.js";
import { Keys } from "../../../src/broker/redis/keys.js";
import { readOn } from "../../../src/server/kinds/stream/read-on.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { KEEP, Nodes, draft, readAll } from "./support/scene.js";

/** Made by support/dump-of-before.mjs. */
interface Dump {
  readonly keys: readonly { readonly name: string; readonly ttl: number; readonly dump: string }[];
  readonly pages: Readonly<Record<string, Page>>;
}
const dump = JSON.parse(
  readFileSync(new URL("support/dump-of-before.json", import.meta.url), "utf8"),
) as Dump;

/** Entries as they are read, of which JSON has no bytes. */
function entriesOf(channel: string): readonly Entry[] {
  return (dump.pages[channel]?.entries ?? []).map(({ data, ...rest }) => ({
    ...rest,
    data:
      typeof data === "string"
        ? data
        : (Uint8Array.from((data as { bytes?: number[] }).bytes ?? []) as Payload),
  }));
}

describe.skipIf(!hasRedis)("the format of a key space", () => {
  let server: RedisServer;
  const nodes = new Nodes();
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await nodes.close();
    await server.admin.flushall();
  });
  afterAll(() => server.remove());

  const key = new Keys("tidemark").format();

  test("is said by the first node, and is no news to the next", async () => {
    await nodes.connect({ url: server.url });
    expect(await server.admin.get(key)).toBe(`${FORMAT}`);
    await nodes.connect({ url: server.url });
    expect(await server.admin.pttl(key)).toBe(-1);
  });

  test("that is a newer one is refused, with what can be done, and left as it is", async () => {
    for (const newer of [`${FORMAT + 1}`, "two"]) {
      await server.admin.set(key, newer);
      await expect(nodes.connect({ url: server.url })).rejects.toMatchObject({
        name: "RedisSetupError",
        code: "format",
        message: expect.stringMatching(/newer version.*Run the newer version/) as string,
      });
      expect(await server.admin.get(key)).toBe(newer);
    }
    // Another prefix is another key space.
    await nodes.connect({ url: server.url, prefix: "other" });
  });

  test("is of the time before numbers where there is none: its streams are read, and go on", async () => {
    for (const { name, ttl, dump: bytes } of dump.keys)
      await server.admin.restore(name, ttl, Buffer.from(bytes, "base64"));
    const node = await nodes.connect({ url: server.url });
    expect(await server.admin.get(key)).toBe(`${FORMAT}`);
    for (const channel of ["chat/1", "live", "room"]) {
      const { entries, head, epochs } = await readAll(node, channel);
      const before = dump.pages[channel];
      expect(entries).toEqual(entriesOf(channel));
      expect([head, epochs]).toEqual([before?.head, before?.epochs]);
    }
    const [chat] = await node.append("chat/1", [draft('"after"')], KEEP);
    const page = await readAll(node, "chat/1");
    const { head, epochs } = dump.pages["chat/1"] ?? { head: 0, epochs: [] };
    expect(page.entries).toEqual([
      ...entriesOf("chat/1"),
      { offset: chat !== undefined && "offset" in chat ? chat.offset : 0, prev: head, data: '"after"' },
    ]);
    // Another Redis than the one it comes from: an epoch ends there, and nothing is lost.
    const { steps } = readOn(
      { epoch: epochs[0]?.epoch ?? "", offset: head },
      { ...page, entries: page.entries.slice(-1) },
    );
    expect(steps).toMatchObject([{ gap: { reason: "failover" } }, { entry: { data: '"after"' } }]);
    // What that version called a fence keeps nobody out.
    expect(await server.admin.hget(new Keys("tidemark").log("room")[0] ?? "", "f")).toBe("token");
    expect(await node.append("room", [draft("1")], KEEP)).toMatchObject([{ duplicate: false }]);
    expect((await readAll(node, "room")).entries).toMatchObject([{ data: '"fenced"' }, { data: "1" }]);
  });
});
