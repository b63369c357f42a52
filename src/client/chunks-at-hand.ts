import { createBeginning } from "./beginning.js";
import type { Chunks } from "./chunks.js";
import { createInbox } from "./inbox.js";
import { createPresence } from "./presence.js";

/** All is there: where code comes from a disk, loading it late saves nothing. */
export const chunksAtHand: Chunks = {
  beginning: () => Promise.resolve({ createBeginning }),
  inbox: () => Promise.resolve({ createInbox }),
  presence: () => Promise.resolve({ createPresence }),
};
