import { Redis } from "ioredis";
import { connectionOptions, isWritable } from "./connection.js";
import type { Settings } from "./options.js";
import type { Topology } from "./topology.js";

const DEFAULT_URL = "redis://localhost:6379";
const HOME = "primary";

/** One Redis, or the primary that Sentinels name. */
export class Single implements Topology {
  readonly mixesTopics = true;
  readonly endsOldTopics = false;
  readonly #settings: Settings;
  readonly #redis: Redis;
  #lastError: Error | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#redis = this.#connection();
    this.#redis.on("error", (error: Error) => (this.#lastError = error));
  }

  get lastError(): Error | undefined {
    return this.#lastError;
  }

  connect(): void {
    // Whoever waits hears of failures by the deadline; attempts go on.
    this.#redis.connect().catch((error: Error) => (this.#lastError ??= error));
  }

  ready(): Redis | undefined {
    return isWritable(this.#redis) ? this.#redis : undefined;
  }

  groupOf(): number {
    return 0;
  }

  connectionFor(): Redis | undefined {
    return this.ready();
  }

  primaries(): Redis[] {
    return [this.#redis];
  }

  homeOf(): string {
    return HOME;
  }

  subscriber(): Redis {
    return this.#connection();
  }

  onReady(listener: () => void): void {
    this.#redis.on("ready", listener);
  }

  onMoved(): void {
    // There is one home, and it stays.
  }

  refresh(): void {
    // Nothing to find out.
  }

  close(): void {
    this.#redis.disconnect();
  }

  #connection(): Redis {
    const { sentinel, url, client, random } = this.#settings;
    const options = connectionOptions(this.#settings);
    if (sentinel !== undefined) {
      return new Redis({
        ...options,
        name: sentinel.name,
        sentinels: sentinel.nodes.map(({ host, port }) => ({ host, port })),
        sentinelRetryStrategy: () => 100 + 100 * random.float(),
        ...(sentinel.password !== undefined && { sentinelPassword: sentinel.password }),
      });
    }
    return url === undefined && client !== undefined
      ? new Redis(options)
      : new Redis(url ?? DEFAULT_URL, options);
  }
}
