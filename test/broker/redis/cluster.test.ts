import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Keys } from "../../../src/broker/redis/keys.js";
import { slotOf } from "../../../src/broker/redis/slot.js";
import { RedisCluster } from "./support/cluster.js";
import { hasRedis } from "./support/has-redis.js";
import { KEEP, Nodes, appendEach, draft, drafts, notes, readAll } from "./support/scene.js";
import { until } from "../../../bench/lib/wait.js";

describe.skipIf(!hasRedis)("on a Cluster", () => {
  let cluster: RedisCluster;
  const nodes = new Nodes();

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterEach(() => nodes.close());
  afterAll(() => cluster.remove());

  test("a channel whose slot moves under load loses nothing, and its followers are reset", async () => {
    const [a, b] = [
      await nodes.connect({ ...cluster.options, timeout: 5000 }),
      await nodes.connect({ ...cluster.options, timeout: 5000 }),
    ];
    const follower = notes();
    await b.follow("moves", follower);
    await appendEach(a, "moves", drafts(20));
    const slot = slotOf(new Keys("tidemark").topic("moves"));
    const from = await cluster.ownerOf(slot);
    const to = cluster.servers.find((server) => server !== from) ?? from;
    let stop = false;
    let appended = 20;
    const load = (async () => {
      while (!stop) {
        await a.append("moves", [draft('"during"')], KEEP);
        appended++;
      }
    })();
    await cluster.move(slot, to);
    await until("the reset", () => follower.resets > 0);
    stop = true;
    await load;
    await a.append("moves", [draft('"after"')], KEEP);
    await until("the hint", () => follower.data().includes('"after"'));
    expect((await readAll(b, "moves")).entries).toHaveLength(appended + 1);
  });

  test("the channels of a server that is away fail or wait, the others go on", async () => {
    const node = await nodes.connect({ ...cluster.options, timeout: 1000 });
    const [gone] = cluster.servers;
    const channels = Array.from({ length: 12 }, (_, i) => `channel/${i}`);
    const owners = await Promise.all(
      channels.map((channel) => cluster.ownerOf(slotOf(new Keys("tidemark").topic(channel)))),
    );
    const followers = channels.map(() => notes());
    await Promise.all(channels.map((channel, i) => node.follow(channel, followers[i] ?? notes())));
    await Promise.all(channels.map((channel) => node.append(channel, drafts(1), KEEP)));
    // Off for a moment shorter than the cluster needs to notice.
    await gone?.stop();
    const outcomes = await Promise.allSettled(
      channels.map((channel) => node.append(channel, drafts(1), KEEP)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      owners.map((owner) => (owner === gone ? "rejected" : "fulfilled")),
    );
    const waiting = channels.map((channel) => node.append(channel, [draft('"waits"')], KEEP));
    await gone?.start();
    const settled = await Promise.allSettled(waiting);
    expect(settled.filter(({ status }, i) => status === "rejected" && owners[i] !== gone)).toEqual([]);
    await until("resets of its channels", () =>
      followers.every(({ resets }, i) => owners[i] !== gone || resets > 0),
    );
    expect(followers.filter(({ resets }, i) => owners[i] !== gone && resets > 0)).toEqual([]);
    await until("all channels to work", async () => {
      const again = await Promise.allSettled(
        channels.map((channel) => node.append(channel, drafts(1), KEEP)),
      );
      return again.every(({ status }) => status === "fulfilled");
    });
  });
});
