/** What every server of the benchmark tells whoever measures it. */
import { expose } from "../lib/remote.js";
import { settledRss, usage } from "../lib/usage.js";

export interface ListenOptions {
  /** 0 for any. */
  readonly port: number;
  /** Whether clients that come back get what they missed, on a server that does that only when it is told to. */
  readonly recover?: boolean;
}

type Listen = (options: ListenOptions) => Promise<number>;

/** Answers the measuring process. `listen` starts the server and resolves with its port. */
export function serve(listen: Listen): void {
  expose(functions(listen));
}

const functions = (listen: Listen) => ({ listen, usage, settledRss });

export type BenchServer = ReturnType<typeof functions>;
