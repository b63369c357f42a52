/**
 * A room that takes its process with it, among others that are well, on three supervised processes (R9): at most two processes end, the
 * others' rooms go on, and whoever plays in the poison room is told that it is closed and why.
 */
import { join } from "node:path";
import { Remote } from "../../lib/remote.js";
import { until } from "../../lib/wait.js";
import type { Scene } from "../scene.js";
import type { Row } from "../verdict.js";
import { Audience, type Heard } from "./audience.js";
import type { Poison } from "./games.js";
import { openLogs, type Logs } from "./logs.js";
import type { Line, SupervisedRooms } from "./supervised.js";

const WORKERS = 3;
const WELL = 6;
const POISON = "poison/1";
/** The tick at which it strikes, and the one of a short form. */
const TICK = 500;
const SHORT_TICK = 60;
/** Runs of fewer seconds are short ones. */
const LONG_SECONDS = 20;
/** MiB. A helper's is smaller. */
const HEAP = 192;
const HELPER_HEAP = 96;
/** How long a room that is well may stand still, in milliseconds. */
const MOST_PAUSE_MS = 10_000;
const MOST_ENDS = 2;
const PATIENCE_MS = 90_000;

export function onRedis(poison: Poison): (scene: Scene) => Promise<Row> {
  return async (scene) => {
    const redis = await scene.redis();
    return run(scene, poison, { redis: redis.url });
  };
}

export function onDisk(poison: Poison): (scene: Scene) => Promise<Row> {
  return (scene) => run(scene, poison, { dir: join(scene.folder, "data") });
}

async function run(scene: Scene, poison: Poison, logs: Logs): Promise<Row> {
  const { built, seconds, say } = scene.settings;
  const at = seconds < LONG_SECONDS ? SHORT_TICK : TICK;
  const supervised = await Remote.start<SupervisedRooms>("rooms/supervised.js", built);
  scene.onEnd(() => supervised.kill());
  await supervised.call("start", { workers: WORKERS, heap: HEAP, helperHeap: HELPER_HEAP, logs, poison, at });
  say(`${WORKERS} processes`);
  const audience = new Audience(await openLogs(logs));
  scene.onEnd(() => audience.close());
  for (let i = 1; i <= WELL; i++) await audience.join(`well/${i}`);
  await audience.join(POISON);
  const struck = audience.heard.get(POISON);
  if (struck === undefined) throw new Error("the poison room was joined");
  await until("the poison room to strike", () => struck.tick >= at - 1, PATIENCE_MS);
  const from = Date.now();
  say(`the poison room is at tick ${struck.tick}`);
  const isOver = await until("its players to be told", () => struck.ended !== undefined, PATIENCE_MS).then(
    () => true,
    () => false,
  );
  say(`its players were told: ${JSON.stringify(struck.ended)}`);
  const well = [...audience.heard].filter(([channel]) => channel !== POISON);
  const counts = new Map(well.map(([channel, { ticks }]) => [channel, ticks.length]));
  const isGoingOn = ([channel, { ticks }]: [string, Heard]): boolean =>
    ticks.length > (counts.get(channel) ?? 0) + 20;
  await until("the others to tick", () => well.every(isGoingOn), MOST_PAUSE_MS).catch(() => {});
  const lines = await supervised.call("said");
  for (const { message, pid, at: when } of lines) say(`${when - from} ms: ${message} ${pid ?? ""}`);
  const problems = [
    ...(isOver ? problemsOf(struck) : ["the players of the poison room were not told that it is closed"]),
    ...well.filter((one) => !isGoingOn(one)).map(([channel]) => `${channel} does not tick any more`),
    ...well.filter(([, { ended }]) => ended !== undefined).map(([channel]) => `${channel} lost its player`),
  ];
  const ends = endsIn(lines);
  if (ends > MOST_ENDS) problems.push(`${ends} processes ended`);
  if (ends === 0) problems.push("no process ended: nothing was shown");
  const pauses = well.map(([, { ticks }]) => longestPause(ticks, from));
  for (const pause of pauses)
    if (pause > MOST_PAUSE_MS) problems.push(`a room that is well stood still for ${pause} ms`);
  await supervised.call("stop");
  return {
    fault: `a room ${poison === "loops" ? "that loops for ever" : "whose array grows without end"} from tick ${at} on: ${ends} processes end, and it is closed`,
    settings: `${"redis" in logs ? "Redis" : "`--data DIR`"}, ${WORKERS} supervised processes, ${WELL} other rooms; acknowledged: their ticks`,
    acknowledged: well.reduce((sum, [, { ticks }]) => sum + ticks.length, 0),
    lost: 0,
    duplicated: 0,
    undeclared: problems.length,
    recoveries: pauses,
    problems,
  };
}

function problemsOf({ ended }: Heard): string[] {
  const isTold = ended?.why === "closed" && ended.reason === "crashed";
  return isTold ? [] : [`the players of the poison room were told ${JSON.stringify(ended)}`];
}

/** Processes that ended, a helper included. */
function endsIn(lines: readonly Line[]): number {
  return lines.filter(({ message }) => /^(?:a worker|the helper for rooms) ended/.test(message)).length;
}

function longestPause(ticks: readonly number[], from: number): number {
  let [longest, last] = [0, from];
  for (const tick of ticks) {
    if (tick < from) continue;
    longest = Math.max(longest, tick - last);
    last = tick;
  }
  return longest;
}
