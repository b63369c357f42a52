/** A channel of keys on two nodes and one Redis, and what goes wrong there. */
import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { Watched } from "../../lib/sentinels.js";
import { elapse } from "../../lib/wait.js";
import type { RedisServer } from "../../lib/redis-server.js";
import type { Scene } from "../scene.js";
import type { Row } from "../verdict.js";
import { Cast } from "./cast.js";
import { readKeys } from "./truth.js";

/** How long a node stays away, in milliseconds. */
const AWAY_MS = 2000;
const HINTS_EVERY_MS = 2000;
/** How long a retry is recognised where processes stop for longer, in milliseconds. */
const DEDUPE_MS = 3000;
const STOPPED_MS = 5000;

function urlOf(port: number): string {
  return `ws://127.0.0.1:${port}/connect`;
}

/** A node and a process of writers are killed with -9, while all subscriptions of hints are cut again and again. */
export async function nodeKilled(scene: Scene): Promise<Row> {
  const { seconds, say } = scene.settings;
  const redis = await scene.redis();
  const options = { url: redis.url };
  const nodes = [await scene.node(options), await scene.node(options)] as const;
  const cast = new Cast(scene);
  for (const { port } of nodes) await cast.crowd(urlOf(port));
  const killWriters = await cast.mortals(urlOf(nodes[1].port));
  await cast.write();
  const cutting = setInterval(
    () => void redis.admin.call("client", "kill", "type", "pubsub"),
    HINTS_EVERY_MS,
  );
  scene.onEnd(() => clearInterval(cutting));
  await elapse((seconds * 1000) / 3 + scene.random.float() * 1000);
  const killedAt = Date.now();
  nodes[0].kill();
  await killWriters();
  say("a node is killed, and a process of writers");
  await elapse(AWAY_MS);
  await scene.node(options, nodes[0].port);
  say("it is back");
  await elapse(Math.max(0, (seconds * 2000) / 3 - AWAY_MS));
  clearInterval(cutting);
  const behind = await cast.settle();
  const truth = await readKeys(await scene.observer(options));
  return {
    fault:
      "`state`: a node and a process of writers killed with -9, the node started again 2 s later; `CLIENT KILL TYPE pubsub` every 2 s",
    settings: settingsOf(scene),
    ...(await cast.judge(truth, behind, { mayLose: false, from: killedAt, only: 0 })),
  };
}

/** Redis is killed under load, stays away, and has everything when it is back. */
export async function redisAway(scene: Scene): Promise<Row> {
  const away = Math.min(10, scene.settings.seconds / 2) * 1000;
  return restarted(scene, {
    fault: `\`state\`: Redis killed with -9, away for ${away / 1000} s; \`appendfsync always\``,
    settings: { appendonly: "yes", appendfsync: "always" },
    away,
    mayLose: false,
    async before() {},
    meanwhile() {},
  });
}

/** The end of its file is gone when it is back. */
export async function fileCut(scene: Scene): Promise<Row> {
  let size = 0;
  const file = ({ folder }: RedisServer): string => {
    const dir = join(folder, "appendonlydir");
    return join(dir, readdirSync(dir).find((name) => name.endsWith(".incr.aof")) ?? "");
  };
  return restarted(scene, {
    fault: "`state`: Redis killed with -9, the last third of its append-only file cut off",
    settings: { appendonly: "yes", appendfsync: "always" },
    away: 500,
    mayLose: true,
    async before() {},
    meanwhile(redis) {
      size = statSync(file(redis)).size;
      truncateSync(file(redis), Math.floor((size * 2) / 3));
    },
  });
}

/** It comes back with an older dump. */
export async function olderDump(scene: Scene): Promise<Row> {
  return restarted(scene, {
    fault: "`state`: Redis killed with -9, and back with its dump of some seconds before",
    settings: {},
    away: 500,
    mayLose: true,
    async before(redis) {
      await redis.admin.save();
    },
    meanwhile() {},
  });
}

/** A replica that lacks the end of the log is promoted. */
export async function replicaPromoted(scene: Scene): Promise<Row> {
  const { clients, say } = scene.settings;
  const watched = await Watched.start();
  scene.onEnd(() => watched.remove());
  const options = watched.options;
  const cast = new Cast(scene);
  const first = await cast.crowd(urlOf((await scene.node(options)).port));
  const second = await cast.crowd(urlOf((await scene.node(options)).port));
  await first.call("writeEach", 50);
  await watched.primary.replicated();
  await cast.settle();
  // It follows somebody who is not there, so it hears of nothing more.
  await watched.replica.admin.replicaof("127.0.0.1", 1);
  await second.call("writeEach", 100);
  await cast.settle();
  await watched.primary.stop("SIGKILL");
  const lostAt = Date.now();
  say("the primary is killed");
  await watched.promoted();
  say("the replica is promoted");
  await first.call("writeEach", 200);
  const behind = await cast.settle();
  const truth = await readKeys(await scene.observer(options));
  return {
    fault: "`state`: a replica promoted that lacks the last 100 changes, then 200 new ones",
    settings: `2 nodes under Sentinel, ${clients} viewers on each`,
    ...(await cast.judge(truth, behind, { mayLose: true, from: lostAt })),
  };
}

/** A node and a process of viewers and writers stand still for longer than retries are recognised. */
export async function stopped(scene: Scene): Promise<Row> {
  const { seconds, say } = scene.settings;
  const redis = await scene.redis();
  const options = { url: redis.url };
  const nodes = [await scene.node(options, 0, DEDUPE_MS), await scene.node(options, 0, DEDUPE_MS)] as const;
  const cast = new Cast(scene);
  await cast.crowd(urlOf(nodes[0].port));
  const still = await cast.crowd(urlOf(nodes[1].port));
  await cast.write();
  await elapse((seconds * 1000) / 3 + scene.random.float() * 1000);
  const stoppedAt = Date.now();
  for (const pid of [nodes[0].pid, still.pid]) process.kill(pid, "SIGSTOP");
  say("a node stands still, and the clients of the other one");
  await elapse(STOPPED_MS);
  for (const pid of [nodes[0].pid, still.pid]) process.kill(pid, "SIGCONT");
  say("they go on");
  await elapse((seconds * 1000) / 3);
  const behind = await cast.settle();
  const truth = await readKeys(await scene.observer(options));
  return {
    fault: `\`state\`: a node, and the clients of the other one, stopped for ${STOPPED_MS / 1000} s; retries are recognised for ${DEDUPE_MS / 1000} s`,
    settings: settingsOf(scene),
    ...(await cast.judge(truth, behind, { mayLose: false, from: stoppedAt })),
  };
}

interface Restart {
  readonly fault: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly away: number;
  readonly mayLose: boolean;
  /** What is done to it under load, some time before it is killed; */
  readonly before: (redis: RedisServer) => Promise<unknown>;
  /** and while it is away. */
  readonly meanwhile: (redis: RedisServer) => void;
}

async function restarted(
  scene: Scene,
  { fault, settings, away, mayLose, before, meanwhile }: Restart,
): Promise<Row> {
  const { seconds, say } = scene.settings;
  const redis = await scene.redis(settings);
  const options = { url: redis.url };
  const cast = new Cast(scene);
  for (let i = 0; i < 2; i++) await cast.crowd(urlOf((await scene.node(options)).port));
  await cast.write();
  await elapse((seconds * 1000) / 3);
  await before(redis);
  await elapse((seconds * 1000) / 6 + scene.random.float() * 1000);
  await redis.stop("SIGKILL");
  say("Redis is killed");
  meanwhile(redis);
  await elapse(away);
  await redis.start();
  const back = Date.now();
  say("it is back");
  await elapse((seconds * 1000) / 3);
  const behind = await cast.settle();
  const truth = await readKeys(await scene.observer(options));
  return {
    fault,
    settings: settingsOf(scene),
    ...(await cast.judge(truth, behind, { mayLose, from: back })),
  };
}

function settingsOf({ settings: { clients, rate, seconds } }: Scene): string {
  return `2 nodes, ${clients} viewers and ${rate} changes a second on each, ${seconds} s`;
}
