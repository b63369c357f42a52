import { NAMES, start, type Name } from "../contenders.js";
import { measure, type Measured } from "../measure.js";
import { takeTurns, type Context, type Scenario } from "../scenario.js";

/** A load that every server carries with ease: beyond that, the latencies would be those of a queue that only grows. */
const MEMBERS = 60;
const SLOW = 3;
/** Connections that only publish. */
const PUBLISHERS = 4;
const PAYLOAD = 8000;
const RATE = 300;
/** How much a slow one reads, in bytes a second. It is sent 2,400 times as much. */
const SLOW_RATE = 1000;

const durations = (quick: boolean) =>
  quick ? { warmUp: 1.2, seconds: 1.2, memory: true } : { warmUp: 4, seconds: 4, memory: true };

export const slowReaders: Scenario = {
  id: "slow-readers",
  title: "Slow readers",
  about: (quick) =>
    `One channel with ${MEMBERS} subscribers and ${RATE} messages a second of ${PAYLOAD} bytes, for ${durations(quick).warmUp + durations(quick).seconds} seconds; in the second run of each pair ` +
    `${SLOW} of the subscribers (5 %) read 1 KB a second. The latency is that of the others. Each run has a server process of its own; memory is how much more ` +
    "is resident at the end of the second run than at the end of the first, the clients still connected, after a forced collection.",
  run: async (context) => {
    const plan = { title: "Slow readers", rounds: context.quick ? 1 : 3, runners: NAMES };
    const medians = await takeTurns(context, plan, async (name, i) => {
      // What comes first changes from round to round.
      const order = i % 2 === 0 ? [0, SLOW] : [SLOW, 0];
      const runs = new Map<number, Measured>();
      for (const slow of order) runs.set(slow, await run(context, name, slow));
      const [without, withThem] = [runs.get(0) as Measured, runs.get(SLOW) as Measured];
      return {
        without: without.p99,
        with: withThem.p99,
        ratio: withThem.p99 / without.p99,
        growth: withThem.rss - without.rss,
        load: withThem.load,
      };
    });
    return {
      drawn: "p99 of the others with them",
      rows: [
        medians.row("p99 without slow readers", "without", "ms"),
        medians.row("p99 of the others with them", "with", "ms"),
        medians.row("ratio", "ratio", ""),
        medians.row("memory growth by slow readers", "growth", "MB", 1e-6),
        medians.row("server load with them, of one core", "load", "%", 100),
      ],
    };
  },
};

async function run(context: Context, name: Name, slow: number): Promise<Measured> {
  const contender = await start(name);
  try {
    const spec = {
      job: "traffic",
      members: Array.from({ length: MEMBERS }, () => ["bench/slow"]),
      speakers: PUBLISHERS,
      rate: RATE,
      payload: PAYLOAD,
      ...(slow > 0 && { slow: { members: slow, bytesPerSecond: SLOW_RATE } }),
    } as const;
    return await measure(contender, context.generator, spec, durations(context.quick));
  } finally {
    await contender.process.stop();
  }
}
