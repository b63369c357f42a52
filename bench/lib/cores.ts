/** Which processor core a benchmark's processes are bound to, where the system can do that. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

const canBind = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

/** Servers have a core for themselves; `undefined` where processes cannot be bound. */
export const SERVER_CORE: number | undefined = canBind ? 0 : undefined;
/** Load generators share another one. */
export const GENERATOR_CORE: number | undefined = canBind ? 1 : undefined;
