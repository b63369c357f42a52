/**
 * npm run bench:local -- --channels 100 --seconds 3 --rounds 3
 *
 * How many entries a second this machine's disk takes: each channel has one append under way, as the server does
 * it, with so many entries in it. From the writer's own process, and from a worker over the socket.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalHub } from "tidemark/broker/local";
import type { LocalAppender } from "./lib/local-appender.js";
import { numberOptions } from "./lib/options.js";
import { Remote } from "./lib/remote.js";
import { median, spread } from "./lib/statistics.js";

const BATCHES = [1, 4, 16, 64] as const;
const { channels, seconds, rounds } = numberOptions({ channels: 100, seconds: 3, rounds: 3 });

for (const sync of ["disk", "none"] as const) {
  for (const from of ["the writer's process", "a worker"] as const) {
    const dir = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
    const isWorker = from === "a worker";
    const hub = isWorker ? createLocalHub({ dir, sync }) : undefined;
    await hub?.listen();
    const appender = await Remote.start<LocalAppender>("lib/local-appender.js", import.meta.url);
    await appender.call("open", { dir, sync, isWorker });
    console.log(`Entries of 64 bytes to ${channels} channels from ${from}, sync: ${sync}`);
    for (const batch of BATCHES) {
      const rates: number[] = [];
      const costs: number[] = [];
      const waits: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const before = process.cpuUsage();
        const { entries, ms, cpu, wait } = await appender.call("append", { channels, batch, seconds });
        const { user, system } = process.cpuUsage(before);
        rates.push((entries / ms) * 1000);
        costs.push((cpu + (isWorker ? user + system : 0)) / entries);
        waits.push(wait);
      }
      console.log(
        `  ${String(batch).padStart(3)} in an append: ${Math.round(median(rates)).toLocaleString("en")} a second ` +
          `(± ${Math.round(spread(rates) * 100)} %), answered after ${median(waits).toFixed(1)} ms (median), ` +
          `${median(costs).toFixed(1)} µs of processor time an entry`,
      );
    }
    await appender.stop();
    await hub?.close();
    rmSync(dir, { recursive: true });
  }
}
