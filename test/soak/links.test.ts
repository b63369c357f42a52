/** The short form of npm run soak:links, over slow links that need no network of their own. */
import { afterEach, expect, test } from "vitest";
import { BOUNDS, linksFaults, links, type LinksResult } from "../../bench/soak/links/run.js";
import { SlowPipe } from "../../bench/soak/links/slow-pipe.js";

const BUILT = new URL("../../build/bench/soak/", import.meta.url).href;
const SLOW = 2;
const BYTES_PER_SECOND = 3000;
const RATE = 20;
/** How long the growth of a process can be told from its warming up is for the long form. */
const SHORT = { ...BOUNDS, arrival: 1000, view: 1000, fast: 300, growth: { bytes: Infinity, share: 0 } };
const pipes: SlowPipe[] = [];

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.close();
});

test("E30: viewers over links that take a quarter of what changes show what is as new as that allows, and no key starves", async () => {
  const result = await links({
    keys: 500,
    perSecond: 5000,
    slow: SLOW,
    fast: 3,
    bytesPerSecond: BYTES_PER_SECOND,
    rate: RATE,
    window: 8 * 1024,
    warmUp: 0,
    seconds: 4,
    built: BUILT,
    shape: async (port) => {
      for (let i = 0; i < SLOW; i++) pipes.push(await SlowPipe.open(port, BYTES_PER_SECOND));
      return pipes.map((pipe) => ({ port: pipe.port }));
    },
  });
  expect(linksFaults(result, { bytesPerSecond: BYTES_PER_SECOND, rate: RATE }, SHORT)).toEqual([]);
  // Otherwise nothing was shown: the fast ones were sent far more.
  expect(result.fast.bytes / result.fast.count).toBeGreaterThan((2 * result.slow.bytes) / result.slow.count);
  expect(result.slow.messages).toBeGreaterThan(2 * SLOW);
});

test("a viewer that shows nothing does not pass, nor one that is behind, nor a server that grows", () => {
  const ages = (p99: number) => ({ count: 1, p50: p99 / 2, p99, max: p99 });
  const group = {
    name: "slow",
    count: 1,
    arrival: ages(2500),
    view: ages(5000),
    hotAMinute: 6,
    firstBytes: 40_000,
    messages: 9,
    bytes: 1e6,
  };
  const steady = Array.from({ length: 100 }, (_, i): [number, number] => [i, 90e6 + (i % 7) * 1e6]);
  const good: LinksResult = {
    slow: group,
    fast: { ...group, name: "fast", arrival: ages(60), view: ages(110) },
    lost: 0,
    differences: [],
    memory: steady,
    load: 0.2,
  };
  const faults = (result: Partial<LinksResult>): string[] =>
    linksFaults({ ...good, ...result }, { bytesPerSecond: 20_000, rate: 20 });
  expect(faults({})).toEqual([]);
  expect(faults({ slow: { ...group, hotAMinute: 0 } })).toHaveLength(1);
  expect(faults({ slow: { ...group, arrival: ages(4100), view: ages(6100) } })).toHaveLength(2);
  expect(faults({ fast: { ...good.fast, arrival: ages(80) } })).toHaveLength(1);
  expect(faults({ memory: steady.map(([at, bytes]) => [at, bytes + at * 400_000]) })).toHaveLength(1);
  expect(
    faults({ lost: 1, differences: ["slow viewer 0 shows 3 keys as they are not, of 10"] }),
  ).toHaveLength(2);
});
