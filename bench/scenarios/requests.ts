import { measure } from "../measure.js";
import { COMPILED, interleave, type Scenario } from "../scenario.js";

const MEMBERS = 200;
const PAYLOAD = 64;

export const requests: Scenario = {
  id: "requests",
  title: "Requests and replies",
  about: () =>
    `${MEMBERS} connections, each with 1 or 8 requests of ${PAYLOAD} bytes under way, which are sent back as they are: a method ` +
    "call with Tidemark, an acknowledgement with Socket.IO, a bare echo with the others.",
  run: async (context) => {
    const durations = context.quick ? { warmUp: 0.6, seconds: 0.6 } : { warmUp: 0.6, seconds: 0.9 };
    const job = (inFlight: number) =>
      ({ job: "requests", members: MEMBERS, inFlight, payload: PAYLOAD }) as const;
    const medians = await interleave(
      context,
      { title: "Requests", rounds: context.quick ? 1 : 5, warmUp: job(8), warmUpFor: COMPILED },
      async (contender) => {
        const of = (inFlight: number) => measure(contender, context.generator, job(inFlight), durations);
        const [one, eight] = [await of(1), await of(8)];
        return { one: one.cost, eight: eight.cost, rate: eight.rate };
      },
    );
    return {
      rows: [
        medians.row("server CPU per request, 1 under way", "one", "µs"),
        medians.row("server CPU per request, 8 under way", "eight", "µs"),
        medians.row("requests, 8 under way", "rate", "k/s", 1e-3),
      ],
    };
  },
};
