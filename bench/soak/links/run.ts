/**
 * Keys change far faster than some viewers' links can take. What each of them shows must be as new as its link allows, with
 * no key starved, nobody else the worse for it, and the server's memory as it was.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { GENERATOR_CORE, SERVER_CORE } from "../../lib/cores.js";
import { Remote } from "../../lib/remote.js";
import { slope } from "../../lib/statistics.js";
import { cpuOf, rssOf } from "../../lib/usage.js";
import type { StateServer } from "../../servers/state/serve.js";
import type { Ages, GroupResult } from "./watchers.js";
import type { WatchersProcess } from "./watchers-process.js";

export interface LinksOptions {
  readonly keys: number;
  readonly perSecond: number;
  readonly slow: number;
  readonly fast: number;
  /** What a slow link takes, in bytes a second. */
  readonly bytesPerSecond: number;
  readonly rate: number;
  readonly window: number;
  readonly warmUp: number;
  readonly seconds: number;
  /** Where the built programs are: build/bench/soak/. */
  readonly built: string;
  /** Makes the slow links to this port: by which port and address each of them is reached. */
  readonly shape: (
    port: number,
  ) => Promise<readonly { readonly port: number; readonly localAddress?: string }[]>;
  readonly onProgress?: (line: string) => void;
}

export interface LinksResult {
  readonly slow: GroupResult;
  readonly fast: GroupResult;
  readonly lost: number;
  /** What was shown at the end that is not the newest. */
  readonly differences: readonly string[];
  /** Resident memory of the server, by seconds. */
  readonly memory: readonly (readonly [second: number, bytes: number])[];
  /** The server's share of a core. */
  readonly load: number;
}

const SAMPLE_S = 1;
const TELL_S = 10;
/** How long slow links have at the end for what is left, in milliseconds. */
const PATIENCE_MS = 30_000;

export async function links(options: LinksOptions): Promise<LinksResult> {
  const { keys, perSecond, warmUp, seconds, rate, window, built, onProgress } = options;
  const server = await Remote.start<StateServer>("../servers/state/tidemark.js", built, {
    core: SERVER_CORE,
  });
  const watchers = await Remote.start<WatchersProcess>("links/watchers-process.js", built, {
    core: GENERATOR_CORE,
  });
  try {
    const port = await server.call("listen", { keys });
    await server.call("begin", { keys, perSecond, spread: "zipf" });
    const fast = Array.from({ length: options.fast }, () => ({ port }));
    const slow = await options.shape(port);
    const groups = [
      { name: "fast", links: fast, keep: 3 },
      { name: "slow", links: slow, keep: slow.length },
    ];
    await watchers.call("join", { groups, rate, window });
    await watchers.call("begun");
    await sleep(warmUp * 1000);
    await watchers.call("forget");
    const began = performance.now();
    const cpu = cpuOf(server.pid) ?? 0;
    const memory: [number, number][] = [];
    let told = TELL_S;
    for (let passed = 0; passed < seconds; passed = (performance.now() - began) / 1000) {
      memory.push([passed, rssOf(server.pid) ?? 0]);
      if (passed > told) {
        told += TELL_S;
        const { groups: now } = await watchers.call("results");
        onProgress?.(`${Math.round(passed)} s: ${now.map(sentence).join("; ")}`);
      }
      await sleep(Math.max(0, Math.min(SAMPLE_S, seconds - passed)) * 1000);
    }
    const load = ((cpuOf(server.pid) ?? 0) - cpu) / 1000 / (performance.now() - began);
    const { lost, groups: found } = await watchers.call("results");
    const [ofFast, ofSlow] = found;
    if (ofFast === undefined || ofSlow === undefined) throw new Error("a group is missing");
    await server.call("end");
    const differences = await settled(watchers, await server.call("newest"));
    await watchers.call("leave");
    return { fast: ofFast, slow: ofSlow, lost, differences, memory, load };
  } finally {
    await Promise.all([watchers.stop(), server.stop()]);
  }
}

/** What is still shown wrongly when slow links have had their time. */
async function settled(
  watchers: Remote<WatchersProcess>,
  newest: readonly (readonly [string, unknown])[],
): Promise<string[]> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const differences = await watchers.call("differences", newest);
    if (differences.length === 0 || performance.now() > end) return differences;
    await sleep(100);
  }
}

export function sentence({ name, arrival, view }: GroupResult): string {
  return `${name} viewers show what is ${spread(view)} old; it came ${spread(arrival)} old`;
}

function spread({ p50, p99 }: Ages): string {
  return `${Math.round(p50)} to ${Math.round(p99)} ms`;
}

/** How much the server's memory grew over the run, by the line that fits best. The first fifth is left out. */
export function growthOf({ memory }: Pick<LinksResult, "memory">): { growth: number; mean: number } {
  const last = memory.at(-1)?.[0] ?? 0;
  const counted = memory.filter(([second]) => second >= last / 5);
  const mean = counted.reduce((sum, [, bytes]) => sum + bytes, 0) / counted.length;
  return { growth: slope(counted) * (last * 0.8), mean };
}

export interface Bounds {
  /** Milliseconds beyond the time that a whole map takes over the link: what may be under way, and waiting for the next. */
  readonly arrival: number;
  readonly view: number;
  readonly hotAMinute: number;
  /** Of the fast ones, beyond the time between two messages, in milliseconds. */
  readonly fast: number;
  /** How much the memory may grow, in bytes and as a share of it; the larger of the two. */
  readonly growth: { readonly bytes: number; readonly share: number };
}

export const BOUNDS: Bounds = {
  arrival: 2000,
  view: 2000,
  hotAMinute: 5,
  fast: 25,
  growth: { bytes: 16 * 2 ** 20, share: 0.1 },
};

/** How long a whole map takes over a slow link, in milliseconds. */
export function cutTime({ slow }: LinksResult, bytesPerSecond: number): number {
  return (slow.firstBytes / bytesPerSecond) * 1000;
}

/** What is wrong with a result, in words; empty when all is well. */
export function linksFaults(
  result: LinksResult,
  { bytesPerSecond, rate }: Pick<LinksOptions, "bytesPerSecond" | "rate">,
  bounds: Bounds = BOUNDS,
): string[] {
  const { slow, fast, lost, differences } = result;
  const cut = cutTime(result, bytesPerSecond);
  const { growth, mean } = growthOf(result);
  const most = Math.max(bounds.growth.bytes, bounds.growth.share * mean);
  const limits: readonly (readonly [what: string, found: number, most: number])[] = [
    ["slow viewers: age at arrival, p99, in ms", slow.arrival.p99, bounds.arrival + cut],
    ["slow viewers: age of what they show, p99, in ms", slow.view.p99, bounds.view + 2 * cut],
    ["fast viewers: age at arrival, p99, in ms", fast.arrival.p99, bounds.fast + 1000 / rate],
    ["growth of the server's memory, in bytes", growth, most],
    ["connections lost", lost, 0],
  ];
  const faults = limits.flatMap(([what, found, limit]) =>
    found <= limit ? [] : [`${what}: ${Math.round(found)}, at most ${Math.round(limit)}`],
  );
  if (!(slow.hotAMinute >= bounds.hotAMinute))
    faults.push(
      `a hot key was shown ${slow.hotAMinute.toFixed(1)} times a minute, at least ${bounds.hotAMinute}`,
    );
  return [...faults, ...differences];
}
