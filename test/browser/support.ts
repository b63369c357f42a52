/** A built example server, a link to it that can be cut, and real browsers. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { chromium, type Browser } from "playwright-core";

const SERVE = join(import.meta.dirname, "../../build/examples/serve.js");
export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Whether the tests that need a browser cannot run here; `npm test` says how to change that. */
export const noBrowser = process.env["TIDEMARK_MISSING"]?.split(",").includes("chromium") === true;

export interface ExampleServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** What `npm start` serves, on a free port. */
export async function startExamples(): Promise<ExampleServer> {
  const child: ChildProcess = spawn(process.execPath, [SERVE, "--port", "0", "--host", "127.0.0.1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let port: number | undefined;
  while (port === undefined) {
    const [data] = (await once(child.stdout as Readable, "data")) as [Buffer];
    output += data.toString();
    const found = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(output)?.[1];
    if (found !== undefined) port = Number(found);
  }
  return {
    port,
    stop: async () => {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** A TCP link to a port, which can be cut and mended. */
export interface Cable {
  readonly port: number;
  /** Destroys what runs over it, and refuses what comes. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function cableTo(target: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connect(target, "127.0.0.1");
    for (const [a, b] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(a);
      a.on("error", () => {});
      a.on("close", () => {
        sockets.delete(a);
        b.destroy();
      });
      a.pipe(b);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend: () => {
      whole = true;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

export function launchBrowser(): Promise<Browser> {
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  return chromium.launch({ executablePath: CHROMIUM, args });
}
