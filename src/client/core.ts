import type { Clock, Random } from "../protocol/index.js";
import type { Chunks } from "./chunks.js";
import type { Settings } from "./options.js";
import type { Wire } from "./wire.js";

/** What all parts of a client share. */
export interface Core {
  readonly clock: Clock;
  readonly random: Random;
  readonly chunks: Chunks;
  readonly settings: Settings;
  readonly wire: Wire;
}
