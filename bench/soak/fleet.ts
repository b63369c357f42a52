/**
 * A rolling restart: several servers on one Redis are replaced one after the other, as a deploy does it, while clients
 * publish and listen. Afterwards every client must have everything that is in the log, once and in order.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Client, type Stream } from "tidemark/client";
import type { TypedApp } from "tidemark/protocol";
import { Histogram } from "tidemark/load";
import { startRedis } from "../lib/redis.js";
import { Remote } from "../lib/remote.js";
import { Balancer } from "./balancer.js";
import { addFaults, compare, NO_FAULTS, type Faults } from "./compare.js";
import type { RedisNode } from "./redis-node.js";

export interface FleetOptions {
  readonly nodes: number;
  readonly clients: number;
  /** Channels that the clients are dealt out to. */
  readonly channels: number;
  /** Messages a second, of all clients together, in turn. */
  readonly rate: number;
  /** How long a server's clients may take to move, in seconds. */
  readonly grace: number;
  /** Where the built servers are. */
  readonly built: string;
  readonly onProgress?: (line: string) => void;
}

export interface FleetResult {
  readonly published: number;
  readonly acknowledged: number;
  readonly rejected: number;
  readonly logged: number;
  readonly deliveries: number;
  readonly gaps: number;
  readonly faults: Faults;
  /** Clients that had not got everything in time. */
  readonly late: number;
  /** How long clients were without their connection, each time, in milliseconds. */
  readonly interruptions: Summary;
  /** From publishing a message to having it, the restarts included, in milliseconds. */
  readonly latency: Summary;
  /** How many clients were back, for each second of the restart. */
  readonly back: readonly number[];
  readonly seconds: number;
}

export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface Message {
  readonly n: number;
  readonly at: number;
}
type App = TypedApp<{
  channels: { "soak/:id": { kind: "stream"; input: Message; output: Message } };
  methods: Record<never, never>;
}>;

interface Participant {
  readonly client: Client<App>;
  readonly channel: number;
  readonly chat: Stream<Message, Message>;
  readonly got: number[];
}

const PATIENCE_MS = 30_000;

export async function fleet(options: FleetOptions): Promise<FleetResult> {
  const { nodes, clients, channels, rate, grace, built } = options;
  const redis = await startRedis();
  const servers: Remote<RedisNode>[] = [];
  const start = async (port: number): Promise<[Remote<RedisNode>, number]> => {
    const server = await Remote.start<RedisNode>("redis-node.js", built);
    return [server, await server.call("listen", { redis: redis.port, port, grace })];
  };
  const ports: number[] = [];
  for (let i = 0; i < nodes; i++) {
    const [server, port] = await start(0);
    servers.push(server);
    ports.push(port);
  }
  const balancer = await Balancer.start(ports);
  const latency = new Histogram();
  const interruptions = new Histogram();
  const counts = { gaps: 0, published: 0, acknowledged: 0, rejected: 0 };
  const back: number[] = [];
  let began = Infinity;

  const participants = Array.from({ length: clients }, (_, i): Participant => {
    const client = connect<App>(`ws://127.0.0.1:${balancer.port}/connect`);
    const channel = i % channels;
    const chat = client.stream("soak/:id", { id: String(channel) });
    const got: number[] = [];
    let lost = 0;
    chat.on("message", ({ offset, data }) => {
      got.push(offset);
      latency.record(Math.round((performance.now() - data.at) * 1000));
    });
    chat.on("gap", () => counts.gaps++);
    client.on("status", (status) => {
      if (status !== "online" && lost === 0) lost = performance.now();
    });
    chat.on("subscribed", () => {
      if (lost === 0) return;
      const now = performance.now();
      interruptions.record(Math.round((now - lost) * 1000));
      const second = Math.floor((now - began) / 1000);
      back[second] = (back[second] ?? 0) + 1;
      lost = 0;
    });
    return { client, channel, chat, got };
  });
  try {
    await Promise.all(participants.map(({ chat }) => chat.ready));
    options.onProgress?.(`${clients} clients are there`);
    const unanswered = new Set<Promise<void>>();
    let publishing = true;
    const publisher = (async () => {
      const from = performance.now();
      while (publishing) {
        const due = ((performance.now() - from) * rate) / 1000;
        for (; counts.published < due; counts.published++) {
          const { chat } = participants[counts.published % clients] as Participant;
          const done = chat.publish({ n: counts.published, at: performance.now() }).then(
            () => void counts.acknowledged++,
            () => void counts.rejected++,
          );
          unanswered.add(done);
          void done.then(() => unanswered.delete(done));
        }
        await sleep(5);
      }
    })();
    await sleep(1000);
    latency.clear();
    began = performance.now();
    for (const [i, port] of ports.entries()) {
      const from = performance.now();
      await (servers[i] as Remote<RedisNode>).stop();
      const left = performance.now() - from;
      [servers[i] as Remote<RedisNode>] = await start(port);
      await balancer.found(port);
      options.onProgress?.(
        `server ${i + 1}: left in ${(left / 1000).toFixed(1)} s, ready again after ${((performance.now() - from) / 1000).toFixed(1)} s`,
      );
    }
    const seconds = (performance.now() - began) / 1000;
    await sleep(1000);
    publishing = false;
    await publisher;
    const deadline = performance.now() + PATIENCE_MS;
    while (unanswered.size > 0 && performance.now() < deadline) await sleep(20);

    const logs = await Promise.all(
      Array.from({ length: channels }, (_, channel) => readLog((participants[channel] as Participant).chat)),
    );
    const late = (): number =>
      participants.filter(({ got, channel }) => got.at(-1) !== logs[channel]?.at(-1)).length;
    while (late() > 0 && performance.now() < deadline) await sleep(20);
    // What comes twice may come late.
    await sleep(200);
    return {
      ...counts,
      logged: logs.reduce((sum, log) => sum + log.length, 0),
      deliveries: participants.reduce((sum, { got }) => sum + got.length, 0),
      faults: participants
        .map(({ got, channel }) => compare(logs[channel] ?? [], got))
        .reduce(addFaults, NO_FAULTS),
      late: late(),
      interruptions: summary(interruptions),
      latency: summary(latency),
      back: Array.from({ length: back.length }, (_, second) => back[second] ?? 0),
      seconds,
    };
  } finally {
    for (const { client } of participants) client.close();
    balancer.close();
    for (const server of servers) server.kill();
    await redis.stop();
  }
}

/** What is wrong with a result, in words; empty when all is well. */
export function fleetFaults(result: FleetResult): string[] {
  const { faults, published, acknowledged, logged } = result;
  const found: Record<string, number> = {
    "messages came twice": faults.duplicates,
    "messages were lost": faults.lost,
    "messages came out of order": faults.misplaced,
    "messages came that are not in the log": faults.strangers,
    "gaps were announced, although nothing was trimmed": result.gaps,
    "clients had not got everything in time": result.late,
    "publishes were rejected": result.rejected,
    "publishes were never answered": published - acknowledged - result.rejected,
    "entries are missing in the log, or there are too many": Math.abs(logged - published),
  };
  return Object.entries(found).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
}

function summary(histogram: Histogram): Summary {
  const at = (quantile: number): number => histogram.quantile(quantile) / 1000;
  return { count: histogram.total, p50: at(0.5), p99: at(0.99), max: histogram.max / 1000 };
}

async function readLog(chat: Stream<Message, Message>): Promise<number[]> {
  const log: number[] = [];
  for (;;) {
    const { messages, more } = await chat.history({ after: log.at(-1) ?? 0, limit: 1000 });
    for (const { offset } of messages) log.push(offset);
    if (!more) return log;
  }
}
