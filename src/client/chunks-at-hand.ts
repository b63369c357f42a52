import { createBeginning } from "./beginning.js";
import type { Chunks } from "./chunks.js";
import { createPresence } from "./presence.js";

/** All is there: where code comes from a disk, loading it late saves nothing. */
export const chunksAtHand: Chunks = {
  beginning: () => Promise.resolve({ createBeginning }),
  presence: () => Promise.resolve({ createPresence }),
};
