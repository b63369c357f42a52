/** What two states of the server are compared by: each load gives figures of which less is better. */
import type { Contender } from "../contenders.js";
import type { Generator, JobSpec } from "../generator/main.js";
import type { Remote } from "../lib/remote.js";
import { measure, sleep } from "../measure.js";
import { COMPILED, type Figures } from "../scenario.js";

export interface Load {
  readonly id: string;
  /** For how many rounds one process serves. */
  readonly roundsAProcess: number;
  /** What a new server does before it is measured. */
  warmUp(contender: Contender, generator: Remote<Generator>): Promise<void>;
  /** One round; the figures by what they are, with their unit. */
  round(contender: Contender, generator: Remote<Generator>): Promise<Figures>;
}

const DURATIONS = { warmUp: 0.5, seconds: 0.9 };

function cost(id: string, what: string, spec: JobSpec): Load {
  return {
    id,
    // New ones now and then: how one process happens to lie in memory is not what is compared.
    roundsAProcess: 4,
    warmUp: async (contender, generator) => {
      await measure(contender, generator, spec, { warmUp: COMPILED, seconds: 0.1 });
    },
    round: async (contender, generator) => ({
      [`${what}, µs`]: (await measure(contender, generator, spec, DURATIONS)).cost,
    }),
  };
}

const requests = (inFlight: number): Load =>
  cost(`requests-${inFlight}`, `CPU per request, ${inFlight} under way`, {
    job: "requests",
    members: 200,
    inFlight,
    payload: 64,
  });

const fanOut = (id: string, subscribers: number, inFlight: number): Load =>
  cost(id, `CPU per delivery, ${subscribers} × ${inFlight}`, {
    job: "closed loop",
    channel: `bench/${id}`,
    subscribers,
    inFlight,
    payload: 64,
  });

const FIRST = 500;
const COUNT = 6000;

async function join(contender: Contender, generator: Remote<Generator>, members: number): Promise<void> {
  const spec = { job: "crowd", members, channels: 100 } as const;
  await generator.call("prepare", { target: contender.target, spec });
  await generator.call("run");
  await generator.call("stop");
  const { connections } = await generator.call("reading");
  if (connections !== members) throw new Error(`${connections} of ${members} connections`);
}

const connections: Load = {
  id: "connections",
  // Memory that a process has taken from the system it seldom gives back, so the second crowd would cost nothing.
  roundsAProcess: 1,
  warmUp: async (contender, generator) => {
    for (let i = 0; i < 3; i++) {
      await join(contender, generator, FIRST);
      await generator.call("leave");
      await sleep(0.5);
    }
  },
  round: async (contender, generator) => {
    const { process } = contender;
    const [before, usedBefore] = [await process.call("settledRss"), await process.call("usage")];
    await join(contender, generator, COUNT);
    const [usedAfter, after] = [await process.call("usage"), await process.call("settledRss")];
    await generator.call("leave");
    await sleep(0.5);
    return {
      "CPU to accept and subscribe, µs": (usedAfter.cpu - usedBefore.cpu) / COUNT,
      "memory per connection, KB": (after - before) / COUNT / 1000,
    };
  },
};

export const LOADS: readonly Load[] = [
  fanOut("fan-out-batched", 500, 32),
  fanOut("fan-out-single", 1000, 1),
  requests(1),
  requests(8),
  connections,
];
