/** What `npm start` runs: every example on one port, with the broker that is built in. */
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chat } from "./chat/server.js";
import { dashboard } from "./dashboard/server.js";
import { readOptions, USAGE, UsageError, type ServeOptions } from "./serve-options.js";
import { serveStatic, type Mounts } from "./static.js";

// This file runs as build/examples/serve.js; the pages are built beside it.
const PAGES = fileURLToPath(new URL("../pages/", import.meta.url));

/** The landing page is at /, every other example under its own name. */
function mounts(): Mounts {
  const names = readdirSync(PAGES).filter((name) => name !== "landing");
  return Object.fromEntries([
    ["/", join(PAGES, "landing")],
    ...names.map((name) => [`/${name}/`, join(PAGES, name)]),
  ]);
}

async function serve({ port, host }: ServeOptions): Promise<void> {
  const pages = serveStatic(mounts());
  const server = createServer((request, response) => void pages(request, response));
  dashboard.attach(server);
  chat.attach(server);

  server.once("error", (error: NodeJS.ErrnoException) => {
    console.error(problem(error, port, host));
    process.exit(1);
  });
  server.listen({ port, ...(host !== undefined && { host }) }, () => {
    const address = server.address();
    announce(typeof address === "object" && address !== null ? address.port : port, host);
  });

  let stopping = false;
  const stop = async (): Promise<void> => {
    // Asked twice: somebody does not want to wait.
    if (stopping) process.exit(1);
    stopping = true;
    server.close();
    await Promise.all([chat.close(), dashboard.close()]);
    server.closeAllConnections();
    process.exit(0);
  };
  process.on("SIGINT", () => void stop());
  process.on("SIGTERM", () => void stop());
}

function announce(port: number, host: string | undefined): void {
  const own = `http://${host === undefined ? "localhost" : shown(host)}:${port}`;
  const sockets = own.replace("http", "ws");
  const places = [
    [`${own}/`, "what there is"],
    [`${own}/chat/`, "a chat: open it twice"],
    [`${own}/dashboard/`, "a dashboard: 20,000 changes a second"],
    [`${sockets}/connect`, "the channels, for clients and any WebSocket tool"],
    [`${sockets}/echo`, "a WebSocket that sends back what it gets"],
    [`${own}/healthz`, "whether it is well"],
  ] as const;
  const width = Math.max(...places.map(([address]) => address.length));
  const lines = [
    `Tidemark is at ${own}/`,
    ...(host === undefined ? elsewhere(port) : []),
    "",
    ...places.map(([address, about]) => `  ${address.padEnd(width)}   ${about}`),
    "",
    "Stop it with Ctrl+C.",
  ];
  console.log(lines.join("\n"));
}

/** Where it can be reached from other machines, such as a phone. */
function elsewhere(port: number): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => `http://${address}:${port}/`);
  if (addresses.length === 0) return [];
  return [`and for others at ${addresses.join(", ")} (--host 127.0.0.1 keeps it to this machine)`];
}

function shown(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function problem(error: NodeJS.ErrnoException, port: number, host: string | undefined): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${port} is taken; use npm start -- --port ${port + 1}`;
    case "EACCES":
      return `this user may not listen on port ${port}; use npm start -- --port 8080`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${String(host)} is no address of this machine; leave --host out to listen on all of them`;
    default:
      return `cannot listen on port ${port}: ${error.message}`;
  }
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === "help") console.log(USAGE);
  else await serve(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
