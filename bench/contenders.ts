/** The servers that are compared, and how to start one. */
import type { DialectName } from "./generator/dialects.js";
import type { NamedTarget } from "./generator/target.js";
import { SERVER_CORE } from "./lib/cores.js";
import { Remote } from "./lib/remote.js";
import type { BenchServer, ListenOptions } from "./servers/serve.js";

export const NAMES = ["Tidemark", "uWebSockets.js", "ws", "Socket.IO"] as const;
export type Name = (typeof NAMES)[number];

/** No server that anybody would use: the floor that Node's public API puts under all that stand on it. */
export const FLOOR = "bare loop";
export type Runner = Name | typeof FLOOR;

const PROGRAMS: Readonly<Record<Runner, { readonly file: string; readonly dialect: DialectName }>> = {
  Tidemark: { file: "tidemark.js", dialect: "tidemark" },
  "uWebSockets.js": { file: "uwebsockets.js", dialect: "plain" },
  ws: { file: "ws.js", dialect: "plain" },
  "Socket.IO": { file: "socket-io.js", dialect: "socket.io" },
  [FLOOR]: { file: "bare-loop.js", dialect: "plain" },
};

/** One server that runs. */
export interface Contender {
  readonly name: Runner;
  readonly target: NamedTarget;
  readonly process: Remote<BenchServer>;
}

export async function start(name: Runner, options: Partial<ListenOptions> = {}): Promise<Contender> {
  const { file, dialect } = PROGRAMS[name];
  const where = { core: SERVER_CORE, execArgv: ["--expose-gc"] };
  const process = await Remote.start<BenchServer>(`servers/${file}`, import.meta.url, where);
  const port = await process.call("listen", { port: 0, ...options });
  return { name, target: { port, dialect }, process };
}
