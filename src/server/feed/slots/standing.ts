import type { Tally } from "../../kinds/slots-kind.js";

/** What is known of a subscriber beside its cursor, while it is not live: a lane knows it of those who are. */
export interface Standing {
  /** When it was last told something, on the monotonic clock; `-Infinity` where it was not. */
  readonly toldAt: number;
  /** How many changes there were up to its cursor; `undefined` where that is not known. */
  readonly tally: Tally | undefined;
}
