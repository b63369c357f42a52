import type { Retain } from "../contract.js";

/** Whether a log keeps entries at all. */
export function keepsAnything(retain: Retain | undefined): boolean {
  return retain?.count !== undefined || retain?.bytes !== undefined || retain?.age !== undefined;
}
