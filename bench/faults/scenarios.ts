/** All scenarios by their names. */
import { nodeKilled, redisAway, redisEmptied, replicaPromoted } from "./nodes-on-redis.js";
import { membersGone } from "./presence.js";
import * as poison from "./rooms/poison.js";
import { Scene, type FaultSettings } from "./scene.js";
import type { Row } from "./verdict.js";
import * as stateOnDisk from "./state/on-disk.js";
import * as stateOnRedis from "./state/on-redis.js";
import { allKilled } from "./workers-on-disk.js";

export const SCENARIOS: Readonly<Record<string, (scene: Scene) => Promise<Row>>> = {
  "node-killed": nodeKilled,
  "redis-away": redisAway,
  "redis-emptied": redisEmptied,
  "replica-promoted": replicaPromoted,
  "all-killed": allKilled,
  "members-gone": (scene) => membersGone(scene, scene.settings.clients * 10),
  "state-node-killed": stateOnRedis.nodeKilled,
  "state-redis-away": stateOnRedis.redisAway,
  "state-file-cut": stateOnRedis.fileCut,
  "state-older-dump": stateOnRedis.olderDump,
  "state-replica-promoted": stateOnRedis.replicaPromoted,
  "state-stopped": stateOnRedis.stopped,
  "state-all-killed": stateOnDisk.allKilled,
  "state-one-killed": stateOnDisk.oneKilled,
  "state-disk-full": stateOnDisk.diskFull,
  "state-older-folder": stateOnDisk.olderFolder,
  "room-loops": poison.onRedis("loops"),
  "room-grows": poison.onRedis("grows"),
  "room-loops-on-disk": poison.onDisk("loops"),
  "room-grows-on-disk": poison.onDisk("grows"),
};

/** Runs one; whatever it started has ended when this resolves. */
export async function runScenario(name: string, settings: FaultSettings): Promise<Row> {
  const run = SCENARIOS[name];
  if (run === undefined)
    throw new Error(`there is no "${name}"; there are ${Object.keys(SCENARIOS).join(", ")}`);
  const scene = new Scene(settings);
  try {
    return await run(scene);
  } finally {
    await scene.end();
  }
}
