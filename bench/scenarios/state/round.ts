/** One round: viewers join, changes are made, and what that costs is measured; then what viewers show is checked. */
import { Histogram } from "tidemark/load";
import type { CrowdReading, GroupSpec } from "../../generator/viewers/crowd.js";
import type { Viewers } from "../../generator/viewers/main.js";
import type { Remote } from "../../lib/remote.js";
import { cpuOf } from "../../lib/usage.js";
import { idle, sleep } from "../../measure.js";
import type { SourceSpec } from "../../servers/state/source.js";
import type { Figures } from "../../scenario.js";
import type { Running, Way } from "./contenders.js";

export interface Load {
  readonly changes: SourceSpec;
  readonly groups: readonly GroupSpec[];
  /** Seconds. */
  readonly warmUp: number;
  readonly seconds: number;
}

/** A server that runs, and its viewers. */
export interface Scene {
  readonly running: Running;
  readonly way: Way;
  readonly viewers: Remote<Viewers>;
}

/**
 * Figures, those of a group behind its name: `cpu` (share of a core), `changes` (a second, made), `viewers`; `fast bytes` and
 * `fast frames` (a second and viewer), `fast p50` and `fast p99` (age at arrival, ms).
 *
 * @throws when a viewer does not show what it should, or a connection was lost
 */
export async function round(scene: Scene, load: Load): Promise<Figures> {
  const { running, way, viewers } = scene;
  const server = running.process;
  await viewers.call("join", { port: running.port, protocol: way.protocol, groups: load.groups });
  await server.call("begin", load.changes);
  await sleep(load.warmUp);
  await viewers.call("forget");
  const [before, madeBefore, cpuBefore] = [
    await viewers.call("reading"),
    await server.call("made"),
    await cpu(scene),
  ];
  await sleep(load.seconds);
  const [cpuAfter, after] = [await cpu(scene), await viewers.call("reading")];
  const madeAfter = await server.call("made");
  await settle(scene);
  const count = load.groups.reduce((sum, group) => sum + group.count, 0);
  const share = (cpuAfter - cpuBefore) / (after.at - before.at);
  return {
    cpu: share,
    changes: ((madeAfter.made - madeBefore.made) / (madeAfter.at - madeBefore.at)) * 1e6,
    viewers: count,
    ...byGroup(before, after),
  };
}

/** Ends the changes, waits until all have come, checks what viewers show, and lets them go. */
export async function settle({ running, way, viewers }: Scene): Promise<{ firsts: number }> {
  const server = running.process;
  await server.call("end");
  await viewers.call("quiet");
  const { lost } = await viewers.call("reading");
  const checked = await viewers.call("check", await server.call("newest"));
  await viewers.call("leave");
  await idle(() => cpu({ running }));
  if (lost > 0) throw new Error(`${way.name}: ${lost} connections were lost`);
  if (checked.wrong > 0)
    throw new Error(`${way.name}: ${checked.wrong} of ${checked.viewers} are wrong: ${checked.problem}`);
  return { firsts: checked.firsts };
}

/** Microseconds, of all of the server's threads. */
export async function cpu({ running }: Pick<Scene, "running">): Promise<number> {
  return cpuOf(running.process.pid) ?? (await running.process.call("usage")).cpu;
}

function byGroup(before: CrowdReading, after: CrowdReading): Figures {
  const seconds = (after.at - before.at) / 1e6;
  const figures: Record<string, number> = {};
  for (const [i, group] of after.groups.entries()) {
    const was = before.groups[i] ?? group;
    const ages = new Histogram();
    ages.add(group.ages, group.oldest);
    const each = seconds * group.count;
    figures[`${group.name} bytes`] = (group.bytes - was.bytes) / each;
    figures[`${group.name} frames`] = (group.frames - was.frames) / each;
    // Where none was sampled there is no figure.
    figures[`${group.name} p50`] = ages.total === 0 ? NaN : ages.quantile(0.5) / 1000;
    figures[`${group.name} p99`] = ages.total === 0 ? NaN : ages.quantile(0.99) / 1000;
  }
  return figures;
}
