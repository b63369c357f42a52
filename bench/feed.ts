/**
 * npm run bench:feed -- --rounds 5 --seconds 3
 *
 * What the feed costs: the server's processor time per delivery, with many messages in flight and with one.
 */
import { GENERATOR_CORE, SERVER_CORE } from "./lib/cores.js";
import type { Generator } from "./generator/main.js";
import { numberOptions } from "./lib/options.js";
import { Remote } from "./lib/remote.js";
import { median, spread } from "./lib/statistics.js";
import type { BenchServer } from "./servers/serve.js";

const SCENARIOS = [
  { subscribers: 500, inFlight: 32, target: 0.4 },
  { subscribers: 1000, inFlight: 1, target: undefined },
] as const;
const PAYLOAD = 64;
const WARM_UP_MS = 1000;

const { rounds, seconds } = numberOptions({ rounds: 5, seconds: 3 });
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const server = await Remote.start<BenchServer>("servers/tidemark.js", import.meta.url, { core: SERVER_CORE });
const generator = await Remote.start<Generator>("generator/main.js", import.meta.url, {
  core: GENERATOR_CORE,
});
const port = await server.call("listen", 0);

const results = SCENARIOS.map(() => ({ cost: [] as number[], rate: [] as number[] }));
for (let round = 0; round < rounds; round++) {
  for (const [i, { subscribers, inFlight }] of SCENARIOS.entries()) {
    const channel = `bench/feed-${i}`;
    await generator.call("closedLoop", {
      port,
      dialect: "tidemark",
      channel,
      subscribers,
      inFlight,
      payload: PAYLOAD,
    });
    await sleep(WARM_UP_MS);
    const [before, usedBefore] = await Promise.all([generator.call("reading"), server.call("usage")]);
    await sleep(seconds * 1000);
    const [after, usedAfter] = await Promise.all([generator.call("reading"), server.call("usage")]);
    await generator.call("stopLoop");
    const deliveries = after.deliveries - before.deliveries;
    results[i]?.cost.push((usedAfter.cpu - usedBefore.cpu) / deliveries);
    results[i]?.rate.push((deliveries / (after.at - before.at)) * 1e6);
  }
}
await Promise.all([server.stop(), generator.stop()]);

console.log(`Server CPU per delivery, ${PAYLOAD}-byte payloads, median of ${rounds} rounds of ${seconds} s:`);
for (const [i, { subscribers, inFlight, target }] of SCENARIOS.entries()) {
  const { cost, rate } = results[i] as { cost: number[]; rate: number[] };
  const goal =
    target === undefined ? "" : `, target ${target} µs: ${median(cost) <= target ? "reached" : "MISSED"}`;
  console.log(
    `  ${String(subscribers).padStart(5)} subscribers × ${String(inFlight).padStart(2)} in flight: ` +
      `${median(cost).toFixed(3)} µs (± ${Math.round(spread(cost) * 100)} %), ${Math.round(median(rate) / 1000)} k deliveries a second${goal}`,
  );
}
