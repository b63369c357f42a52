/** The same with logs that outlive the process: on Redis, and on disk with a worker beside the process that writes. */
import { Histogram } from "tidemark/load";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Viewers } from "../../generator/viewers/main.js";
import type { SettersReading } from "../../generator/viewers/setters.js";
import { SERVER_CORE } from "../../lib/cores.js";
import { RedisServer } from "../../lib/redis-server.js";
import { Remote } from "../../lib/remote.js";
import { cpuOf } from "../../lib/usage.js";
import { sleep } from "../../measure.js";
import type { Figures, Scenario } from "../../scenario.js";
import type { Writer } from "../../servers/state/writer.js";
import { DEFLATED, KEYS, startServer, type Running, type Way } from "./contenders.js";
import { cpu, round, type Scene } from "./round.js";
import { lengths, middleOf, startViewers, type Middle } from "./rounds.js";
import { AGES, LOAD, loadOf } from "./tables.js";

const VIEWERS = 200;
const PUBLISHES = { channel: "bench/orders", setters: 20, keys: 50, perSecond: 2000 };
const ROUNDS = 5;

/** A server and the process of its broker, if there is one. */
interface Stack {
  readonly running: Running;
  /** Microseconds that the broker's process has used. */
  readonly broker: () => number;
  stop(): Promise<void>;
}

const STACKS: ReadonlyMap<Way, () => Promise<Stack>> = new Map([
  [{ ...DEFLATED, name: "in memory" }, inMemory],
  [{ ...DEFLATED, name: "on Redis" }, onRedis],
  [{ ...DEFLATED, name: "a worker, logs on disk" }, onDisk],
]);

export const brokers: Scenario = {
  id: "state-brokers",
  part: "state",
  title: "On Redis and on disk",
  about: () =>
    `First table: ${VIEWERS} viewers, deflated, at most 20 messages a second, and 20,000 calls of \`app.state(…).set(key, value)\` a second, as in the market. What one process sets on a channel ` +
    "within 10 ms is one entry of its log: that is about 100 entries a second, which is what the broker sees. One viewer takes them as they come: its messages are the entries. " +
    `Second table: ${PUBLISHES.setters} clients publish ${PUBLISHES.perSecond.toLocaleString("en")} times a second together, each time one key on condition that nobody else has changed it; each is an entry of its own. ` +
    "Redis has no persistence; the logs on disk are forced to it as `tidemark serve --data` does it. The broker is redis-server, or the process that writes the logs.",
  run: async ({ quick, say }) => {
    const ways = [...STACKS.keys()];
    const changes = new Map<Way, Figures[]>(ways.map((way) => [way, []]));
    const publishes = new Map<Way, Figures[]>(ways.map((way) => [way, []]));
    const stacks = new Map<Way, Stack>();
    const viewers = await startViewers();
    try {
      for (const [way, start] of STACKS) stacks.set(way, await start());
      const rounds = quick ? 1 : ROUNDS;
      for (let i = 0; i < rounds; i++) {
        for (const [way, stack] of stacks) {
          say(`Brokers: round ${i + 1} of ${rounds}, ${way.name}`);
          changes.get(way)?.push(await setting(way, stack, viewers, quick));
          publishes.get(way)?.push(await publishing(way, stack, viewers, quick));
        }
      }
    } finally {
      await Promise.all([viewers.stop(), ...[...stacks.values()].map((stack) => stack.stop())]);
    }
    return {
      rows: [],
      grids: [changesGrid(ways, middleOf(changes)), publishesGrid(ways, middleOf(publishes))],
    };
  },
};

function changesGrid(ways: readonly Way[], middle: Middle) {
  return {
    columns: [
      ...LOAD,
      { name: "broker's CPU", unit: "% of a core" },
      { name: "entries", unit: "/s" },
      { name: "a viewer", unit: "KB/s" },
      ...AGES,
    ],
    rows: ways.map((way) => ({
      name: way.name,
      values: [
        ...loadOf(middle, way),
        way.name === "in memory" ? NaN : middle.value(way, "broker") * 100,
        Math.round(middle.value(way, "entries frames")),
        middle.value(way, "all bytes") / 1000,
        middle.value(way, "all p50"),
        middle.value(way, "all p99"),
      ],
      spread: middle.spread(way, "cpu"),
    })),
  };
}

function publishesGrid(ways: readonly Way[], middle: Middle) {
  return {
    columns: [
      { name: "server CPU a publish", unit: "µs" },
      { name: "broker's", unit: "µs" },
      { name: "answered", unit: "/s" },
      { name: "conflicts", unit: "/s" },
      { name: "until the answer, p50", unit: "ms" },
      { name: "p99", unit: "ms" },
    ],
    rows: ways.map((way) => ({
      name: way.name,
      values: [
        middle.value(way, "cost"),
        way.name === "in memory" ? NaN : middle.value(way, "broker cost"),
        Math.round(middle.value(way, "answered")),
        Math.round(middle.value(way, "conflicts")),
        middle.value(way, "p50"),
        middle.value(way, "p99"),
      ],
      spread: middle.spread(way, "cost"),
    })),
  };
}

/** The application sets; the broker's processor time is taken around all of the round, viewers' coming and going included. */
async function setting(way: Way, stack: Stack, viewers: Remote<Viewers>, quick: boolean): Promise<Figures> {
  const scene: Scene = { running: stack.running, way, viewers };
  const { warmUp, seconds } = lengths(quick);
  const samples: { readonly at: number; readonly used: number }[] = [];
  const timer = setInterval(() => samples.push({ at: performance.now(), used: stack.broker() }), 250);
  try {
    const figures = await round(scene, {
      warmUp,
      seconds,
      changes: { keys: KEYS, perSecond: 20_000, spread: "even" },
      groups: [
        { name: "all", count: VIEWERS, rate: 20 },
        { name: "entries", count: 1 },
      ],
    });
    return { ...figures, broker: busiest(samples, seconds * 1000) };
  } finally {
    clearInterval(timer);
  }
}

/** The share of a core in the busiest stretch of that length: the one in which changes were made. */
function busiest(samples: readonly { readonly at: number; readonly used: number }[], ms: number): number {
  let most = 0;
  for (const [i, from] of samples.entries()) {
    const to = samples.slice(i).find(({ at }) => at - from.at >= ms);
    if (to !== undefined) most = Math.max(most, (to.used - from.used) / 1000 / (to.at - from.at));
  }
  return most;
}

/** Clients publish. */
async function publishing(
  way: Way,
  stack: Stack,
  viewers: Remote<Viewers>,
  quick: boolean,
): Promise<Figures> {
  const { port } = stack.running;
  const { warmUp, seconds } = lengths(quick);
  const { channel } = PUBLISHES;
  const groups = [{ name: "all", count: 20, rate: 20 }];
  await viewers.call("join", { port, channel, protocol: way.protocol, groups });
  await viewers.call("prepareSetters", { port, ...PUBLISHES });
  await viewers.call("beginSetting");
  await sleep(warmUp);
  await viewers.call("forget");
  const before = await figuresOf(viewers);
  const [used, usedByBroker] = [await cpu(stack), stack.broker()];
  await sleep(seconds);
  const [cost, costOfBroker] = [(await cpu(stack)) - used, stack.broker() - usedByBroker];
  const after = await figuresOf(viewers);
  await viewers.call("endSetting");
  const { refused, problem, lost } = await figuresOf(viewers);
  await viewers.call("leave");
  if (refused + lost > 0)
    throw new Error(`${way.name}: ${refused} publishes refused (${problem}), ${lost} connections lost`);
  const took = (after.at - before.at) / 1e6;
  const answered = after.done + after.conflicts - before.done - before.conflicts;
  const latency = new Histogram();
  latency.add(after.latencies, after.slowest);
  return {
    cost: cost / answered,
    "broker cost": costOfBroker / answered,
    answered: answered / took,
    conflicts: (after.conflicts - before.conflicts) / took,
    p50: latency.quantile(0.5) / 1000,
    p99: latency.quantile(0.99) / 1000,
  };
}

async function figuresOf(viewers: Remote<Viewers>): Promise<SettersReading> {
  const reading = await viewers.call("setting");
  if (reading === undefined) throw new Error("nobody sets anything");
  return reading;
}

async function inMemory(): Promise<Stack> {
  const running = await startServer("tidemark");
  return { running, broker: () => 0, stop: () => running.process.stop() };
}

async function onRedis(): Promise<Stack> {
  const redis = await RedisServer.start();
  const running = await startServer("tidemark", { logs: { redis: redis.url } });
  return {
    running,
    broker: () => cpuOf(redis.pid) ?? 0,
    stop: async () => {
      await running.process.stop();
      await redis.remove();
    },
  };
}

async function onDisk(): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
  const writer = await Remote.start<Writer>("../../servers/state/writer.js", import.meta.url, {
    core: SERVER_CORE,
  });
  await writer.call("write", folder);
  const running = await startServer("tidemark", { logs: { folder } });
  return {
    running,
    broker: () => cpuOf(writer.pid) ?? 0,
    stop: async () => {
      await running.process.stop();
      await writer.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
