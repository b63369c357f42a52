/** A real proxy before servers: a process of its own that listens on a socket file, so that no port is taken. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Front } from "./servers.js";

/** What a proxy is started with. */
export interface ProxyProgram {
  readonly command: string;
  readonly args: (configFile: string, folder: string) => readonly string[];
  /** Its config file, for servers at these ports. */
  readonly config: (folder: string, socket: string, ports: readonly number[]) => string;
}

/** Whether a Debian package cannot be had here; `npm test` says how to change that. */
export const isMissing = (name: string): boolean =>
  process.env["TIDEMARK_MISSING"]?.split(",").includes(name) === true;

export function proxy({ command, args, config }: ProxyProgram): Front {
  return async (ports) => {
    const folder = mkdtempSync(join(tmpdir(), `tidemark-${command}-`));
    const socket = join(folder, "proxy.sock");
    const file = join(folder, "proxy.conf");
    writeFileSync(file, config(folder, socket, ports));
    const child = spawn(command, args(file, folder), { stdio: ["ignore", "ignore", "inherit"] });
    const exited = once(child, "exit");
    while (!(await answers(socket))) {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    }
    return {
      target: socket,
      close: async () => {
        child.kill("SIGTERM");
        await exited;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => setTimeout(() => resolve(false), 10));
  });
}
