import { NAMES, type Contender } from "../contenders.js";
import { measure } from "../measure.js";
import { interleave, type Curve, type Figures, type Medians, type Scenario } from "../scenario.js";

const SUBSCRIBERS = [10, 100, 1000, 10_000];
const PAYLOADS = [64, 256, 1024, 4096, 16_384];

export const growth: Scenario = {
  id: "growth",
  title: "How the cost of a delivery grows",
  about: () =>
    "With the number of subscribers (messages of 64 bytes, 32 in flight), and with the size of messages (200 subscribers, 8 in flight).",
  run: async (context) => {
    const { quick, generator } = context;
    const durations = quick ? { warmUp: 0.3, seconds: 0.4 } : { warmUp: 0.6, seconds: 1 };
    const audience = quick ? [10, 1000] : SUBSCRIBERS;
    const sizes = quick ? [64, 4096] : PAYLOADS;
    const medians = await interleave(
      context,
      { title: "Growth", rounds: 1 },
      async (contender: Contender): Promise<Figures> => {
        const figures: Record<string, number> = {};
        for (const subscribers of audience) {
          const spec = {
            job: "closed loop",
            channel: `bench/by-${subscribers}`,
            subscribers,
            inFlight: 32,
            payload: 64,
          } as const;
          figures[`subscribers ${subscribers}`] = (await measure(contender, generator, spec, durations)).cost;
        }
        for (const payload of sizes) {
          const spec = {
            job: "closed loop",
            channel: `bench/of-${payload}`,
            subscribers: 200,
            inFlight: 8,
            payload,
          } as const;
          figures[`payload ${payload}`] = (await measure(contender, generator, spec, durations)).cost;
        }
        return figures;
      },
    );
    const y = "server CPU per delivery, µs";
    return {
      rows: [
        ...audience.map((n) =>
          medians.row(`${n.toLocaleString("en")} subscribers`, `subscribers ${n}`, "µs"),
        ),
        ...sizes.map((n) => medians.row(`${n.toLocaleString("en")} bytes`, `payload ${n}`, "µs")),
      ],
      curves: [
        {
          title: "Cost of a delivery by subscribers",
          x: "subscribers",
          y,
          points: audience,
          series: series(medians, "subscribers", audience),
        },
        {
          title: "Cost of a delivery by size",
          x: "bytes of payload",
          y,
          points: sizes,
          series: series(medians, "payload", sizes),
        },
      ],
    };
  },
};

function series(medians: Medians, figure: string, points: readonly number[]): Curve["series"] {
  return Object.fromEntries(
    NAMES.map((name) => [name, points.map((n) => medians.value(`${figure} ${n}`, name))]),
  );
}
