/**
 * npm run soak:links -- --seconds 300 --slow 20 --fast 60 --bytesPerSecond 20000 --perSecond 20000 --rate 20 --windowKib 64
 *
 * Real links, in a network of its own: some viewers get 20 KB a second, and all keys change 20,000 times a second. Ends with code
 * 1 when what they show is older than such a link makes it, when others notice, or when the server's memory grows. Then a page
 * in Chromium whose main thread is blocked for most of the time (`--page 0` leaves it out). Where such a network cannot be made it is skipped.
 */
import { numberOptions } from "../lib/options.js";
import { blockedPage, pageFaults, type BlockedPageResult } from "./links/blocked-page.js";
import { isInside, runInside, slowAddresses } from "./links/namespace.js";
import { cutTime, growthOf, links, linksFaults, sentence } from "./links/run.js";

const options = numberOptions({
  seconds: 300,
  slow: 20,
  fast: 60,
  bytesPerSecond: 20_000,
  perSecond: 20_000,
  keys: 10_000,
  rate: 20,
  windowKib: 64,
  page: 30,
});

if (isInside()) process.exitCode = await soak();
else {
  const code = runInside(process.argv.slice(1));
  if (code === undefined)
    console.log(
      "SKIPPED: soak:links makes a network of its own, for which it needs root on Linux, and `ip` and `tc`",
    );
  else process.exitCode = code;
}

async function soak(): Promise<number> {
  const { slow, fast, bytesPerSecond, perSecond, keys, rate, seconds, windowKib, page } = options;
  const all = slow + fast;
  console.log(
    `Links: ${perSecond} changes a second by Zipf's law on ${keys} keys, ${all} viewers at rate ${rate}, ${slow} of them over links of ${bytesPerSecond} bytes a second; ` +
      `${windowKib} KiB may be unacknowledged; ${seconds} s`,
  );
  const result = await links({
    ...options,
    window: windowKib * 1024,
    warmUp: 10,
    built: import.meta.url,
    shape: async (port) =>
      slowAddresses(slow, bytesPerSecond).map((localAddress) => ({ port, localAddress })),
    onProgress: (line) => console.log(`  ${line}`),
  });
  const { growth, mean } = growthOf(result);
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  for (const group of [result.fast, result.slow]) {
    console.log(`${sentence(group)} (p50 to p99); at most ${Math.round(group.view.max)} ms`);
    console.log(
      `  ${(group.bytes / group.count / 1000 / (seconds + 10)).toFixed(1)} KB a second each; the rarest hot key ${group.hotAMinute.toFixed(1)} times a minute`,
    );
  }
  const cut = cutTime(result, bytesPerSecond);
  console.log(
    `a whole map is ${Math.round(result.slow.firstBytes / 1000)} KB: ${Math.round(cut)} ms over a slow link`,
  );
  console.log(
    `server: ${Math.round(result.load * 100)} % of a core, ${mib(mean)} resident, ${mib(growth)} more at the end by the line that fits best`,
  );
  const faults = linksFaults(result, options);
  if (page > 0) faults.push(...(await inChromium(page)));
  for (const fault of faults) console.error(`VIOLATION: ${fault}`);
  if (faults.length === 0) console.log("All is as new as its link allows.");
  return faults.length === 0 ? 0 : 1;
}

async function inChromium(seconds: number): Promise<string[]> {
  const { perSecond, keys, rate } = options;
  const result = await blockedPage({ seconds, perSecond, keys, rate, built: import.meta.url });
  if (result === "no browser") {
    console.log("SKIPPED: the page, since there is no Chromium (set CHROMIUM to where it is)");
    return [];
  }
  console.log(described(result));
  return pageFaults(result);
}

function described(result: BlockedPageResult): string {
  const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;
  return (
    `a page that is blocked 300 ms a frame: ${result.frames} frames, what they showed was ${Math.round(result.p50)} to ${Math.round(result.p99)} ms old (p50 to p99); ` +
    `at most ${kib(result.mostQueued)} under way to it; its heap grew by ${kib(result.heapGrowth)}, the server's memory by ${kib(result.memoryGrowth)}`
  );
}
