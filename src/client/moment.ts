import type { Clock } from "../protocol/index.js";

/** A point in time on both clocks. */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}

/**
 * Milliseconds since `moment`, and rather too many than too few: monotonic clocks stand still in a sleeping
 * laptop, wall clocks get set back. A retry that believes itself too young would be published twice.
 */
export function elapsedSince(clock: Clock, moment: Moment): number {
  return Math.max(clock.monotonic() - moment.monotonic, clock.now() - moment.wall, 0);
}
