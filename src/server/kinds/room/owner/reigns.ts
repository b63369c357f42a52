/** What is known of the reigns before: whether the last one ended soon and badly, and whether all that wrote the log are known. */
import type { ReignRecord } from "./room-log.js";
import type { RoomRecord } from "./read-room.js";

/** After so many short reigns, one after the other, a room is closed. */
export const MOST_SHORT = 2;
/** From a checkpoint on that lies so many ticks behind its beginning a reign was a good one. */
export const GOOD_TICKS = 100;

/**
 * Whether the last reign counts as a short one. It does where it got stuck, or ended without a release and without having saved the
 * room: something in the room may be what its node died of. Where that had other rooms, any of them may be.
 *
 * - `marked`: it was seen
 * - `dead`: so it seems; it may turn out that its node was only cut off
 */
export function lastReign({ reign, saved, isStuck }: Last): "good" | "marked" | "dead" {
  if (isStuck) return "marked";
  const isDead = reign?.alone === true && !reign.released && saved.at(-1)?.reign !== reign.name;
  return isDead ? "dead" : "good";
}

type Last = Pick<RoomRecord, "reign" | "saved" | "isStuck">;

/** How many short reigns there were, one after the other, before the one that is to begin. */
export function shortReigns(last: Last): number {
  if (last.reign === undefined) return 0;
  return lastReign(last) === "good" ? last.reign.short : last.reign.short + 1;
}

/** What an owner remembers of a room that it stopped without having lost it. */
export interface Known {
  /** The reigns that it knows of: its own, and all that it found in the log. */
  readonly names: ReadonlySet<string>;
}

/** Whether there is nothing in the log of anybody whom the owner does not know: then nobody has gone on with the room but itself. */
export function isAllKnown({ reign, writers, isStuck, closed }: RoomRecord, { names }: Known): boolean {
  if (isStuck || closed !== undefined) return false;
  if (reign !== undefined && !names.has(reign.name)) return false;
  return [...writers].every((name) => names.has(name));
}

/** The reigns that a log tells of. */
export function namesIn({ reign, writers }: RoomRecord): Set<string> {
  const names = new Set(writers);
  if (reign !== undefined) names.add(reign.name);
  return names;
}

/** Whether the log has lost something since its last reign wrote it, or since a node knew one. */
export function hasNewEpoch({ reign, epoch, hasLost }: RoomRecord, was: string | undefined): boolean {
  return reign === undefined ? hasLost || was !== undefined : reign.epoch !== epoch;
}

/** Whether a checkpoint at this tick shows that the room is sound again. */
export function isGoodAt({ short, tick }: ReignRecord, saved: number): boolean {
  return short > 0 && saved >= tick + GOOD_TICKS;
}
