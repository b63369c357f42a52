import { FLOOR } from "../contenders.js";
import { measure } from "../measure.js";
import { COMPILED, interleave, type Scenario } from "../scenario.js";

const PAYLOAD = 64;

function fanOut(id: string, subscribers: number, inFlight: number, rounds: number): Scenario {
  const title = `Fan-out: ${subscribers.toLocaleString("en")} subscribers, ${inFlight} in flight`;
  return {
    id,
    title,
    about: () =>
      `One channel with ${subscribers.toLocaleString("en")} subscribers and one publisher, messages of ${PAYLOAD} bytes. ` +
      (inFlight === 1
        ? "The next message is published when the last one has reached everybody: each delivery is a write of its own, which is the kernel's work nearly alone."
        : `${inFlight} messages are under way at any time; the next one is published when one has reached everybody.`) +
      " The last row is what the cheapest loop over Node's public API costs, which has no log, no offsets and no answers.",
    run: async (context) => {
      const durations = context.quick ? { warmUp: 0.8, seconds: 0.8 } : { warmUp: 0.6, seconds: 0.9 };
      const spec = {
        job: "closed loop",
        channel: `bench/${id}`,
        subscribers,
        inFlight,
        payload: PAYLOAD,
      } as const;
      const medians = await interleave(
        context,
        { title, rounds: context.quick ? 1 : rounds, warmUp: spec, warmUpFor: COMPILED, floor: true },
        async (contender) => ({
          ...(await measure(contender, context.generator, spec, durations)),
        }),
      );
      return {
        rows: [
          medians.row("server CPU per delivery", "cost", "µs"),
          medians.row("deliveries", "rate", "k/s", 1e-3),
          {
            what: "the same by a bare loop of `socket.write`",
            unit: "µs",
            values: { Tidemark: medians.value("cost", FLOOR) },
          },
        ],
      };
    },
  };
}

export const batched = fanOut("fan-out-batched", 500, 32, 7);
export const single = fanOut("fan-out-single", 1000, 1, 5);
