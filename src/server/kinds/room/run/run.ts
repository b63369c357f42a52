/** A room that runs, without a clock, a socket or a broker: what enters goes in, what comes of it comes out. */
import type { About, Room } from "../../../../room/hooks.js";
import type { RoomDef } from "../../../../room/shape.js";
import type { TableStore } from "../../../../room/tables.js";
import { arrive, type Answered, type Left } from "./arrivals.js";
import { threwOf, type Threw } from "./calls.js";
import { carryOut, type Stage } from "./carry-out.js";
import { readCheckpoint, writeCheckpoint, type Progress } from "./checkpoint.js";
import { contextOf } from "./context.js";
import { clearEffects, noEffects, type Effects, type Sent } from "./effects.js";
import { isSound, type Entering, type TickEntry } from "./entering.js";
import { fault } from "./faults.js";
import { NO_GUARD, type Guard } from "./guard.js";
import { seeded, type RoomRandom } from "./random.js";
import { Seats, type SeatState } from "./seats.js";
import { settingsOf, type Settings } from "./settings.js";
import { Timers } from "./timers.js";
import { World, type LiveState } from "./world.js";

/** After so many ticks in a row that came to nothing a room is closed. */
export const MOST_DISCARDED = 20;
/** The reason that it is closed with then. */
export const CRASHED = "crashed";

/** Where a room begins: anew, or at a checkpoint. */
export type Beginning =
  | { readonly seed: number; readonly about: About }
  | {
      /** What {@link Run.checkpoint} returned. */
      readonly from: Uint8Array;
    };

export interface RunOptions {
  /** A fence around hooks, for tests and development. */
  readonly guard?: Guard;
  /** Looks for what would be lost from the state when the room is made again, in each tick; for tests and development. */
  readonly strict?: boolean;
}

/** What has come of a tick. */
export interface Outcome {
  readonly tick: number;
  /** Milliseconds of the room's own time. */
  readonly time: number;
  /** What a replay needs of it; undefined where it needs nothing. It is to be in the log before the rest is shown, with `keep: "inputs"`. */
  readonly entry: TickEntry | undefined;
  /** What became of joins and reservations, in their order. */
  readonly answers: readonly Answered[];
  readonly left: readonly Left[];
  readonly sends: readonly Sent[];
  /** Whether it is time to save the room, or a hook asked for it. */
  readonly wantsCheckpoint: boolean;
  /** Why it ended with this tick, if it did. */
  readonly closed: string | undefined;
  /** Hooks that threw: what they did was taken back. */
  readonly threw: readonly Threw[];
  /** Whether nothing of this tick is left but who came and went. */
  readonly isDiscarded: boolean;
}

const NOTHING: readonly Entering[] = [];

/**
 * One room. It is its seed, or a checkpoint, and what entered since: the same again gives the same, to the last bit.
 *
 * @example
 * const run = new Run(Arena.def, { seed: 7, about: { name: "arena/42", match: {} } });
 * const { answers } = run.step([{ is: "join", seat: "a", user: { id: "ann" }, join: { name: "ann" } }]);
 * const again = new Run(Arena.def, { from: run.checkpoint() });
 */
export class Run {
  readonly settings: Settings;
  /** The columns of the tables that are shown, and what changed in them when, in the order of the shape. */
  readonly stores: readonly TableStore[];
  readonly #stage: Stage;
  readonly #effects: Effects;
  readonly #seats: Seats;
  readonly #timers: Timers;
  readonly #random: RoomRandom;
  readonly #world: World;
  /** How many ticks in a row came to nothing. */
  #discarded: number;
  #closed: string | undefined;
  /** When it last was time for a checkpoint. */
  #saved: number;

  /**
   * @throws {RoomFault} for a definition that makes no sense; `bad_checkpoint`; `create_failed`, where the hook threw
   */
  constructor(def: RoomDef, beginning: Beginning, { guard = NO_GUARD, strict = false }: RunOptions = {}) {
    const settings = settingsOf(def);
    this.settings = settings;
    this.#seats = new Seats({ most: settings.seats, grace: settings.grace });
    let progress: Progress = { tick: 0, time: 0, discarded: 0, closed: undefined };
    if ("from" in beginning) {
      const read = readCheckpoint(beginning.from, settings, strict);
      ({ progress } = read);
      this.#world = read.world;
      this.#timers = read.timers;
      this.#random = read.random;
      this.#seats.restore(read.seats, read.reserved);
    } else {
      this.#world = new World(settings.tables, strict);
      this.#timers = new Timers();
      this.#random = seeded(beginning.seed);
    }
    this.stores = this.#world.tables.slice(0, settings.shown).map(({ store }) => store);
    const { tick, time } = progress;
    this.#discarded = progress.discarded;
    this.#closed = progress.closed;
    this.#effects = noEffects(tick, time, settings.rate === 0 ? time : tick);
    this.#saved = this.#effects.now;
    const parts = {
      settings,
      world: this.#world,
      seats: this.#seats,
      timers: this.#timers,
      random: this.#random,
      effects: this.#effects,
    };
    this.#stage = { ...parts, guard, r: contextOf(parts) };
    if ("seed" in beginning) this.#create(beginning.about);
  }

  /** The last tick that ended. */
  get tick(): number {
    return this.#effects.tick;
  }

  /** Milliseconds of the room's own time. */
  get time(): number {
    return this.#effects.time;
  }

  /** What is in the room. It may be looked at between ticks. */
  get state(): LiveState {
    return this.#world.state;
  }

  /** Who is in it; for each player's frame, what was last taken of its inputs, and how many wait. */
  get seats(): ReadonlyMap<string, SeatState> {
    return this.#seats.taken;
  }

  /** How many places are kept for somebody who will join. */
  get reserved(): number {
    return this.#seats.reserved.size;
  }

  /** Who else has a place that is kept for them, and until when. */
  get expected(): ReadonlyMap<string, number> {
    return this.#seats.reserved;
  }

  /** Why it has ended, if it has. */
  get closed(): string | undefined {
    return this.#closed;
  }

  /**
   * In a room without a rate: the time of its own at which it has to step though nothing enters, which may be now; undefined where
   * there is none. To be asked after each step.
   */
  get due(): number | undefined {
    for (const { inputs } of this.#seats.taken.values()) if (inputs.isReady) return this.time;
    const times = [this.#timers.due, this.#seats.due()].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.max(this.time, Math.min(...times));
  }

  /**
   * Lets one tick happen; in a room without a rate one step, in which one input is taken.
   *
   * @param at in a room without a rate: the milliseconds of its own time, not before that of the last step
   * @throws {RoomFault} `room_closed`
   */
  step(entered: readonly Entering[] = NOTHING, at: number = this.time): Outcome {
    if (this.#closed !== undefined) throw fault("room_closed", `the room is closed: ${this.#closed}`);
    const { rate } = this.settings;
    const effects = this.#effects;
    clearEffects(effects);
    effects.tick++;
    effects.time = rate === 0 ? Math.max(effects.time, at) : (effects.tick * 1000) / rate;
    effects.now = rate === 0 ? effects.time : effects.tick;
    const timers = this.#timers.state;
    const sound = entered.every(isSound) ? entered : entered.filter(isSound);
    const arrivals = arrive(sound, this.#stage, effects);
    const { threw, isDiscarded } = carryOut(this.#stage, arrivals, timers);
    this.#discarded = isDiscarded ? this.#discarded + 1 : 0;
    this.#closed = arrivals.closing ?? effects.closing;
    if (this.#discarded >= MOST_DISCARDED) this.#closed ??= CRASHED;
    const lost = this.#keep();
    return {
      tick: effects.tick,
      time: effects.time,
      entry: this.#entryOf(sound),
      answers: arrivals.answers,
      left: arrivals.left,
      sends: arrivals.sends.length === 0 ? effects.sends : [...arrivals.sends, ...effects.sends],
      wantsCheckpoint: this.#isTimeToSave() || effects.wantsCheckpoint,
      closed: this.#closed,
      threw: lost === undefined ? threw : [...threw, lost],
      isDiscarded,
    };
  }

  /**
   * The room as bytes, at most 1 MiB. A room that is made from them has the same checkpoint, and goes on in the same way.
   *
   * @param options.past with what hooks can see of past ticks, without which `r.seen` begins anew; up to 32 times as large
   * @throws {RoomFault} `checkpoint_too_large`
   */
  checkpoint({ past = true }: { readonly past?: boolean } = {}): Uint8Array {
    const { tick, time } = this.#effects;
    return writeCheckpoint({
      progress: { tick, time, discarded: this.#discarded, closed: this.#closed },
      settings: this.settings,
      world: this.#world,
      seats: this.#seats.saved(),
      reserved: [...this.#seats.reserved],
      timers: this.#timers,
      random: this.#random,
      past,
    });
  }

  #create(about: About): void {
    const { settings, guard, r } = this.#stage;
    const effects = this.#effects;
    try {
      effects.isInHook = true;
      guard.within(() => createRoom(r, settings, about));
      this.#world.check();
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw fault("create_failed", `the hook create threw: ${said}`, error);
    } finally {
      effects.isInHook = false;
    }
    this.#world.keep(0);
    this.#closed = effects.closing;
  }

  /** Ends the tick. What cannot be kept, though it was checked, leaves a state that nobody knows: the room is over then. */
  #keep(): Threw | undefined {
    const { tick } = this.#effects;
    try {
      this.#world.keep(tick);
      return undefined;
    } catch (error) {
      this.#closed = CRASHED;
      return threwOf(tick, undefined, error);
    }
  }

  #entryOf(entered: readonly Entering[]): TickEntry | undefined {
    const { tick, time } = this.#effects;
    if (this.settings.rate === 0) return { tick, at: time, entered };
    return entered.length === 0 ? undefined : { tick, entered };
  }

  #isTimeToSave(): boolean {
    const { now } = this.#effects;
    if (now - this.#saved < this.settings.checkpointEvery) return false;
    this.#saved = now;
    return true;
  }
}

function createRoom(r: Room, { hooks }: Settings, about: About): void {
  const result: unknown = hooks.create?.(r, about);
  if (typeof result === "object" && result !== null)
    throw fault("async_hook", "create returned a promise; a hook of a room does what it does at once");
}
