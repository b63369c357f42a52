/** The servers that are compared, and how to start one. */
import type { DialectName } from "./generator/dialects.js";
import type { NamedTarget } from "./generator/target.js";
import { SERVER_CORE } from "./lib/cores.js";
import { Remote } from "./lib/remote.js";
import type { BenchServer, ListenOptions } from "./servers/serve.js";

export const NAMES = ["Tidemark", "uWebSockets.js", "ws", "Socket.IO"] as const;
export type Name = (typeof NAMES)[number];

const PROGRAMS: Readonly<Record<Name, { readonly file: string; readonly dialect: DialectName }>> = {
  Tidemark: { file: "tidemark.js", dialect: "tidemark" },
  "uWebSockets.js": { file: "uwebsockets.js", dialect: "plain" },
  ws: { file: "ws.js", dialect: "plain" },
  "Socket.IO": { file: "socket-io.js", dialect: "socket.io" },
};

/** One server that runs. */
export interface Contender {
  readonly name: Name;
  readonly target: NamedTarget;
  readonly process: Remote<BenchServer>;
}

export async function start(name: Name, options: Partial<ListenOptions> = {}): Promise<Contender> {
  const { file, dialect } = PROGRAMS[name];
  const where = { core: SERVER_CORE, execArgv: ["--expose-gc"] };
  const process = await Remote.start<BenchServer>(`servers/${file}`, import.meta.url, where);
  const port = await process.call("listen", { port: 0, ...options });
  return { name, target: { port, dialect }, process };
}
