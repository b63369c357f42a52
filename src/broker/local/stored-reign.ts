/** A reign on the disk: there it ends in wall time, which goes on while no process has the log open. */
import type { Moment } from "../log/moment.js";
import type { HeldReign } from "../log/reign.js";

/** As it is put on the disk. */
export function toStored(reign: HeldReign | undefined, now: Moment): HeldReign | undefined {
  return reign && { ...reign, until: now.wall + (reign.until - now.steady) };
}

/** As it was there. However the clock was set meanwhile, others may take it when its length has passed from now. */
export function fromStored(stored: HeldReign | undefined, now: Moment): HeldReign | undefined {
  return stored && { ...stored, until: now.steady + Math.min(stored.until - now.wall, stored.ttl) };
}
