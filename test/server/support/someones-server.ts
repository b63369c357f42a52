/** HTTP servers of somebody else's, and plain requests to them. */
import { get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { stream, tidemark, type App } from "../../../src/server/index.js";
import type { AppTypes } from "../../../src/protocol/index.js";
import { servedAt, quiet, type Served } from "./serve.js";

/** An app with a channel, whose log says nothing. */
export const makeApp = (options = {}) =>
  tidemark({ ...quiet, ...options }).channels({ "chat/:id": stream({ retain: { count: 100 } }) });

/** The status and body of a GET. */
export function fetchText(
  url: string,
): Promise<{ status: number | undefined; body: string; headers: IncomingMessage["headers"] }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (body += part));
      response.on("end", () => resolve({ status: response.statusCode, body, headers: response.headers }));
    }).on("error", reject);
  });
}

/** An HTTP server of somebody else's, with the app attached. */
export async function attached(
  app: Pick<App<unknown, AppTypes>, "attach" | "close">,
  server: Server,
): Promise<Served> {
  app.attach(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await app.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return servedAt((server.address() as AddressInfo).port);
}
