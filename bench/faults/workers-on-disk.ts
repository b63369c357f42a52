/** `tidemark serve --data DIR --workers 2`, all of it killed in mid-load and started again. */
import { join } from "node:path";
import { localBroker } from "tidemark/broker/local";
import { elapse } from "../lib/wait.js";
import { CHANNEL, tell, type Scene } from "./scene.js";
import { ServerOnDisk, WORKERS } from "./server-on-disk.js";
import { readTruth } from "./truth.js";
import { judge, longestPauses, type Row } from "./verdict.js";

export async function allKilled(scene: Scene): Promise<Row> {
  const { clients, rate, seconds, say } = scene.settings;
  const data = join(scene.folder, "data");
  const server = await ServerOnDisk.start(scene, data, 0);
  for (let i = 0; i < 2; i++) await scene.crowd(`ws://127.0.0.1:${server.port}/connect`);
  await scene.publish();
  await elapse((seconds * 1000) / 3 + scene.random.float() * 1000);
  const killedAt = Date.now();
  await server.killAll();
  say("the primary and all workers are killed");
  const again = await ServerOnDisk.start(scene, data, server.port);
  say("they are back");
  await elapse((seconds * 1000) / 3);
  const behind = await scene.settle();
  const accounts = await scene.accounts();
  await again.stop();
  const broker = await localBroker({ dir: data });
  scene.onEnd(() => broker.close());
  const log = await readTruth(broker, CHANNEL, 0);
  const events = tell(accounts, log);
  const gaps = events.filter(({ is }) => is === "gap").length;
  return {
    fault: "the primary and all workers killed with -9 in mid-load, started again at once",
    settings: `\`--data DIR --workers ${WORKERS}\`, ${2 * clients} clients, ${2 * rate} messages a second`,
    ...judge({
      events,
      behind,
      mayLose: false,
      problems: gaps > 0 ? [`${gaps} gaps, although nothing was lost`] : [],
    }),
    recoveries: longestPauses(events, { from: killedAt, window: 15_000, only: () => true }),
  };
}
