/** One run of one attack: a server, a good client and a stranger, each in a process of its own. */
import { setPriority } from "node:os";
import { GENERATOR_CORE, SERVER_CORE } from "../lib/cores.js";
import { RedisServer } from "../lib/redis-server.js";
import { Remote } from "../lib/remote.js";
import { cpuOf } from "../lib/usage.js";
import { elapse } from "../lib/wait.js";
import type { Attacker } from "./attacker.js";
import type { AttackName } from "./attacks.js";
import type { GoodClient } from "./good-client.js";
import { ROWS } from "./rows.js";
import type { AttackedServer } from "./server.js";
import type { Run } from "./verdict.js";

export interface RunOptions {
  /** How long the attack lasts, and the time before it, in seconds. */
  readonly seconds: number;
  readonly calm: number;
  /** Seconds after the attack when it should be forgotten; those that are remembered have the window more. */
  readonly rest: number;
  /** Milliseconds that keys are remembered. */
  readonly dedupe: number;
  /** Where the built programs of this folder are. */
  readonly built: string;
}

const NEWCOMERS = 20;
const LEAST_PRIORITY = 19;
/** How long a newcomer is waited for, in milliseconds. */
const PATIENCE_MS = 30_000;

export async function runAttack(name: AttackName, options: RunOptions): Promise<Run> {
  const { seconds, calm, rest, dedupe, built } = options;
  const row = ROWS[name];
  const ends: (() => unknown)[] = [];
  try {
    const redis = row.redis === true ? await RedisServer.start() : undefined;
    if (redis !== undefined) ends.push(() => redis.remove());
    const keys = async (): Promise<number> => (redis === undefined ? 0 : redis.admin.dbsize());
    const server = await Remote.start<AttackedServer>("server.js", built, {
      core: SERVER_CORE,
      execArgv: ["--expose-gc"],
    });
    ends.push(() => server.kill());
    const port = await server.call("listen", { dedupe, redis: redis?.url, ...limitsOf(name) });
    const good = await Remote.start<GoodClient>("good-client.js", built, { core: GENERATOR_CORE });
    ends.push(() => good.kill());
    const stranger = await Remote.start<Attacker>("attacker.js", built, { core: GENERATOR_CORE });
    ends.push(() => stranger.kill());
    // The good client is to stand for one with a machine of its own: it need not wait for the stranger's core.
    setPriority(stranger.pid, LEAST_PRIORITY);
    await good.call("join", `ws://127.0.0.1:${port}/connect`);

    const before = await good.call("use", calm);
    const keysBefore = await keys();
    const memoryBefore = await server.call("memory");
    await server.call("pause");
    await stranger.call("begin", { name, port });
    const [from, cpu] = [performance.now(), cpuOf(server.pid)];
    const meanwhile = await good.call("use", seconds);
    const busy = (Number(cpuOf(server.pid)) - Number(cpu)) / 1000 / (performance.now() - from);
    const pause = await server.call("pause");
    const memoryMeanwhile = await server.call("memory");
    const pace = await stranger.call("end");
    const newcomers = await good.call("arrive", { many: NEWCOMERS, patience: PATIENCE_MS });
    await good.call("leave");
    await elapse(rest * 1000 + (row.remembers === true ? dedupe : 0));
    const counted = await server.call("refused");
    return {
      before: before.delays,
      meanwhile: meanwhile.delays,
      refused: [...before.refused, ...meanwhile.refused],
      newcomers,
      memory: [memoryBefore, memoryMeanwhile, await server.call("memory")],
      keys: [keysBefore, await keys()],
      counted,
      busy,
      pause,
      pace,
    };
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

function limitsOf(name: AttackName): Pick<Parameters<AttackedServer["listen"]>[0], "limits"> {
  const { limits } = ROWS[name];
  return limits === undefined ? {} : { limits };
}
