/** How an app stops. */
import type { Server } from "node:http";
import type { Duration } from "../protocol/duration.js";
import type { Running } from "./running.js";

/** What clients are told at the end. */
export const STOPPING = "the server is stopping";

/** How {@link App.close} ends. */
export interface CloseOptions {
  /**
   * How long clients may take to move to another server, as milliseconds or a text such as `"30s"`. They are told to one
   * after the other, 50 a second where there is time for it; meanwhile `/readyz` says 503 and nobody is let in. Default 0:
   * all are cut off at once.
   */
  readonly grace?: Duration;
  /** Whether another process listens on the same port: then this one leaves it at once. Default false. */
  readonly handOver?: boolean;
}

/** Ends all that runs, and the server that the app listens with; the broker is left. */
export async function stopAll(running: Running | undefined, server: Server | undefined): Promise<void> {
  // One that has left its port already says so, and no more.
  const stopped = server === undefined ? undefined : new Promise((resolve) => server.close(resolve));
  // What was set before goes to the broker as long as that is there.
  const written = running?.states.close();
  running?.rooms.shut();
  if (running?.engine.rooms !== undefined) await running.engine.drainRooms();
  running?.engine.close(STOPPING);
  await running?.mount.close();
  server?.closeAllConnections();
  await stopped;
  await written;
}
