/** What every server of the benchmark tells whoever measures it. */
import { expose } from "../lib/remote.js";
import { settledRss, usage } from "../lib/usage.js";

/** Answers the measuring process. `listen` starts the server on a port (0 for any) and resolves with it. */
export function serve(listen: (port: number) => Promise<number>): void {
  expose(functions(listen));
}

const functions = (listen: (port: number) => Promise<number>) => ({ listen, usage, settledRss });

export type BenchServer = ReturnType<typeof functions>;
