import type { Changes } from "./changes.js";
import type { Environment } from "./environment.js";
import type { Eraser } from "./eraser.js";

/** What all logs of a directory share. */
export interface LogShare {
  readonly env: Environment;
  readonly eraser: Eraser;
  /** Its `changes` are what goes into the next transaction: others after each. */
  readonly commit: { readonly changes: Changes };
  readonly maxKeys: number;
}
