import { Least } from "./least.js";

/** How long a frame that took the least time counts, in milliseconds, and a round trip that did. */
const FRAMES_MS = 2000;
const ROUND_TRIPS_MS = 5000;
/** So many frames in a row that are later than is allowed for: it is not the link, the room has stood still. */
const LATE_FRAMES = 4;
/** What is shown goes at most this much faster or slower than time, and takes so long to come closer, in milliseconds. */
const SLEW = 0.25;
const SETTLE_MS = 500;
/** What is shown jumps when it is so much behind, in milliseconds, and never otherwise. */
const JUMP_MS = 500;
/** How much is allowed for at least where frames come more often, in milliseconds. */
const LEAST_MOST_MS = 150;

/**
 * A room's time on a client: at which tick the room is now, and which one to show. It is told when frames come, and
 * needs no stamp in them, since tick and time go together: a room that has stood still, and counts on from where it was,
 * is seen by its frames being late one after the other.
 *
 * Times are milliseconds of one clock that never steps back, such as `performance.now()`.
 *
 * @example
 * const clock = new TickClock(1000 / 20);
 * clock.frame(frame.tick, now); // when one comes
 * const rows = interpolation.at(clock.render(now)); // when one is painted
 */
export class TickClock {
  /** Milliseconds from one tick to the next. */
  readonly interval: number;
  /** How unevenly frames come, in milliseconds: the mean deviation of RFC 3550, 6.4.1. */
  jitter = 0;
  /** The newest tick that has come; below 0 before the first one. */
  newest = -1;
  /** What was shown last, in ticks and parts of them; NaN before the first frame. Inputs say it, so that the room can rewind. */
  shown = Number.NaN;
  /** How long a frame of tick 0 would have been under way, on the client's clock: of the newest one, and the least of late. */
  #transit = 0;
  readonly #transits = new Least(FRAMES_MS);
  readonly #roundTrips = new Least(ROUND_TRIPS_MS);
  #lateFrames = 0;
  #leastLate = Infinity;
  #shownAt = 0;

  /** @param interval milliseconds from one tick to the next, above 0 */
  constructor(interval: number) {
    this.interval = interval;
  }

  /**
   * How far behind the newest tick what is shown is, in milliseconds, if no frame is late: two to three intervals, by the
   * jitter; up to 150 ms where three intervals are less.
   */
  get delay(): number {
    const { interval, jitter } = this;
    const most = Math.max(3 * interval, LEAST_MOST_MS);
    return Math.min(Math.max(interval + 3 * jitter, 2 * interval), most);
  }

  /**
   * The least that the way there and back took of late, in milliseconds; at most an interval more than that, since an
   * input waits for its tick. 0 where nothing is known.
   */
  get rtt(): number {
    const { value } = this.#roundTrips;
    return value === Infinity ? 0 : value;
  }

  /** A frame of this tick has come. */
  frame(tick: number, now: number): void {
    const transit = now - tick * this.interval;
    if (this.newest >= 0) this.jitter += (Math.abs(transit - this.#transit) - this.jitter) / 16;
    this.#transit = transit;
    this.newest = tick;
    if (transit > this.#transits.value + this.delay) {
      this.#leastLate = Math.min(this.#leastLate, transit);
      // Of frames that were held up together the later ones are less late: those bring it back to where it was.
      if (++this.#lateFrames >= LATE_FRAMES) {
        this.#transits.reset();
        this.#transits.add(this.#leastLate, now);
      }
    } else {
      this.#lateFrames = 0;
      this.#leastLate = Infinity;
    }
    this.#transits.add(transit, now);
  }

  /** Something was sent to the room, and its answer has come after so long. */
  roundTrip(ms: number, now: number): void {
    this.#roundTrips.add(ms, now);
  }

  /** Where the room is now, in ticks and parts of them; NaN before the first frame. */
  tick(now: number): number {
    return this.#at(now) + this.rtt / 2 / this.interval;
  }

  /**
   * What to show now, in ticks and parts of them; NaN before the first frame. It never goes back, and goes with time, up to
   * a quarter faster or slower; only where it is half a second behind it jumps. It is never more than one interval
   * ahead of the newest tick.
   */
  render(now: number): number {
    if (this.newest < 0) return Number.NaN;
    const { interval } = this;
    const wanted = this.#at(now) - this.delay / interval;
    const passed = Math.max(0, now - this.#shownAt);
    this.#shownAt = now;
    const before = this.shown;
    const next = before + passed / interval;
    const error = wanted - next;
    const most = (passed / interval) * SLEW;
    const jumps = Number.isNaN(before) || error * interval > JUMP_MS;
    const shown = jumps
      ? wanted
      : next + Math.min(most, Math.max(-most, error * Math.min(1, passed / SETTLE_MS)));
    this.shown = Math.min(shown, this.newest + 1);
    if (before > this.shown) this.shown = before;
    return this.shown;
  }

  /** Forgets the ticks, which count from elsewhere after a gap. The next frame is like the first one. */
  reset(): void {
    this.newest = -1;
    this.shown = Number.NaN;
    this.#lateFrames = 0;
    this.#leastLate = Infinity;
    this.#transits.reset();
  }

  /** The tick whose frame would come now if none were held up. */
  #at(now: number): number {
    return this.newest < 0 ? Number.NaN : (now - this.#transits.value) / this.interval;
  }
}
