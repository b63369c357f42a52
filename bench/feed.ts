/**
 * npm run bench:feed -- --rounds 5 --seconds 3
 *
 * What the feed costs: the server's processor time per delivery, with many messages in flight and with one.
 */
import { start } from "./contenders.js";
import type { Generator } from "./generator/main.js";
import { GENERATOR_CORE } from "./lib/cores.js";
import { numberOptions } from "./lib/options.js";
import { Remote } from "./lib/remote.js";
import { median, spread } from "./lib/statistics.js";
import { measure, type Measured } from "./measure.js";

const SCENARIOS = [
  { subscribers: 500, inFlight: 32, target: 0.4 },
  { subscribers: 1000, inFlight: 1, target: undefined },
] as const;
const PAYLOAD = 64;

const { rounds, seconds } = numberOptions({ rounds: 5, seconds: 3 });
const server = await start("Tidemark");
const generator = await Remote.start<Generator>("generator/main.js", import.meta.url, {
  core: GENERATOR_CORE,
});

const results = SCENARIOS.map((): Measured[] => []);
for (let round = 0; round < rounds; round++) {
  for (const [i, { subscribers, inFlight }] of SCENARIOS.entries()) {
    const spec = {
      job: "closed loop",
      channel: `bench/feed-${i}`,
      subscribers,
      inFlight,
      payload: PAYLOAD,
    } as const;
    results[i]?.push(await measure(server, generator, spec, { warmUp: 1, seconds }));
  }
}
await Promise.all([server.process.stop(), generator.stop()]);

console.log(`Server CPU per delivery, ${PAYLOAD}-byte payloads, median of ${rounds} rounds of ${seconds} s:`);
for (const [i, { subscribers, inFlight, target }] of SCENARIOS.entries()) {
  const costs = (results[i] ?? []).map(({ cost }) => cost);
  const rate = median((results[i] ?? []).map((one) => one.rate));
  const goal =
    target === undefined ? "" : `, target ${target} µs: ${median(costs) <= target ? "reached" : "MISSED"}`;
  console.log(
    `  ${String(subscribers).padStart(5)} subscribers × ${String(inFlight).padStart(2)} in flight: ` +
      `${median(costs).toFixed(3)} µs (± ${Math.round(spread(costs) * 100)} %), ${Math.round(rate / 1000)} k deliveries a second${goal}`,
  );
}
