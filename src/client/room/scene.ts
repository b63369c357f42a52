import type { RowOf, Table } from "../../room/columns.js";
import { inputNumber } from "../../room/frame-reader.js";
import { TickClock } from "./clock.js";
import { Inputs, type Pending } from "./inputs.js";
import { Interpolation, type InterpolationOptions } from "./interpolate.js";
import type { Fields, TableChange } from "./moving.js";
import { Pace } from "./pace.js";
import { Prediction, type Step } from "./predict.js";
import type { Spawns } from "./spawns.js";

type Tables = Readonly<Record<string, Table>>;

/** What a room tells one player of one tick, as a `FrameReader` has read it. */
export interface SceneFrame {
  readonly tick: number;
  /** The last sixteen bits of the number of the newest of the player's inputs that has been consumed, or dropped. */
  readonly ack: number;
  /** How many of the player's inputs wait in the room. */
  readonly depth: number;
  /** Whether it says all that the player sees: the first one does, and the first one after a gap. */
  readonly whole: boolean;
  readonly tables: Readonly<Record<string, TableChange<Fields> | undefined>>;
}

/** The rows that are shown, by table and key. */
export type Rows<S extends Tables> = { readonly [N in keyof S]: ReadonlyMap<string, RowOf<S[N]>> };

/** Whose scene it is, and how it is shown. */
export interface SceneOptions<S extends Tables, I> {
  /** The room's shape: its ticks a second, 0 for none, and its tables. */
  readonly shape: { readonly rate: number; readonly state: S };
  /** The player's seat, which is the key of its own rows; undefined for one who only watches. */
  readonly seat?: string | undefined;
  /** The number of the newest input that the seat has had, on another page. Default 0: none. */
  readonly lastInput?: number;
  /** For the tables in which the player's own row is predicted: what an input does to it. */
  readonly predict?: { readonly [N in keyof S]?: Step<RowOf<S[N]>, I> };
  /** The largest correction that is not a jump, by table; see `PredictionOptions.snap`. */
  readonly snap?: { readonly [N in keyof S]?: number };
  /** For the tables some of whose rows the player's inputs make: those rows. */
  readonly spawns?: { readonly [N in keyof S]?: Spawns<RowOf<S[N]>> };
  /** How its rows are shown between ticks, by table. */
  readonly interpolate?: { readonly [N in keyof S]?: InterpolationOptions };
}

/** All that is shown of one table. */
export interface SceneTable<I> {
  readonly name: string;
  readonly interpolation: Interpolation;
  /** Of the player's own row, where it is predicted. */
  readonly prediction: Prediction<Fields, I> | undefined;
  readonly spawns: Spawns<Fields> | undefined;
}

type Options<I> = Omit<SceneOptions<Tables, I>, "predict" | "spawns"> & {
  readonly predict?: Readonly<Record<string, Step<Fields, I>>>;
  readonly spawns?: Readonly<Record<string, Spawns<Fields>>>;
};

const NOTHING: TableChange<Fields> = { leaves: [], enters: new Map(), updates: new Map() };

/**
 * What a player sees of a room: its own rows as they are to be after its inputs, all others a little in the past and between
 * the ticks that came. It is told of frames and inputs, and asked for what to paint; it knows no connection and no clock.
 * Of a room without ticks the newest frame is shown as it is. Times are milliseconds of one clock that never steps back.
 *
 * @example
 * const scene = new Scene({ shape: arena, seat: "ann", predict: { players: move } });
 * scene.receive(reader.read(bytes, tick), now); // when a frame comes
 * const input = scene.input({ dx: 1, dy: 0 }, now); // when one is due; undefined: the room is not heard of
 * for (const [id, player] of scene.rows(now).players) draw(id, player); // when one is painted
 */
export class Scene<S extends Tables, I> {
  readonly clock: TickClock;
  readonly pace: Pace;
  readonly inputs: Inputs<I>;
  /** Switched off, the newest tick is shown as it is. */
  interpolates = true;
  /** Switched off, own rows are shown like all others. */
  predicts = true;
  readonly tables: readonly SceneTable<I>[];
  readonly #seat: string;
  readonly #rows: Rows<S>;

  constructor(options: SceneOptions<S, I>) {
    // Each table's options are about rows of its columns, and those are what it shows.
    const {
      shape,
      seat = "",
      lastInput,
      predict,
      snap,
      spawns,
      interpolate,
    } = options as unknown as Options<I>;
    const interval = shape.rate > 0 ? 1000 / shape.rate : 0;
    const inputs = new Inputs<I>(lastInput);
    this.clock = new TickClock(interval);
    this.pace = new Pace(interval);
    this.inputs = inputs;
    this.#seat = seat;
    this.tables = Object.entries(shape.state).map(([name, table]) => {
      const step = predict?.[name];
      return {
        name,
        interpolation: new Interpolation(table, interpolate?.[name]),
        prediction: step && new Prediction({ table, key: seat, step, inputs, interval, snap: snap?.[name] }),
        spawns: spawns?.[name],
      };
    });
    const rows = this.tables.map(({ name, interpolation }) => [name, interpolation.rows]);
    this.#rows = Object.fromEntries(rows) as Rows<S>;
  }

  /** Takes a frame. One that is not above the newest tick is dropped. */
  receive(frame: SceneFrame, now: number): void {
    const { clock, inputs, pace } = this;
    const { tick, ack, depth, whole } = frame;
    if (tick <= clock.newest) return;
    if (clock.interval > 0) clock.frame(tick, now);
    else clock.newest = tick;
    const ms = inputs.acknowledge(inputNumber(ack, inputs.last), depth, now);
    if (ms !== undefined) clock.roundTrip(ms, now);
    pace.report(depth, clock.jitter);
    for (const { name, interpolation, prediction, spawns } of this.tables) {
      const change = frame.tables[name];
      interpolation.receive(tick, change ?? NOTHING, whole);
      prediction?.receive(change, now, whole);
      spawns?.receive(change, now, whole);
    }
  }

  /**
   * Takes an input of the player, and shows what it does.
   *
   * @returns what is to be sent; undefined where 32 are unacknowledged: then nothing is done
   */
  input(input: I, now: number): Pending<I> | undefined {
    const added = this.inputs.add(input, now, this.clock.shown);
    if (added) for (const { prediction } of this.tables) prediction?.input(now);
    return added;
  }

  /** The room has refused an input: what it did is taken back. */
  refuse(number: number, now: number): void {
    this.inputs.refuse(number);
    for (const { prediction } of this.tables) prediction?.receive(undefined, now);
  }

  /** What to paint now: always the same object, maps and rows, written anew by the next call. */
  rows(now: number): Rows<S> {
    const { clock } = this;
    const { newest } = clock;
    let tick = newest < 0 ? Number.NaN : newest;
    if (clock.interval > 0) {
      if (this.interpolates) tick = clock.render(now);
      else clock.shown = tick;
    }
    for (const { interpolation, prediction, spawns } of this.tables) {
      interpolation.at(tick);
      const { rows } = interpolation;
      if (prediction && this.predicts) {
        const row = prediction.at(now);
        // What is told of it is in the past, where it may still be.
        if (row) rows.set(this.#seat, row);
        else rows.delete(this.#seat);
      }
      spawns?.show(rows, now, clock.rtt);
    }
    return this.#rows;
  }

  /** After a gap ticks count from elsewhere: what is shown stays until the next frame, which says all there is. */
  reset(): void {
    this.clock.reset();
  }
}
