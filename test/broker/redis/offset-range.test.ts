/** Where offsets end in Redis: its clock cannot be set, so the head is written by hand. */
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Keys } from "../../../src/broker/redis/keys.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { KEEP, Nodes, draft, drafts, readAll } from "./support/scene.js";

/** The largest that is given. */
const LAST = 2 ** 53 - 64;

describe.skipIf(!hasRedis)("offsets in Redis", () => {
  let server: RedisServer;
  const nodes = new Nodes();
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(() => nodes.close());
  afterAll(() => server.remove());

  test("L19: what has the last offsets is read, and stays; what would need one beyond is refused", async () => {
    const { url } = server;
    const node = await nodes.connect({ url });
    await node.append("c", drafts(2, "early"), KEEP);
    const redis = new Redis(url);
    try {
      const meta = `${new Keys("tidemark").topic("c")}:meta`;
      const state = await redis.hgetBuffer(meta, "s");
      if (state === null) throw new Error(`there is no log under ${meta}: ${String(await redis.keys("*"))}`);
      // The head is its first seven bytes.
      const written = Buffer.from(state);
      written.writeUIntBE(Math.floor((LAST - 2) / 2 ** 24), 0, 4);
      written.writeUIntBE((LAST - 2) % 2 ** 24, 4, 3);
      await redis.hset(meta, "s", written);
    } finally {
      redis.disconnect();
    }
    const refused = { code: "unavailable", message: expect.stringContaining("no offset is left") as string };
    await expect(node.append("c", drafts(3, "too many"), KEEP)).rejects.toMatchObject(refused);
    const last = [draft('"a"', 1), draft('"b"', 2)];
    const outcomes = await node.append("c", last, KEEP);
    expect(outcomes).toEqual([LAST - 1, LAST].map((offset) => ({ offset, duplicate: false })));
    for (let i = 0; i < 3; i++)
      await expect(node.append("c", drafts(1, "none"), KEEP)).rejects.toMatchObject(refused);
    expect(await node.append("c", last, KEEP)).toEqual(
      outcomes.map((outcome) => ({ ...outcome, duplicate: true })),
    );
    const { entries } = await readAll(node, "c");
    expect(entries.map(({ data }) => data)).toEqual(['"early0"', '"early1"', '"a"', '"b"']);
    // Those of other logs have nothing to do with it.
    await node.append("d", drafts(1), KEEP);
  });
});
