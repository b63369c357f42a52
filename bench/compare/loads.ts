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

async function join(contender: Contender, generator: Remote<Generator>, members: number): Promise<void> {
  const spec = { job: "crowd", members, channels: 100 } as const;
  await generator.call("prepare", { target: contender.target, spec });
  await generator.call("run");
  await generator.call("stop");
  const { connections } = await generator.call("reading");
  if (connections !== members) throw new Error(`${connections} of ${members} connections`);
}

async function leave(generator: Remote<Generator>): Promise<void> {
  await generator.call("leave");
  await sleep(0.5);
}

/** How many come and go before it is measured: until then the server's functions are still being compiled. */
const EARLIER = [2000, 2000, 2000];
const ACCEPTED = 2500;
const CROWDS = 2;

const accepting: Load = {
  id: "accepting",
  // One process is dearer than another by what its compiler made of it: rounds of one would all say the same.
  roundsAProcess: 1,
  warmUp: async (contender, generator) => {
    for (const members of EARLIER) {
      await join(contender, generator, members);
      await leave(generator);
    }
  },
  round: async (contender, generator) => {
    const { process } = contender;
    let used = 0;
    for (let i = 0; i < CROWDS; i++) {
      const before = await process.call("usage");
      await join(contender, generator, ACCEPTED);
      used += (await process.call("usage")).cpu - before.cpu;
      await leave(generator);
    }
    return { "CPU to accept and subscribe, µs": used / CROWDS / ACCEPTED };
  },
};

const FIRST = 500;
const HELD = 6000;

const memory: Load = {
  id: "memory",
  // Memory that a process has taken from the system it seldom gives back, so the second crowd would cost nothing.
  roundsAProcess: 1,
  warmUp: async (contender, generator) => {
    for (let i = 0; i < 3; i++) {
      await join(contender, generator, FIRST);
      await leave(generator);
    }
  },
  round: async (contender, generator) => {
    const { process } = contender;
    const before = await process.call("settledRss");
    await join(contender, generator, HELD);
    const after = await process.call("settledRss");
    await leave(generator);
    return { "memory per connection, KB": (after - before) / HELD / 1000 };
  },
};

export const LOADS: readonly Load[] = [
  fanOut("fan-out-batched", 500, 32),
  fanOut("fan-out-single", 1000, 1),
  requests(1),
  requests(8),
  accepting,
  memory,
];
