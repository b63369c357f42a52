import { micros } from "tidemark/load";
import type { Contender } from "../contenders.js";
import { sleep } from "../measure.js";
import { WARM_UP, interleave, type Figures, type Scenario } from "../scenario.js";

const MISSED = 100;
const PAYLOAD = 64;
const count = (quick: boolean): number => (quick ? 500 : 5000);

export const storm: Scenario = {
  id: "storm",
  title: "A reconnect storm",
  about: (quick) =>
    `${count(quick).toLocaleString("en")} subscribers of one channel are cut off at once, miss ${MISSED} messages, and come back, 100 at a time. Tidemark ` +
    "resumes from cursors, Socket.IO by its connection state recovery, which is switched on for this; ws and uWebSockets.js have nothing of the kind: they only accept again.",
  run: async (context) => {
    const { quick, generator } = context;
    const members = count(quick);
    const round = async ({ target, process }: Contender): Promise<Figures> => {
      const spec = {
        job: "storm",
        members,
        channel: "bench/storm",
        missed: MISSED,
        payload: PAYLOAD,
      } as const;
      await generator.call("prepare", { target, spec });
      await sleep(0.3);
      const before = await process.call("usage");
      const began = micros();
      await generator.call("run");
      await generator.call("stop");
      const after = await process.call("usage");
      const { deliveries, connections, at } = await generator.call("reading");
      await generator.call("leave");
      if (connections !== members) throw new Error(`${connections} of ${members} came back`);
      return {
        cpu: (after.cpu - before.cpu) / members,
        seconds: (at - began) / 1e6,
        resumed: deliveries / (members * MISSED),
      };
    };
    const medians = await interleave(
      context,
      { title: "Reconnect storm", rounds: quick ? 1 : 2, warmUp: WARM_UP, recover: true },
      round,
    );
    return {
      rows: [
        medians.row("time until the last one has caught up", "seconds", "s"),
        medians.row("server CPU per client", "cpu", "µs"),
        medians.row("missed messages that arrived", "resumed", "%", 100),
      ],
    };
  },
};
