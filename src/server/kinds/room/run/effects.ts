/** What hooks want besides the state, as it comes together in a tick. */

/** The most events of one tick. */
export const MOST_SENDS = 1000;

/** An event for players. */
export interface Sent {
  readonly event: string;
  /** Its data as JSON text. */
  readonly json: string;
  /** Whose it is; undefined: everybody's. */
  readonly to: string | undefined;
}

/** Where a room is in its time, and what its hooks have asked for in this tick. */
export interface Effects {
  tick: number;
  /** Milliseconds of the room's own time. */
  time: number;
  /** The same in its own unit: ticks, or milliseconds where there are none. */
  now: number;
  /** Whether a hook is running. */
  isInHook: boolean;
  sends: Sent[];
  wantsCheckpoint: boolean;
  /** Why it ends with this tick, if it does. */
  closing: string | undefined;
}

export function noEffects(tick: number, time: number, now: number): Effects {
  return { tick, time, now, isInHook: false, sends: [], wantsCheckpoint: false, closing: undefined };
}

/** Takes back what was asked for. */
export function clearEffects(effects: Effects): void {
  effects.sends = [];
  effects.wantsCheckpoint = false;
  effects.closing = undefined;
}
