/** The servers that `state` is measured beside, each as its users would run it and as well as it can be. */
import type { ProtocolName } from "../../generator/viewers/protocols.js";
import { SERVER_CORE } from "../../lib/cores.js";
import { Remote } from "../../lib/remote.js";
import type { Sending, StateOptions, StateServer } from "../../servers/state/serve.js";

/** How many keys there are. */
export const KEYS = 10_000;

/** A server, and how its viewers take what it sends. */
export interface Way {
  readonly name: string;
  readonly file: "tidemark" | "socket-io" | "ws" | "uwebsockets";
  readonly protocol: ProtocolName;
  readonly sending?: Sending;
  readonly deflate?: boolean;
  /** Messages a second at most, where the viewer may say. */
  readonly rate?: number;
}

const tidemark = { file: "tidemark", protocol: "tidemark" } as const;
const deflated = { file: "tidemark", protocol: "tidemark, deflated" } as const;
const socketIo = { file: "socket-io", protocol: "socket.io" } as const;
const ws = { file: "ws", protocol: "plain" } as const;
const uws = { file: "uwebsockets", protocol: "plain" } as const;

export const TIDEMARK: Way = { name: "Tidemark, rate 20", ...tidemark, rate: 20 };
export const DEFLATED: Way = { name: "Tidemark, rate 20, deflated", ...deflated, rate: 20 };
export const UNLIMITED: Way = { name: "Tidemark, as they come", ...tidemark };
export const SOCKET_IO: Way = { name: "Socket.IO, batched", ...socketIo, sending: "batched" };
export const SOCKET_IO_EACH: Way = { name: "Socket.IO, emit per change", ...socketIo, sending: "each" };
export const WS: Way = { name: "ws, batched", ...ws, sending: "batched" };
export const WS_EACH: Way = { name: "ws, send per change", ...ws, sending: "each" };
export const WS_DEFLATED: Way = {
  name: "ws, batched, permessage-deflate",
  file: "ws",
  protocol: "plain, deflated",
  sending: "batched",
  deflate: true,
};
export const UWS: Way = { name: "uWebSockets.js, batched", ...uws, sending: "batched" };
export const UWS_EACH: Way = { name: "uWebSockets.js, publish per change", ...uws, sending: "each" };

/** One that runs. Ways that differ in their viewers only have it together. */
export interface Running {
  readonly port: number;
  readonly process: Remote<StateServer>;
}

export async function startServer(file: Way["file"], options: Partial<StateOptions> = {}): Promise<Running> {
  const where = { core: SERVER_CORE, execArgv: ["--expose-gc"] };
  const process = await Remote.start<StateServer>(`../../servers/state/${file}.js`, import.meta.url, where);
  const port = await process.call("listen", { keys: KEYS, ...options });
  return { port, process };
}

/** One server for each kind of it among these ways. */
export class Servers {
  readonly #running = new Map<string, Running>();

  static async start(ways: readonly Way[]): Promise<Servers> {
    const servers = new Servers();
    for (const way of ways) {
      const kind = kindOf(way);
      if (servers.#running.has(kind)) continue;
      const { file, sending, deflate } = way;
      const options = {
        ...(sending !== undefined && { sending }),
        ...(deflate !== undefined && { deflate }),
      };
      servers.#running.set(kind, await startServer(file, options));
    }
    return servers;
  }

  of(way: Way): Running {
    const running = this.#running.get(kindOf(way));
    if (running === undefined) throw new Error(`${way.name} was not started`);
    return running;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ process }) => process.stop()));
  }
}

function kindOf({ file, sending, deflate = false }: Way): string {
  return [file, sending, deflate].join();
}
