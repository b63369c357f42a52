/** A channel of keys of `tidemark serve --data DIR --workers 2`, and what goes wrong there. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { localBroker } from "tidemark/broker/local";
import { smallDisk } from "../../lib/small-disk.js";
import { elapse } from "../../lib/wait.js";
import type { Scene } from "../scene.js";
import { ServerOnDisk, WORKERS } from "../server-on-disk.js";
import type { Row } from "../verdict.js";
import { Cast, type Expected } from "./cast.js";
import { readKeys } from "./truth.js";

/** How long the disk is full, in milliseconds. */
const FULL_MS = 2000;
const DISK_KIB = 48 * 1024;

/** The primary, all workers and a process of writers are killed with -9 in mid-load. */
export async function allKilled(scene: Scene): Promise<Row> {
  const data = join(scene.folder, "data");
  const stage = await begin(scene, data);
  const killWriters = await stage.cast.mortals(stage.url);
  await elapse((scene.settings.seconds * 1000) / 3 + scene.random.float() * 1000);
  const from = Date.now();
  await killWriters();
  await stage.server.killAll();
  scene.settings.say("the primary and all workers are killed, and a process of writers");
  const again = await ServerOnDisk.start(scene, data, stage.server.port);
  scene.settings.say("they are back");
  const fault = "`state`: the primary, all workers and a process of writers killed with -9 in mid-load";
  return end(scene, again, { ...stage, fault }, { mayLose: false, from });
}

/** A worker is killed, then the process that writes. */
export async function oneKilled(scene: Scene): Promise<Row> {
  const data = join(scene.folder, "data");
  const stage = await begin(scene, data);
  await elapse((scene.settings.seconds * 1000) / 3 + scene.random.float() * 1000);
  const from = Date.now();
  stage.server.killWorker();
  scene.settings.say("a worker is killed");
  await elapse((scene.settings.seconds * 1000) / 3);
  await stage.server.killWriter();
  scene.settings.say("the process that writes is killed");
  const again = await ServerOnDisk.start(scene, data, stage.server.port);
  scene.settings.say("it is back");
  const fault = "`state`: a worker killed with -9, then the process that writes the disk";
  return end(scene, again, { ...stage, fault }, { mayLose: false, from });
}

/** The disk is full for a while; what is refused then is no change. */
export async function diskFull(scene: Scene): Promise<Row> {
  const disk = smallDisk(DISK_KIB);
  if (disk === undefined) return leftOut("`state`: the disk full", "nothing can be mounted here");
  scene.onEnd(() => disk.remove());
  const stage = await begin(scene, join(disk.dir, "data"));
  await elapse((scene.settings.seconds * 1000) / 3 + scene.random.float() * 1000);
  disk.fill();
  scene.settings.say("the disk is full");
  await elapse(FULL_MS);
  disk.empty();
  const from = Date.now();
  scene.settings.say("there is room again");
  const fault = `\`state\`: the disk full for ${FULL_MS / 1000} s`;
  return end(scene, stage.server, { ...stage, fault }, { mayLose: false, from });
}

/** The folder is put back to what it was some time before. */
export async function olderFolder(scene: Scene): Promise<Row> {
  const { say } = scene.settings;
  const data = join(scene.folder, "data");
  const copy = join(scene.folder, "copy");
  const stage = await begin(scene, data);
  await elapse((scene.settings.seconds * 1000) / 6 + scene.random.float() * 1000);
  await stage.server.killAll();
  copyFolder(data, copy);
  const second = await ServerOnDisk.start(scene, data, stage.server.port);
  say("the folder is copied");
  await elapse((scene.settings.seconds * 1000) / 3);
  await stage.cast.settle();
  await stage.cast.write();
  await second.killAll();
  rmSync(data, { recursive: true });
  copyFolder(copy, data);
  const from = Date.now();
  say("the copy takes its place");
  const third = await ServerOnDisk.start(scene, data, stage.server.port);
  const fault = "`state`: all killed with -9, and started on a copy of the folder of some seconds before";
  return end(scene, third, { ...stage, fault }, { mayLose: true, from });
}

/** Nothing was tried. */
function leftOut(fault: string, why: string): Row {
  const settings = `left out: ${why}`;
  return {
    fault,
    settings,
    acknowledged: 0,
    lost: 0,
    duplicated: 0,
    undeclared: 0,
    recoveries: [],
    problems: [],
  };
}

/** Its files: a socket that somebody left there is none. */
function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith(".sock") });
}

interface Stage {
  readonly server: ServerOnDisk;
  readonly cast: Cast;
  readonly data: string;
  readonly url: string;
}

async function begin(scene: Scene, data: string): Promise<Stage> {
  const server = await ServerOnDisk.start(scene, data, 0);
  const url = `ws://127.0.0.1:${server.port}/connect`;
  const cast = new Cast(scene);
  for (let i = 0; i < 2; i++) await cast.crowd(url);
  await cast.write();
  return { server, cast, data, url };
}

async function end(
  scene: Scene,
  server: ServerOnDisk,
  { cast, data, fault }: Stage & { readonly fault: string },
  expected: Expected,
): Promise<Row> {
  const { clients, rate, seconds } = scene.settings;
  await elapse((seconds * 1000) / 3);
  const behind = await cast.settle();
  await server.stop();
  const broker = await localBroker({ dir: data });
  const truth = await readKeys(broker);
  await broker.close();
  return {
    fault,
    settings: `\`--data DIR --workers ${WORKERS}\`, ${2 * clients} viewers, ${2 * rate} changes a second`,
    ...(await cast.judge(truth, behind, expected)),
  };
}
