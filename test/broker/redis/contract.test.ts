import { afterAll, beforeAll, describe, it } from "vitest";
import type { Broker } from "../../../src/broker/index.js";
import { redisBroker, type RedisBrokerOptions } from "../../../src/broker/redis/index.js";
import { brokerContract } from "../../../src/testing/broker-contract.js";
import { RedisCluster } from "./support/cluster.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { Watched } from "../../../bench/lib/sentinels.js";
import { elapse } from "../../../bench/lib/wait.js";

/** Each test's store is a prefix of its own: one server serves all. */
function harnessOn(connection: () => RedisBrokerOptions, servers: () => readonly RedisServer[]) {
  let stores = 0;
  return async () => {
    const prefix = `store-${++stores}`;
    const brokers: Broker[] = [];
    return {
      connect: async () => {
        const broker = await redisBroker({ ...connection(), prefix, lease: 1500, timeout: 3000 });
        brokers.push(broker);
        return broker;
      },
      close: async () => {
        await Promise.all(brokers.map((broker) => broker.close()));
      },
      elapse,
      size: async () => {
        const names = await Promise.all(servers().map(({ admin }) => admin.keys(`${prefix}:*`)));
        return names.flat().length;
      },
    };
  };
}

describe.skipIf(!hasRedis)("one Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.remove());
  brokerContract(
    "redis, standalone",
    harnessOn(
      () => ({ url: server.url }),
      () => [server],
    ),
    { describe: describe.concurrent, it },
  );
});

describe.skipIf(!hasRedis)("a primary under Sentinel", () => {
  let watched: Watched;
  beforeAll(async () => {
    watched = await Watched.start();
  });
  afterAll(() => watched.remove());
  brokerContract(
    "redis, Sentinel",
    harnessOn(
      () => watched.options,
      () => [watched.primary],
    ),
    { describe: describe.concurrent, it },
  );
});

describe.skipIf(!hasRedis)("a Cluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(() => cluster.remove());
  brokerContract(
    "redis, Cluster",
    harnessOn(
      () => cluster.options,
      () => cluster.servers,
    ),
    { describe: describe.concurrent, it },
  );
});
