/** Names that travel: keys of rows, seats, events and timers. */
import { utf8Length } from "../../../../protocol/index.js";
import { isIllFormed } from "../../../../room/coding.js";
import { MOST_KEY } from "../../../../room/columns.js";

/** Whether it is a text of 1 to 64 bytes of UTF-8. */
export function isKey(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > MOST_KEY || isIllFormed(value))
    return false;
  return value.length * 3 <= MOST_KEY || utf8Length(value) <= MOST_KEY;
}
