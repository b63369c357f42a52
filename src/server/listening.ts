/** An HTTP server of the app's own, and where it listens. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "./logger.js";

/** How long a request and its body may take: Node's own default, in milliseconds. */
const REQUEST_MS = 300_000;

/** Where an app listens. */
export interface ListenOptions {
  /** Default 8080; 0 for any free one. */
  readonly port?: number;
  /** Default: all interfaces. */
  readonly host?: string;
}

/** @param connectTimeout milliseconds that the headers of a request may take */
export function createHttpServer(connectTimeout: number): Server {
  return createServer({
    headersTimeout: connectTimeout,
    requestTimeout: Math.max(connectTimeout, REQUEST_MS),
    connectionsCheckingInterval: Math.min(connectTimeout, 5000),
  });
}

/** Resolves with where the server listens; rejects with the system's error. */
export async function listenOn(
  server: Server,
  options: ListenOptions,
  log: Logger,
): Promise<{ port: number; host: string; url: string }> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 8080, options.host, () => {
      server.off("error", reject);
      // Such as no file descriptors for another connection: those that are open go on.
      server.on("error", (error) => log.error({ error }, "the listening socket has failed"));
      resolve();
    });
  });
  const { port, address } = server.address() as AddressInfo;
  const host = options.host ?? "localhost";
  return { port, host: address, url: `http://${host.includes(":") ? `[${host}]` : host}:${port}` };
}
