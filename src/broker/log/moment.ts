/** One moment on both of a clock's faces: offsets and ages are wall time, windows and idleness steady time. */
export interface Moment {
  readonly wall: number;
  readonly steady: number;
}
