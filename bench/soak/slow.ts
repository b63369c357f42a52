/**
 * npm run soak:slow -- --megabytes 200 --rate 2500 --payload 4000 --readers 5
 *
 * One subscriber stops reading while all that goes through its channel. Ends with code 1 when the server's memory
 * grows with it, when the others notice, or when it gets less than it should when it reads again.
 */
import { Remote } from "../lib/remote.js";
import { numberOptions } from "../lib/options.js";
import { median } from "../lib/statistics.js";
import type { SoakServer } from "./server.js";
import { Stage } from "./stage.js";

const MAX_GROWTH = 32 * 2 ** 20;
const MAX_SLOWDOWN = 1.5;
const SLICES = 10;

const { megabytes, rate, payload, readers } = numberOptions({
  megabytes: 200,
  rate: 2500,
  payload: 4000,
  readers: 5,
});
const perSlice = Math.ceil((megabytes * 1e6) / payload / SLICES);
const warmUp = Math.ceil((16 * 2 ** 20) / payload);

/** A server of its own for each: one with a subscriber that stops reading, one without. They take turns. */
async function prepare(withStopped: boolean) {
  const server = await Remote.start<SoakServer>("server.js", import.meta.url, { execArgv: ["--expose-gc"] });
  const stage = await Stage.set({ port: await server.call("listen"), readers, payload, rate }, withStopped);
  // Until the log is full, everything has been compiled and the heap has its size.
  await stage.publish(warmUp);
  const before = await server.call("settledRss");
  stage.stopReading();
  return { server, stage, before, growth: [] as number[], p50: [] as number[], p99: [] as number[] };
}

console.log(
  `Soak: ${megabytes} MB through a channel in messages of ${payload} bytes, ${rate} a second, to ${readers} readers and one ` +
    `subscriber that stops reading;\nin ${SLICES} slices, taken in turns with a server without that subscriber`,
);
const stopped = await prepare(true);
const control = await prepare(false);
for (let slice = 0; slice < SLICES; slice++) {
  for (const run of slice % 2 === 0 ? [stopped, control] : [control, stopped]) {
    run.stage.latency.clear();
    await run.stage.publish(perSlice);
    run.p50.push(run.stage.latency.quantile(0.5) / 1000);
    run.p99.push(run.stage.latency.quantile(0.99) / 1000);
    run.growth.push((await run.server.call("settledRss")) - run.before);
  }
  console.log(
    `  ${Math.round(((slice + 1) * perSlice * payload) / 1e6)} MB: memory ${mib(stopped.growth.at(-1) ?? 0)}`,
  );
}
const { problems, before, skipped, after, gaps } = await stopped.stage.readOn();
const afterwards = (await stopped.server.call("settledRss")) - stopped.before;

const growth = Math.max(...stopped.growth);
const slowdown = median(stopped.p99) / median(control.p99);
console.log(
  `server memory, resident after a forced collection, at most ${mib(growth)} (without that subscriber ${mib(Math.max(...control.growth))})`,
);
console.log(`  once it has read on ${mib(afterwards)}`);
console.log(`readers' latency, medians of ${SLICES} slices, with that subscriber and without:`);
console.log(`  p50 ${median(stopped.p50).toFixed(2)} ms and ${median(control.p50).toFixed(2)} ms`);
console.log(
  `  p99 ${median(stopped.p99).toFixed(2)} ms and ${median(control.p99).toFixed(2)} ms: ${slowdown.toFixed(2)} ×`,
);
console.log(
  `it read on: ${before} messages, ${gaps} gap(s) over ${skipped} trimmed ones, ${after} messages to the end of the log`,
);

if (growth >= MAX_GROWTH) problems.push(`memory grew by ${mib(growth)}; at most ${mib(MAX_GROWTH)}`);
if (slowdown > MAX_SLOWDOWN)
  problems.push(`the readers' p99 is ${slowdown.toFixed(2)} × the one without; at most ${MAX_SLOWDOWN} ×`);
if (gaps === 0) problems.push("nothing was trimmed, so nothing was shown: more --megabytes");
for (const { server, stage } of [stopped, control]) {
  stage.leave();
  await server.stop();
}
for (const problem of problems) console.error(`VIOLATION: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function mib(bytes: number): string {
  return `${bytes < 0 ? "" : "+"}${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
