import { type Clock, realRandom } from "../protocol/index.js";
import type { Environment, PlatformEvent } from "./environment.js";
import { webSocketTransport } from "./websocket.js";

/** No timer of a client's is longer than the 24 days that a browser's can be; the server's clock caters for those. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number | undefined),
  setImmediate: (run) => void setTimeout(run, 0),
};

/** A browser's page, a worker, or any other runtime with a WebSocket of its own. */
export const realEnvironment: Environment = {
  clock,
  random: realRandom,
  transport: (url, events) => webSocketTransport(new WebSocket(url), events),
  listen,
  report,
};

function listen(listener: (event: PlatformEvent) => void): () => void {
  const online = (): void => listener("online");
  const visible = (): void => {
    if (document.visibilityState === "visible") listener("visible");
  };
  // Neither is there in Node, and workers have no document.
  const scope = typeof addEventListener === "function" ? globalThis : undefined;
  const page = typeof document === "object" ? document : undefined;
  scope?.addEventListener("online", online);
  page?.addEventListener("visibilitychange", visible);
  return () => {
    scope?.removeEventListener("online", online);
    page?.removeEventListener("visibilitychange", visible);
  };
}

function report(error: Error): void {
  if (typeof reportError === "function") reportError(error);
  // oxlint-disable-next-line no-console -- Node has no reportError, and an error that nobody sees is worse.
  else console.error(error);
}
