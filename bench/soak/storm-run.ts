/**
 * Thousands of real clients are cut off in one moment and come back as they do by themselves. What is looked at is the
 * server meanwhile: how many it takes a second, and what that costs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Remote } from "../lib/remote.js";
import type { BenchServer } from "../servers/serve.js";
import type { Kind, StormCrowd } from "./storm-crowd.js";
import type { StormGate } from "./storm-gate.js";

export interface StormOptions {
  readonly kind: Kind;
  readonly clients: number;
  /** Where the built programs are. */
  readonly built: string;
}

export interface StormResult {
  readonly cut: number;
  readonly back: number;
  /** From the cut to the last one, in seconds. */
  readonly last: number;
  /** How many came back in each second. */
  readonly bySecond: readonly number[];
  /** The share of one processor core that the server used in its busiest second. */
  readonly busiest: number;
  /** All that it took, per client, in microseconds. */
  readonly cpu: number;
  /** How much resident memory grew at most, in bytes. */
  readonly growth: number;
}

const SAMPLE_MS = 250;
/** How long the last one may take, in milliseconds. */
const PATIENCE_MS = 120_000;
const SERVERS: Readonly<Record<Kind, string>> = {
  Tidemark: "storm-server.js",
  "Socket.IO": "../servers/socket-io.js",
};

export async function storm({ kind, clients, built }: StormOptions): Promise<StormResult> {
  const server = await Remote.start<BenchServer>(SERVERS[kind], built);
  const gate = await Remote.start<StormGate>("storm-gate.js", built);
  const crowd = await Remote.start<StormCrowd>("storm-crowd.js", built);
  try {
    const port = await gate.call("listen", await server.call("listen", { port: 0, recover: true }));
    await crowd.call("gather", { kind, port, count: clients });
    await sleep(1000);
    await crowd.call("forget");
    const before = await server.call("usage");
    const began = Date.now();
    const cut = await gate.call("cut");
    let back: readonly number[] = [];
    const samples = [{ at: began, ...before }];
    while (back.length < clients && Date.now() < began + PATIENCE_MS) {
      await sleep(SAMPLE_MS);
      samples.push({ at: Date.now(), ...(await server.call("usage")) });
      back = await crowd.call("back");
    }
    const after = samples.at(-1) ?? samples[0];
    const bySecond: number[] = [];
    for (const at of back) {
      const second = Math.floor((at - began) / 1000);
      bySecond[second] = (bySecond[second] ?? 0) + 1;
    }
    await crowd.call("leave");
    return {
      cut,
      back: back.length,
      last: (Math.max(...back) - began) / 1000,
      bySecond: Array.from(bySecond, (count) => count ?? 0),
      busiest: busiest(samples),
      cpu: ((after?.cpu ?? 0) - before.cpu) / clients,
      growth: Math.max(...samples.map(({ rss }) => rss)) - before.rss,
    };
  } finally {
    for (const process of [crowd, gate, server]) process.kill();
  }
}

/** Over a second at least, since a sample may come late. */
function busiest(samples: readonly { readonly at: number; readonly cpu: number }[]): number {
  let most = 0;
  for (const [i, from] of samples.entries()) {
    const to = samples.slice(i).find(({ at }) => at - from.at >= 1000);
    if (to !== undefined) most = Math.max(most, (to.cpu - from.cpu) / 1000 / (to.at - from.at));
  }
  return most;
}

/** What is wrong with Tidemark's result, in words. `perSecond` and `burst` are what the server lets in. */
export function stormFaults(
  { cut, back, bySecond }: StormResult,
  {
    clients,
    perSecond,
    burst,
  }: { readonly clients: number; readonly perSecond: number; readonly burst: number },
): string[] {
  const faults: string[] = [];
  if (cut < clients) faults.push(`only ${cut} of ${clients} were cut`);
  if (back < clients) faults.push(`only ${back} of ${clients} came back`);
  const first = bySecond.findIndex((count) => count > 0);
  let total = 0;
  for (const [second, count] of bySecond.entries()) {
    total += count;
    // Half a second more: those let in before it ended, whom we heard of after it.
    const most = burst + perSecond * (second - first + 1.5);
    if (total > most) faults.push(`${total} were let in by second ${second}: more than ${most}`);
  }
  return faults;
}
