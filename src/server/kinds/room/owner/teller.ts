import { encodeKeyframe, encodeTick } from "../../../../room/ticks.js";
import type { Keyframe } from "../messages.js";
import type { Sent } from "../run/effects.js";
import type { Run } from "../run/run.js";
import type { SeatState } from "../run/seats.js";
import type { Ack, ShownSeat, TickMessage, Went } from "../tick-message.js";
import type { Gone } from "./kicks.js";

/** A seat as it was told. */
interface ToldSeat {
  readonly state: SeatState;
  here: boolean;
  last: number;
  depth: number;
}

/** What has come of ticks, besides what is in the tables. */
export interface Told {
  readonly sends: readonly Sent[];
  readonly left: readonly Gone[];
  readonly skipped: number;
}

const NO_CHANGE = new Uint8Array(0);

/** What has been told of a room under one reign, and what is to be told next. */
export class Teller {
  readonly #run: Run;
  readonly #reign: string;
  /** In the order of joining. */
  readonly #seats = new Map<string, ToldSeat>();
  #tick: number;
  #sends: Sent[] = [];
  #left: Gone[] = [];
  #skipped = 0;

  /** Whoever asks before the first tick is told the room as it is now. */
  constructor(run: Run, reign: string) {
    this.#run = run;
    this.#reign = reign;
    this.#tick = run.tick;
    for (const [id, state] of run.seats) this.#seats.set(id, toldOf(state));
  }

  /** The newest tick that was told. */
  get tick(): number {
    return this.#tick;
  }

  /** Something to be told with the next message. */
  add({ sends, left, skipped }: Told): void {
    for (const one of sends) this.#sends.push(one);
    for (const one of left) this.#left.push(one);
    this.#skipped += skipped;
  }

  /** What has come since the last message; it is told from now on. Hot: once a tick, over all seats. */
  next(): TickMessage {
    const run = this.#run;
    const prev = this.#tick;
    const went: Went[] = [];
    for (const { seat, why, reason } of this.#left)
      if (this.#seats.delete(seat)) went.push({ seat, why, reason });
    const came: ShownSeat[] = [];
    const here: [string, boolean][] = [];
    const acks: Ack[] = [];
    for (const [id, state] of run.seats) {
      let told = this.#seats.get(id);
      if (told === undefined) {
        told = { state, here: state.shown.here, last: 0, depth: 0 };
        this.#seats.set(id, told);
        came.push({ ...state.shown });
      }
      if (told.here !== state.shown.here) here.push([id, (told.here = state.shown.here)]);
      const { last, depth } = state.inputs;
      if (told.last === last && told.depth === depth) continue;
      acks.push({ seat: id, last, depth });
      told.last = last;
      told.depth = depth;
    }
    // Nobody is at a tick that is not held any more: whoever hears this asks for all there is.
    const isHeld = run.stores.every(({ history }) => history.holds(prev) && history.holds(run.tick));
    const message: TickMessage = {
      is: "tick",
      reign: this.#reign,
      prev: isHeld ? prev : run.tick - 1,
      tick: run.tick,
      acks,
      came,
      went,
      here,
      sends: this.#sends,
      skipped: this.#skipped,
      closed: run.closed,
      change: isHeld ? encodeTick(run.stores, prev, run.tick) : NO_CHANGE,
    };
    this.#tick = run.tick;
    this.#sends = [];
    this.#left = [];
    this.#skipped = 0;
    return message;
  }

  /** The whole room as of the newest tick that was told; undefined where that is not held any more. */
  keyframe(channel: string, id: string): Keyframe | undefined {
    const run = this.#run;
    const tick = this.#tick;
    if (!run.stores.every(({ history }) => history.holds(tick))) return undefined;
    const seats: ShownSeat[] = [];
    const acks: Ack[] = [];
    for (const [seat, { state, here, last, depth }] of this.#seats) {
      const { user, join } = state.shown;
      seats.push({ id: seat, user, join, here });
      if (last > 0 || depth > 0) acks.push({ seat, last, depth });
    }
    return {
      is: "keyframe",
      channel,
      id,
      reign: this.#reign,
      tick,
      seats,
      acks,
      bytes: encodeKeyframe(run.stores, tick),
    };
  }
}

function toldOf(state: SeatState): ToldSeat {
  const { last, depth } = state.inputs;
  return { state, here: state.shown.here, last, depth };
}
