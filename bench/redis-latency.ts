/**
 * npm run bench:redis-latency -- --rate 5000 --channels 100 --connections 100 --seconds 12 --rounds 3 --young 4
 *
 * How long a message takes from its publisher on one node to a subscriber on the other, with Redis in between: from
 * the moment at which it was to be sent. Beside it, in turn, the least that two nodes with Redis between them can do.
 * Needs redis-server; starts one of its own.
 */
import { clientFrame, Histogram, micros, openLoop, WireSocket, type WireEvents } from "tidemark/load";
import { numberOptions } from "./lib/options.js";
import { RedisServer } from "./lib/redis-server.js";
import { Remote } from "./lib/remote.js";
import { median } from "./lib/statistics.js";
import type { RedisNode } from "./servers/redis.js";
import type { RedisRelay } from "./servers/redis-relay.js";

const WARM_UP_S = 2;
/** Before the first round: nodes whose code is still being compiled stop for that, and more than one message in a hundred waits. */
const FIRST_WARM_UP_S = 8;
const TARGET_MS = 5;
/**
 * What docs/scaling.md has those do who want steady latencies. A collection of Node's default young generation, 16 MB, is
 * what one in a hundred messages waits for; one of a quarter takes a quarter of the time.
 */
const YOUNG_MB = 4;

const { rate, channels, connections, seconds, rounds, young } = numberOptions({
  rate: 5000,
  channels: 100,
  connections: 100,
  seconds: 12,
  rounds: 3,
  young: YOUNG_MB,
});
const names = Array.from({ length: channels }, (_, i) => `bench/${i}`);
/** As many publish as subscribe, and each is on every so-manieth channel. */
const shares = Array.from({ length: connections }, (_, i) =>
  names.filter((_name, at) => at % connections === i),
);
let lastIdem = 0;

/** How a pair of nodes is talked to. */
interface Speech {
  readonly path: string;
  readonly hello: (channels: readonly string[]) => string;
  readonly publish: (channel: string, payload: string) => string;
}

const TIDEMARK: Speech = {
  path: "/connect",
  hello: (subs) =>
    JSON.stringify({ id: 0, connect: { subs: Object.fromEntries(subs.map((name) => [name, {}])) } }),
  publish: (channel, payload) =>
    `{"id":${++lastIdem},"publish":${JSON.stringify(channel)},"data":${payload},"idem":${lastIdem}}`,
};

const RELAY: Speech = {
  path: "/",
  hello: (subs) => `+${subs.join(",")}`,
  publish: (channel, payload) => `${channel} ${payload}`,
};

type Node = Pick<Remote<RedisNode | RedisRelay>, "call" | "stop">;

interface Round {
  readonly count: number;
  readonly delivered: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Microseconds of processor time a message: both nodes, Redis, the generator. */
  readonly publishing: number;
  readonly delivering: number;
  readonly redis: number;
  readonly generator: number;
}

/** From the publishers on one node to the subscribers on the other. */
class Way {
  readonly #nodes: readonly [Node, Node];
  readonly #redis: RedisServer;
  readonly #speech: Speech;
  readonly #latencies = new Histogram();
  readonly #due: Buffer[][] = shares.map(() => []);
  #publishers: readonly WireSocket[] = [];
  #delivered = 0;
  #warm = false;

  private constructor(nodes: readonly [Node, Node], redis: RedisServer, speech: Speech) {
    this.#nodes = nodes;
    this.#redis = redis;
    this.#speech = speech;
  }

  static async open(file: string, redis: RedisServer, speech: Speech): Promise<Way> {
    const start = async (): Promise<[Node, number]> => {
      const execArgv = [`--max-semi-space-size=${young}`];
      const node = await Remote.start<RedisNode>(file, import.meta.url, { execArgv });
      return [node, await node.call("listen", redis.url)];
    };
    const [[first, here], [second, there]] = [await start(), await start()];
    const way = new Way([first, second], redis, speech);
    way.#publishers = await Promise.all(shares.map(() => way.#connected(here, [], () => {})));
    const heard: WireEvents["frame"] = (bytes, from, to) => way.#heard(bytes, from, to);
    await Promise.all(shares.map((share) => way.#connected(there, share, heard)));
    return way;
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
  }

  async round(duration: number): Promise<Round> {
    await this.#load(this.#warm ? WARM_UP_S : FIRST_WARM_UP_S);
    this.#warm = true;
    this.#latencies.clear();
    this.#delivered = 0;
    const before = await this.#costs();
    const count = await this.#load(duration);
    const after = await this.#costs();
    const cost = (name: keyof typeof after): number => (after[name] - before[name]) / count;
    const late = (share: number): number => this.#latencies.quantile(share) / 1000;
    return {
      count,
      delivered: this.#delivered,
      p50: late(0.5),
      p99: late(0.99),
      p999: late(0.999),
      publishing: cost("publishing"),
      delivering: cost("delivering"),
      redis: cost("redis"),
      generator: cost("generator"),
    };
  }

  /** Publishes for so long, and waits for the last deliveries. */
  async #load(duration: number): Promise<number> {
    const total = Math.round(rate * duration);
    const expected = this.#delivered + total;
    const pad = "x".repeat(40);
    await openLoop({ rate, count: total }, (index, time) => {
      const channel = index % channels;
      const publisher = channel % connections;
      const line = this.#speech.publish(names[channel] as string, `{"at":${time},"pad":"${pad}"}`);
      if (this.#due[publisher]?.push(clientFrame(line)) === 1) setImmediate(() => this.#flush(publisher));
    });
    const end = performance.now() + 5000;
    while (this.#delivered < expected && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return total;
  }

  /** All that is due in a turn goes in one write, as a busy client would send it. */
  #flush(publisher: number): void {
    const frames = this.#due[publisher]?.splice(0) ?? [];
    this.#publishers[publisher]?.send(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  /** Hot path: a frame of messages, in which a payload is found by the letters before it. */
  #heard(bytes: Uint8Array, start: number, end: number): void {
    const now = micros();
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
    for (let at = text.indexOf('"at":'); at >= 0; at = text.indexOf('"at":', at + 5)) {
      this.#latencies.record(now - Number.parseInt(text.slice(at + 5, at + 25), 10));
      this.#delivered++;
    }
  }

  /** A connection with these subscriptions; resolves when the server has answered. */
  #connected(port: number, subs: readonly string[], frame: WireEvents["frame"]): Promise<WireSocket> {
    const { path, hello } = this.#speech;
    return new Promise((resolve, reject) => {
      let answered = false;
      const events: WireEvents = {
        frame(bytes, start, end, compressed) {
          if (answered) frame(bytes, start, end, compressed);
          else {
            answered = true;
            void opened.then(resolve, reject);
          }
        },
        closed: (reason) => reject(new Error(reason)),
      };
      const opened = WireSocket.open({ port, path, events });
      opened.then((wire) => wire.send(clientFrame(hello(subs))), reject);
    });
  }

  /** Microseconds of processor time so far. */
  async #costs(): Promise<Record<"publishing" | "delivering" | "redis" | "generator", number>> {
    const [first, second] = await Promise.all(this.#nodes.map((node) => node.call("usage")));
    const info = await this.#redis.admin.info("cpu");
    const used = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1]) * 1e6;
    const { user, system } = process.cpuUsage();
    return {
      publishing: first?.cpu ?? 0,
      delivering: second?.cpu ?? 0,
      redis: used("used_cpu_user") + used("used_cpu_sys"),
      generator: user + system,
    };
  }
}

const redis = await RedisServer.start();
const ways = {
  Tidemark: await Way.open("servers/redis.js", redis, TIDEMARK),
  "a bare relay": await Way.open("servers/redis-relay.js", redis, RELAY),
};
const results = new Map<string, Round[]>(Object.keys(ways).map((name) => [name, []]));
for (let i = 0; i < rounds; i++)
  for (const [name, way] of Object.entries(ways)) results.get(name)?.push(await way.round(seconds / rounds));

console.log(
  `${rate} messages a second over ${channels} channels, from ${connections} connections on one node to`,
);
console.log(`as many on the other; medians of ${rounds} rounds, in turn, once they are warm:`);
for (const [name, all] of results) {
  const of = (figure: keyof Round, digits: number): string =>
    median(all.map((round) => round[figure])).toFixed(digits);
  const sum = (figure: "count" | "delivered"): number =>
    all.reduce((total, round) => total + round[figure], 0);
  console.log(`${name}: ${sum("delivered")} of ${sum("count")} delivered`);
  console.log(`  p50 ${of("p50", 2)} ms, p99 ${of("p99", 2)} ms, p99.9 ${of("p999", 2)} ms`);
  console.log(
    `  processor time a message: ${of("publishing", 1)} µs of the publishing node, ${of("redis", 1)} µs of Redis, ` +
      `${of("delivering", 1)} µs of the delivering node, ${of("generator", 1)} µs of the generator`,
  );
}
const p99 = median((results.get("Tidemark") ?? []).map((round) => round.p99));
console.log(`Target p99 under ${TARGET_MS} ms: ${p99 < TARGET_MS ? "reached" : "MISSED"}`);
await Promise.all(Object.values(ways).map((way) => way.close()));
await redis.remove();
process.exit();
