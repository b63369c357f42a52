import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RedisBrokerOptions } from "tidemark/broker/redis";
import { RedisServer, freePorts, type Settings } from "./redis-server.js";
import { until } from "./wait.js";

const NAME = "tidemark";

/** A primary with one replica, and three Sentinels that watch them. */
export class Watched {
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: readonly RedisServer[];

  private constructor(primary: RedisServer, replica: RedisServer, sentinels: readonly RedisServer[]) {
    this.primary = primary;
    this.replica = replica;
    this.sentinels = sentinels;
  }

  static async start(settings: Settings = {}): Promise<Watched> {
    const primary = await RedisServer.start({ "repl-diskless-sync-delay": 0, ...settings });
    const replica = await RedisServer.start({ replicaof: `127.0.0.1 ${primary.port}`, ...settings });
    await primary.replicated();
    const ports = await freePorts(3);
    const sentinels = ports.map((port) => new RedisServer(port, {}));
    await Promise.all(sentinels.map((sentinel) => startSentinel(sentinel, primary)));
    await until("the Sentinels to know each other", async () => {
      const views = await Promise.all(
        sentinels.map(({ admin }) => admin.call("sentinel", "master", NAME) as Promise<string[]>),
      );
      return views.every(
        (view) => valueOf(view, "num-slaves") === "1" && valueOf(view, "num-other-sentinels") === "2",
      );
    });
    return new Watched(primary, replica, sentinels);
  }

  get options(): RedisBrokerOptions {
    return {
      sentinel: { name: NAME, nodes: this.sentinels.map(({ port }) => ({ host: "127.0.0.1", port })) },
    };
  }

  /** Resolves when the replica has been promoted. */
  async promoted(): Promise<void> {
    await until("the promotion", async () => (await this.replica.admin.role())[0] === "master", 20_000);
  }

  async remove(): Promise<void> {
    await Promise.all([...this.sentinels, this.primary, this.replica].map((server) => server.remove()));
  }
}

async function startSentinel(sentinel: RedisServer, primary: RedisServer): Promise<void> {
  const file = join(sentinel.folder, "sentinel.conf");
  const lines = [
    `port ${sentinel.port}`,
    "bind 127.0.0.1",
    `dir ${sentinel.folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
    `sentinel down-after-milliseconds ${NAME} 1500`,
    `sentinel failover-timeout ${NAME} 3000`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  await sentinel.run([file, "--sentinel"], /Sentinel ID is/);
}

/** Of a flat list of names and values. */
function valueOf(list: readonly string[], name: string): string | undefined {
  return list[list.indexOf(name) + 1];
}
