/** What every server of the benchmarks of `state` tells whoever measures it. */
import { micros } from "tidemark/load";
import { expose } from "../../lib/remote.js";
import { settledRss, usage } from "../../lib/usage.js";
import { Source, type SetValue, type SourceSpec } from "./source.js";

/** How a server sends what changes: each change as it comes, or the newest of each key every 50 ms. */
export type Sending = "each" | "batched";

export interface StateOptions {
  /** How many keys there are from the beginning. */
  readonly keys: number;
  /** For servers that leave it to their user. Default `batched`. */
  readonly sending?: Sending;
  /** Whether the server compresses for each connection by itself. */
  readonly deflate?: boolean;
  /** Where a Tidemark server has its logs: its memory, a Redis, or the process that writes the logs in a folder. */
  readonly logs?: { readonly redis: string } | { readonly folder: string };
}

type Start = (options: StateOptions) => Promise<{ readonly port: number; readonly set: SetValue }>;

/** Answers the measuring process. `start` opens the server. */
export function serveState(start: Start): void {
  expose(functions(start));
}

const functions = (start: Start) => {
  let source: Source | undefined;
  const mine = (): Source => {
    if (source === undefined) throw new Error("listen first");
    return source;
  };
  return {
    /** Resolves with the port when each key has a value. */
    async listen(options: StateOptions): Promise<number> {
      const { port, set } = await start(options);
      source = new Source(set);
      await source.fill(options.keys);
      return port;
    },
    begin: (spec: SourceSpec) => mine().begin(spec),
    end: () => mine().end(),
    /** How many changes were made until when. */
    made: () => ({ at: micros(), made: mine().made }),
    newest: () => [...mine().newest],
    usage,
    settledRss,
  };
};
export type StateServer = ReturnType<typeof functions>;
