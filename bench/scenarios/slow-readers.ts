import { measure } from "../measure.js";
import { interleave, type Scenario } from "../scenario.js";

const MEMBERS = 100;
const SLOW = 5;
const PAYLOAD = 4000;
const RATE = 800;

export const slowReaders: Scenario = {
  id: "slow-readers",
  title: "Slow readers",
  about: (quick) =>
    `One channel with ${MEMBERS} subscribers and ${RATE} messages a second of ${PAYLOAD} bytes, for ${quick ? 2 : 6} seconds; ${SLOW} of the ` +
    "subscribers read 1 KB a second, in the second run of each pair. The latency is that of the others; memory is what the server's resident memory grew by, after a forced collection.",
  run: async (context) => {
    const { quick, generator } = context;
    const durations = quick
      ? { warmUp: 0.6, seconds: 1.4, memory: true }
      : { warmUp: 1, seconds: 5, memory: true };
    const members = Array.from({ length: MEMBERS }, () => ["bench/slow"]);
    const medians = await interleave(
      context,
      { title: "Slow readers", rounds: quick ? 1 : 2, light: true },
      async (contender) => {
        const spec = {
          job: "traffic",
          members: members.slice(SLOW),
          speakers: "others",
          rate: RATE,
          payload: PAYLOAD,
        } as const;
        const without = await measure(contender, generator, spec, durations);
        const slow = { members: SLOW, bytesPerSecond: 1000 };
        const withThem = await measure(contender, generator, { ...spec, members, slow }, durations);
        return {
          without: without.p99,
          with: withThem.p99,
          ratio: withThem.p99 / without.p99,
          growth: withThem.growth,
        };
      },
    );
    return {
      drawn: "p99 of the others with them",
      rows: [
        medians.row("p99 without slow readers", "without", "ms"),
        medians.row("p99 of the others with them", "with", "ms"),
        medians.row("ratio", "ratio", ""),
        medians.row("memory growth by slow readers", "growth", "MB", 1e-6),
      ],
    };
  },
};
