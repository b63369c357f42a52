import { afterAll, beforeAll, describe } from "vitest";
import { redisBroker } from "tidemark/broker/redis";
import { RedisServer } from "../../bench/lib/redis-server.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";
import { haproxy, noHaproxy, UPGRADING } from "./support/haproxy.js";
import { nodesHarness } from "./support/servers.js";
import { contractOnEachWay } from "./support/ways.js";

describe.skipIf(!hasRedis || noHaproxy)("two nodes on Redis, in turn behind HAProxy", () => {
  let redis: RedisServer;
  /** A store of its own for each test. */
  let stores = 0;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.remove());

  contractOnEachWay("on Redis", (way) => {
    const openBrokers = async () => {
      const options = { url: redis.url, prefix: `contract-${stores++}` };
      return Promise.all([redisBroker(options), redisBroker(options)]);
    };
    return nodesHarness(way, openBrokers, haproxy(UPGRADING));
  });
});
