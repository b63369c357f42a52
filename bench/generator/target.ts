import type { DialectName } from "./dialects.js";

/** Where a load goes, as it is told to another process. */
export interface NamedTarget {
  readonly port: number;
  readonly dialect: DialectName;
}
