/** Two nodes on one Redis, and what goes wrong there: a node is killed, hints are cut, Redis goes away or loses its end. */
import type { HistoryEvent } from "tidemark/testing";
import { elapse } from "../lib/wait.js";
import { Watched } from "../lib/sentinels.js";
import { CHANNEL, tell, type Scene } from "./scene.js";
import { readTruth } from "./truth.js";
import { judge, longestPauses, type Row } from "./verdict.js";

/** How long a node stays away, in milliseconds. */
const AWAY_MS = 2000;
const HINTS_EVERY_MS = 2000;
/** In which a client is looked at after a fault, in milliseconds. */
const WINDOW_MS = 15_000;

function urlOf(port: number): string {
  return `ws://127.0.0.1:${port}/connect`;
}

/** A node is killed with -9 and started again, while all subscriptions of hints are cut again and again. */
export async function nodeKilled(scene: Scene): Promise<Row> {
  const { clients, rate, seconds, say } = scene.settings;
  const redis = await scene.redis();
  const options = { url: redis.url };
  const nodes = [await scene.node(options), await scene.node(options)] as const;
  for (const { port } of nodes) await scene.crowd(urlOf(port));
  await scene.publish();
  const cutting = setInterval(
    () => void redis.admin.call("client", "kill", "type", "pubsub"),
    HINTS_EVERY_MS,
  );
  scene.onEnd(() => clearInterval(cutting));
  await elapse((seconds * 1000) / 3 + scene.random.float() * 1000);
  const killedAt = Date.now();
  nodes[0].kill();
  say("a node is killed");
  await elapse(AWAY_MS);
  await scene.node(options, nodes[0].port);
  say("it is back");
  await elapse(Math.max(0, (seconds * 2000) / 3 - AWAY_MS));
  clearInterval(cutting);
  const behind = await scene.settle();
  const log = await readTruth(await scene.observer(options), CHANNEL, 0);
  const events = tell(await scene.accounts(), log);
  const gaps = countGaps(events);
  return {
    fault: "a node killed with -9 and started again 2 s later; `CLIENT KILL TYPE pubsub` every 2 s",
    settings: `2 nodes, ${clients} clients and ${rate} messages a second on each, ${seconds} s`,
    ...judge({
      events,
      behind,
      mayLose: false,
      problems: gaps > 0 ? [`${gaps} gaps, although nothing was lost`] : [],
    }),
    recoveries: longestPauses(events, {
      from: killedAt,
      window: WINDOW_MS,
      only: (subscriber) => scene.isOf(0, subscriber),
    }),
  };
}

/** Redis is killed under load, stays away, and has everything when it is back. */
export async function redisAway(scene: Scene): Promise<Row> {
  const { clients, rate, seconds, say } = scene.settings;
  const away = awayOf(seconds);
  const redis = await scene.redis({ appendonly: "yes", appendfsync: "always" });
  const options = { url: redis.url };
  for (let i = 0; i < 2; i++) await scene.crowd(urlOf((await scene.node(options)).port));
  await scene.publish();
  await elapse((seconds * 1000) / 3 + scene.random.float() * 1000);
  await redis.stop("SIGKILL");
  say("Redis is killed");
  await elapse(away);
  await redis.start();
  const back = Date.now();
  say("it is back");
  await elapse((seconds * 1000) / 3);
  const behind = await scene.settle();
  const log = await readTruth(await scene.observer(options), CHANNEL, 0);
  const events = tell(await scene.accounts(), log);
  return {
    fault: `Redis killed with -9, away for ${away / 1000} s; \`appendfsync always\``,
    settings: `2 nodes, ${clients} clients and ${rate} messages a second on each, throughout`,
    ...judge({ events, behind, mayLose: false, problems: [] }),
    recoveries: longestPauses(events, { from: back, window: WINDOW_MS, only: () => true }),
  };
}

/** The same without persistence: everything is lost, and everybody has to be told. */
export async function redisEmptied(scene: Scene): Promise<Row> {
  const { clients, rate, seconds, say } = scene.settings;
  const away = awayOf(seconds);
  const redis = await scene.redis();
  const options = { url: redis.url };
  for (let i = 0; i < 2; i++) await scene.crowd(urlOf((await scene.node(options)).port));
  await scene.publish();
  await elapse((seconds * 1000) / 3);
  // Nobody can know what a log was that is lost in the middle of a write: what is judged is the log at rest.
  await scene.settle();
  const before = await readTruth(await scene.observer(options), CHANNEL, 0);
  await redis.stop("SIGKILL");
  const lost: HistoryEvent = { time: Date.now(), is: "loss", channel: CHANNEL, head: 0, allowed: true };
  say(`Redis is killed, and with it ${before.length} messages`);
  await scene.publish();
  await elapse(away);
  await redis.start();
  const back = Date.now();
  say("it is back, empty");
  await elapse((seconds * 1000) / 3);
  const behind = await scene.settle();
  const after = await readTruth(await scene.observer(options), CHANNEL, lost.time);
  const events = tell(await scene.accounts(), [...before, lost, ...after]);
  return {
    fault: `Redis killed with -9, away for ${away / 1000} s; no persistence`,
    settings: `2 nodes, ${clients} clients and ${rate} messages a second on each`,
    ...judge({ events, behind, mayLose: true, problems: untold(events, "epoch", 2 * clients) }),
    recoveries: longestPauses(events, { from: back, window: WINDOW_MS, only: () => true }),
  };
}

/** A replica that lacks the end of the log is promoted, and the log goes on over the lost offsets. */
export async function replicaPromoted(scene: Scene): Promise<Row> {
  const { clients, say } = scene.settings;
  const watched = await Watched.start();
  scene.onEnd(() => watched.remove());
  const options = watched.options;
  const first = await scene.crowd(urlOf((await scene.node(options)).port));
  const second = await scene.crowd(urlOf((await scene.node(options)).port));
  await first.call("publishEach", 50);
  await watched.primary.replicated();
  await scene.settle();
  const observer = await scene.observer(options);
  const kept = await readTruth(observer, CHANNEL, 0);
  // It follows somebody who is not there, so it hears of nothing more.
  await watched.replica.admin.replicaof("127.0.0.1", 1);
  await second.call("publishEach", 100);
  await scene.settle();
  const head = headOf(kept);
  const missing = await readTruth(observer, CHANNEL, 0, head);
  await watched.primary.stop("SIGKILL");
  const lost: HistoryEvent = { time: Date.now(), is: "loss", channel: CHANNEL, head, allowed: true };
  say("the primary is killed");
  await watched.promoted();
  say("the replica is promoted");
  await first.call("publishEach", 200);
  const behind = await scene.settle();
  const anew = await readTruth(await scene.observer(options), CHANNEL, lost.time, head);
  const events = tell(await scene.accounts(), [...kept, ...missing, lost, ...anew]);
  return {
    fault: `a replica promoted that lacks the last ${missing.length} entries, then ${anew.length} new ones`,
    settings: `2 nodes under Sentinel, ${clients} clients on each`,
    ...judge({ events, behind, mayLose: true, problems: untold(events, "rollback", 2 * clients) }),
    recoveries: longestPauses(events, { from: lost.time, window: 60_000, only: () => true }),
  };
}

/** Ten seconds, or less where the whole is shorter. */
function awayOf(seconds: number): number {
  return Math.min(10, seconds / 2) * 1000;
}

function headOf(log: readonly HistoryEvent[]): number {
  const last = log.at(-1);
  return last?.is === "append" ? last.offset : 0;
}

function countGaps(events: readonly HistoryEvent[]): number {
  return events.filter(({ is }) => is === "gap").length;
}

/** Says so when fewer subscribers were told a gap of that reason than there are. */
function untold(events: readonly HistoryEvent[], reason: string, subscribers: number): string[] {
  const told = new Set<string>();
  for (const event of events) if (event.is === "gap" && event.reason === reason) told.add(event.subscriber);
  if (told.size === subscribers) return [];
  return [`${subscribers - told.size} of ${subscribers} subscribers were not told "gap: ${reason}"`];
}
