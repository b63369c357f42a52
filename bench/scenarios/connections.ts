import { sleep } from "../measure.js";
import { interleave, type Scenario } from "../scenario.js";

const COUNT = 15_000;
const QUICK_COUNT = 2500;
/** The first ones pay for what all share: compiled code, tables that grow. */
const FIRST = 500;

export const connections: Scenario = {
  id: "connections",
  title: "Connections",
  about: (quick) =>
    `${(quick ? QUICK_COUNT : COUNT).toLocaleString("en")} connections, 100 at a time, each subscribes to one of 100 channels and then is quiet. Memory is ` +
    `the server's resident memory after a forced collection, less what it had with ${FIRST} connections.`,
  run: async (context) => {
    const { generator, quick } = context;
    const count = quick ? QUICK_COUNT : COUNT;
    const rehearsals = quick ? 2 : 3;
    const join = async (members: number): Promise<void> => {
      await generator.call("run");
      await generator.call("stop");
      const { connections: joined } = await generator.call("reading");
      if (joined !== members) throw new Error(`${joined} of ${members} connections`);
    };
    const medians = await interleave(
      context,
      { title: "Connections", rounds: quick ? 1 : 2 },
      async ({ target, process }) => {
        const warm = { job: "crowd", members: FIRST, channels: 100 } as const;
        for (let i = 0; i < rehearsals; i++) {
          await generator.call("prepare", { target, spec: warm });
          await join(FIRST);
          if (i < rehearsals - 1) await generator.call("leave");
          await sleep(0.3);
        }
        const before = await process.call("settledRss");
        const usedBefore = await process.call("usage");
        await generator.call("prepare", { target, spec: { job: "crowd", members: count, channels: 100 } });
        const began = performance.now();
        await join(count);
        const seconds = (performance.now() - began) / 1000;
        const usedAfter = await process.call("usage");
        const after = await process.call("settledRss");
        await generator.call("leave");
        await sleep(quick ? 0.3 : 1);
        return {
          cpu: (usedAfter.cpu - usedBefore.cpu) / count,
          memory: (after - before) / count,
          rate: count / seconds,
        };
      },
    );
    return {
      rows: [
        medians.row("server CPU to accept and subscribe", "cpu", "µs"),
        medians.row("memory per connection with one subscription", "memory", "KB", 1 / 1000),
        medians.row("connections", "rate", "k/s", 1e-3),
      ],
    };
  },
};
