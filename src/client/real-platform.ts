import { type Clock, realRandom } from "../protocol/index.js";
import type { Environment, PlatformEvent } from "./environment.js";
import type { Memory } from "./transports/memory.js";
import type { Transport, TransportEvents, TransportFactory } from "./transport.js";
import { lateTransport } from "./transports/late.js";
import { webSocketTransport } from "./websocket.js";

/** The longest wait of a browser's timers, about 24.8 days; they ring at once when asked for a longer one. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** A longer wait than timers have ends early, which who waits for it takes for a look at the clock. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, Math.min(ms, LONGEST_WAIT)),
  clearTimeout: (timer) => clearTimeout(timer as number | undefined),
  setImmediate: (run) => void setTimeout(run, 0),
};

/** A browser's page, a worker, or any other runtime with a WebSocket of its own. */
export const realEnvironment: Environment = {
  clock,
  random: realRandom,
  transport: transportFactory((url, events) => webSocketTransport(new WebSocket(url), events)),
  memory: storage,
  listen,
  report,
};

/** Opens WebSockets as the platform does, and everything else over `fetch`. */
export function transportFactory(webSocket: TransportFactory): TransportFactory {
  const open: TransportFactory = (url, events, name, better) => {
    if (name === "websocket") return webSocket(url, events, name);
    const search = better && {
      clock,
      memory: storage(),
      open: (beside: TransportEvents) => open(url, beside, better),
    };
    // Most pages never need it.
    const load = async (): Promise<() => Transport> => {
      const { httpTransport } = await import("./transports/http.js");
      return () => httpTransport(url, events, name, search);
    };
    return lateTransport(load, events);
  };
  return open;
}

/** A page may have been denied its storage, or may be none. */
function storage(): Memory | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

function listen(listener: (event: PlatformEvent) => void): () => void {
  const stop = new AbortController();
  // None is there in Node, and workers have no document.
  const { addEventListener: hasEvents, document: page } = globalThis as Partial<typeof globalThis>;
  const on = (target: EventTarget | undefined, name: string, event: PlatformEvent): void =>
    target?.addEventListener(name, () => (event !== "visible" || !page?.hidden) && listener(event), stop);
  const scope = hasEvents && globalThis;
  on(scope, "online", "online");
  on(scope, "offline", "offline");
  on(scope, "pagehide", "away");
  // From a browser's cache of pages.
  on(scope, "pageshow", "visible");
  on(page, "visibilitychange", "visible");
  // After a freeze.
  on(page, "resume", "visible");
  return () => stop.abort();
}

function report(error: Error): void {
  if (typeof reportError === "function") reportError(error);
  // oxlint-disable-next-line no-console -- Node has no reportError, and an error that nobody sees is worse.
  else console.error(error);
}
