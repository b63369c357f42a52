/** The types of a room's code: what its hooks are given, and what they may do. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "../protocol/duration.js";
import type { RowOf, Table } from "./column.js";
import type { math } from "./math.js";

/** The tables of a room's state, by name. */
export type Tables = Readonly<Record<string, Table>>;
/** The schemas of what a room sends, by name. */
export type Events = Readonly<Record<string, StandardSchemaV1>>;

/** What the compiler knows of a shape. */
export interface Parts {
  readonly tables: Tables;
  readonly join: StandardSchemaV1;
  readonly input: StandardSchemaV1;
  readonly events: Events;
  readonly match: string;
}

/** A room's state: a `Map` for each table. Rows are plain objects, and are changed in place. */
export type StateOf<T extends Tables> = { readonly [N in keyof T]: Map<string, RowOf<T[N]>> };

/** The same for those who may only look. */
export type SeenOf<T extends Tables> = {
  readonly [N in keyof T]: ReadonlyMap<string, Readonly<RowOf<T[N]>>>;
};

type JoinOf<P extends Parts> = StandardSchemaV1.InferOutput<P["join"]>;
type InputOf<P extends Parts> = StandardSchemaV1.InferOutput<P["input"]>;

/** A player's place in a room. It belongs to a user, and outlives its connections, and the processes the room runs in. */
export interface Seat<User = unknown, Join = unknown> {
  /** At most 64 bytes of UTF-8; the same for as long as the seat is taken. */
  readonly id: string;
  /** What `authenticate` returned when the seat was taken, as JSON carries it; frozen. */
  readonly user: User;
  /** What it joined with, as the schema returned it; frozen. */
  readonly join: Join;
  /** Whether it has a connection. Without one it is kept for `grace`. */
  readonly here: boolean;
}

/** Why a seat is free again: its player left, was away for longer than `grace`, or was sent away by the application. */
export type LeaveReason = "left" | "away" | "kicked";

/** What a view shows of the tables with places: a rectangle of `rx` to the left and right of `x`, `ry` above and below `y`; or everything. */
export type View =
  | { readonly x: number; readonly y: number; readonly rx: number; readonly ry: number }
  | "all";

/** What a room was made for. */
export interface About<Match extends string = string> {
  /** The channel's name. */
  readonly name: string;
  /** What its players asked for; see `match`. */
  readonly match: Readonly<Record<Match, string>>;
}

/**
 * A room as its hooks have it. It has no clock and no other randomness than {@link Room.random}, so that the same inputs
 * make the same room, in another process and in a test. It is good for the hook it was given to, and not behind an `await`. What
 * it can do may be taken out of it: `tick({ state, random }) { … }`.
 */
export interface Room<P extends Parts = Parts, User = unknown> {
  /** What is in the room. A hook that throws leaves it as it was. */
  readonly state: StateOf<P["tables"]>;
  /** Who is in it, in the order of joining. */
  readonly seats: ReadonlyMap<string, Seat<User, JoinOf<P>>>;
  /** How many ticks there have been; with `rate: 0`, steps. */
  readonly tick: number;
  /** The seconds between two ticks; 0 with `rate: 0`. */
  readonly dt: number;
  /** The milliseconds that the room has lasted, in its own time: that of its ticks, or of its owner with `rate: 0`. */
  readonly time: number;
  /** Functions that give the same result to the last bit on every engine, which those of `Math` need not. */
  readonly math: typeof math;
  /** A number from 0 up to, not including, 1, in steps of 2^-53. */
  random(this: void): number;
  /**
   * Tells all who are there, or one of them, something that happened. It is shown with this tick, and at most once; what must not
   * be lost belongs in the state.
   *
   * @throws {TypeError} `unknown_event`, or `bad_event` where the data does not fit its schema
   */
  send<E extends keyof P["events"] & string>(
    this: void,
    event: E,
    data: StandardSchemaV1.InferInput<P["events"][E]>,
    to?: { readonly id: string } | string,
  ): void;
  /**
   * Calls a hook of `timers` in a later tick, the first that is not earlier than `wait`; always a later one. It is data,
   * and goes where the room goes.
   *
   * @param arg a JSON value of at most 4,096 letters
   * @throws {TypeError} `unknown_timer`, `bad_timer`, or `too_many_timers` beyond 4,096 that are waiting
   * @example r.after("3s", "respawn", seat.id)
   */
  after(this: void, wait: Duration, timer: string, arg?: unknown): void;
  /**
   * The state as this player saw it when it made its newest input: that of the tick it had acknowledged less its interpolation
   * delay, at most 32 ticks ago. Its rows are frozen. A room that has never asked has no past: the first time is the newest tick.
   */
  seen(this: void, seat: { readonly id: string }): SeenOf<P["tables"]>;
  /** Saves the room at the end of this tick, as also happens every `checkpoint`. */
  checkpoint(this: void): void;
  /**
   * Ends the room for good with this tick, and sends all who are in it on to another one of the same shape: they join it with what they
   * joined this one with, also those who are cut off now and come back later.
   *
   * @param to the other room's channel, of at most 254 letters. Whoever gets there first makes it, if nobody has
   * @throws {TypeError} `bad_travel`
   * @example r.travel(`arena/${Math.floor(r.random() * 2 ** 53).toString(36)}`)
   */
  travel(this: void, to: string): void;
  /** Ends the room for good with this tick. The reason, at most 256 letters, is told to all who are there. */
  close(this: void, reason: string): void;
}

/** A hook of `timers`. The argument is what `after` was given, as JSON carries it. */
export type TimerHook<P extends Parts, User> = {
  // A method, so that the argument may be declared as what the room gives it.
  hook(r: Room<P, User>, arg: unknown): void;
}["hook"];

/** What somebody wants of a room, as `allow` is asked about it. */
export interface RoomAllowContext<P extends Parts, User> {
  /** `list`: to see which rooms `find` fills; `channel` is that of the list. */
  readonly action: "join" | "spectate" | "create" | "list";
  readonly user: User;
  /** The id of the connection. */
  readonly client: string;
  /** The channel's full name. */
  readonly channel: string;
  readonly match: Readonly<Record<P["match"], string>>;
  /** With `join`, what it joins with. */
  readonly join?: JoinOf<P>;
}

/**
 * What happens in a room. In each tick seats come and go first, then timers are called, then inputs, then `tick`. Hooks are
 * synchronous. One that throws is left out, and what it had done is taken back: of a player that joins, the seat; of an input, that
 * input. Where `tick` throws, nothing of that tick is left but who came and went, and after 20 such ticks in a row the room is closed.
 */
export interface Hooks<P extends Parts, User> {
  /** Called once, before everything else. */
  create?(r: Room<P, User>, about: About<P["match"]>): void;
  /** A seat was taken. One that throws gives it free again. */
  join?(r: Room<P, User>, seat: Seat<User, JoinOf<P>>): void;
  /** A seat is free again; it is in `r.seats` no more. */
  leave?(r: Room<P, User>, seat: Seat<User, JoinOf<P>>, why: LeaveReason): void;
  /** A player's input, in the order in which it made them; frozen. One or two a tick. */
  input?(r: Room<P, User>, seat: Seat<User, JoinOf<P>>, input: InputOf<P>): void;
  /** Called `rate` times a second. */
  tick?(r: Room<P, User>): void;
  readonly timers?: Readonly<Record<string, TimerHook<P, User>>>;
  /** What a player is shown. Called on any server and at any time, so it must look at nothing else. Default: everything. */
  view?(state: SeenOf<P["tables"]>, seat: Seat<User, JoinOf<P>>): View;
  /** Whether this user may do that. Default: everybody may join, watch and make rooms. */
  allow?(context: RoomAllowContext<P, User>): boolean | Promise<boolean>;
}
