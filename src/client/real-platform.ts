import { realClock, realRandom } from "../protocol/index.js";
import type { Environment, PlatformEvent } from "./environment.js";
import { webSocketTransport } from "./websocket.js";

/** A browser's page, a worker, or any other runtime with a WebSocket of its own. */
export const realEnvironment: Environment = {
  clock: realClock,
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
