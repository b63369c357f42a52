import type { createBeginning } from "./beginning.js";
import type { createInbox } from "./inbox.js";
import type { createPresence } from "./presence.js";

/**
 * Code that not every page needs. What it uses of the rest of the client is given to it, since what it imported would be in no
 * chunk of its own.
 */
export interface Chunks {
  readonly beginning: () => Promise<{ readonly createBeginning: typeof createBeginning }>;
  readonly inbox: () => Promise<{ readonly createInbox: typeof createInbox }>;
  readonly presence: () => Promise<{ readonly createPresence: typeof createPresence }>;
}

/** Each is loaded when it is needed; one that could not be, again the next time. */
export const chunksOnDemand: Chunks = {
  beginning: () => import("./beginning.js"),
  inbox: () => import("./inbox.js"),
  presence: () => import("./presence.js"),
};
