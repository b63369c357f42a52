import { afterAll, beforeAll, describe, it } from "vitest";
import { redisBroker } from "tidemark/broker/redis";
import { transportContract } from "tidemark/testing";
import type { TransportName } from "tidemark/client";
import { RedisServer } from "../../bench/lib/redis-server.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";
import { haproxy, noHaproxy, UPGRADING } from "./support/haproxy.js";
import { harness, nodesHarness } from "./support/servers.js";
import { workersHarness } from "./support/workers.js";

const TRANSPORTS = ["websocket", "stream", "poll"] satisfies TransportName[];

for (const transport of TRANSPORTS) {
  transportContract(`${transport}, one node`, () => harness(transport, 1), { describe, it });
  transportContract(`${transport}, two nodes in turn`, () => harness(transport, 2), { describe, it });
  transportContract(`${transport}, two workers`, async () => workersHarness(transport), { describe, it });
}

describe.skipIf(!hasRedis || noHaproxy)("two nodes on Redis, in turn behind HAProxy", () => {
  let redis: RedisServer;
  /** A store of its own for each test. */
  let stores = 0;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.remove());

  for (const transport of TRANSPORTS) {
    const openBrokers = async () => {
      const options = { url: redis.url, prefix: `contract-${stores++}` };
      return Promise.all([redisBroker(options), redisBroker(options)]);
    };
    transportContract(transport, () => nodesHarness(transport, openBrokers, haproxy(UPGRADING)), {
      describe,
      it,
    });
  }
});
