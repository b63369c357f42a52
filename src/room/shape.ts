/** What both sides know of a room: `room({ … })`. Its code, which only servers have, is added by `.code({ … })`. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "../protocol/duration.js";
import type { Events, Hooks, Parts, Room, Tables } from "./hooks.js";

type AnySchema = StandardSchemaV1<unknown, unknown>;

/** What {@link room} takes. */
export interface RoomOptions<
  T extends Tables,
  Join extends StandardSchemaV1,
  Input extends StandardSchemaV1,
  E extends Events,
  Match extends string,
> {
  /** Ticks a second, a whole number up to 120. 0: none, each input is a step of its own. Default 20. */
  readonly rate?: number;
  /** How many players there may be, up to 10,000. Default 64. */
  readonly seats?: number;
  /** How long the seat of a player who is cut off is kept. Default 20 s. */
  readonly grace?: Duration;
  /**
   * What a room goes on from when its server dies: its newest checkpoint, or that and every input since, so that nothing which
   * a player saw is taken back. Inputs cost a write in each tick that has some. Default "checkpoints".
   */
  readonly keep?: "checkpoints" | "inputs";
  /** How often it is saved. Default 2 s. */
  readonly checkpoint?: Duration;
  /** With `keep: "inputs"`: how long they are kept behind the newest checkpoint, for replays. Default: not at all. */
  readonly inputsFor?: Duration;
  /** Names of what players are matched by, at most 8: a room is only for those who asked for the same. Default none. */
  readonly match?: readonly Match[];
  /** What a player joins with: any Standard Schema. */
  readonly join?: Join;
  /** What an input is: any Standard Schema. */
  readonly input?: Input;
  /** What happens in a tick for which there is no input of a player: nothing, or its last one again. Default "skip". */
  readonly idle?: "skip" | "repeat";
  /** What `send` tells players, by name: any Standard Schema. */
  readonly events?: E;
  /** What is in the room: at most 64 tables. */
  readonly state: T;
}

/** A shape as both sides work with it: defaults filled in, types gone. */
export interface ShapeData {
  readonly rate: number;
  readonly seats: number;
  readonly grace: Duration;
  readonly keep: "checkpoints" | "inputs";
  readonly checkpoint: Duration;
  readonly inputsFor: Duration;
  readonly match: readonly string[];
  readonly join: StandardSchemaV1 | undefined;
  readonly input: StandardSchemaV1 | undefined;
  readonly idle: "skip" | "repeat";
  readonly events: Events;
  readonly state: Tables;
}

/** A room's shape, which clients import and servers add code to. */
export interface Shape<P extends Parts> extends ShapeData {
  readonly state: P["tables"];
  /**
   * Adds what happens in the room. What is wrong with it is said when a server takes it.
   *
   * @example const Arena = arena.code<{ id: string }>({ join(r, seat) { r.state.players.set(seat.id, { x: 0, y: 0 }); } });
   */
  code<User = unknown>(hooks: Hooks<P, User>): RoomDefinition<P, User>;
  readonly "~parts"?: P;
}

/** A room's code as the server works with it. */
export type AnyHooks = Hooks<Parts, unknown>;

/** A definition as the server works with it. */
export interface RoomDef {
  readonly shape: ShapeData;
  readonly hooks: AnyHooks;
}

/** What an app's type tells of a room: nobody publishes to it, and what it shows is its shape's. */
export interface RoomTypes<P extends Parts = Parts> {
  readonly kind: "room";
  readonly input: never;
  readonly output: never;
  readonly parts: P;
}

/**
 * A room with its code, as `.channels({ … })` takes it where what `authenticate` returns is a `User`. Its types are the shape's; its
 * insides are the server's.
 */
export interface RoomDefinition<P extends Parts = Parts, User = unknown> {
  readonly kind: "room";
  readonly def: RoomDef;
  readonly "~types"?: (user: User, params: unknown) => RoomTypes<P>;
}

/** The `r` that hooks of this shape get, for functions of their own. @example function hit(r: RoomOf<typeof arena>, whom: string) {} */
export type RoomOf<S, User = unknown> = S extends Shape<infer P> ? Room<P, User> : never;

/**
 * What both sides know of a room. Nothing in it may read a clock or a random number.
 *
 * @example
 * export const arena = room({
 *   rate: 20, seats: 64,
 *   input: z.object({ dx: z.number(), dy: z.number() }),
 *   state: { players: table({ x: fixed(0, 2000, 1 / 8), y: fixed(0, 2000, 1 / 8) }) },
 * });
 */
export function room<
  const T extends Tables,
  Join extends StandardSchemaV1 = AnySchema,
  Input extends StandardSchemaV1 = AnySchema,
  E extends Events = Readonly<Record<never, never>>,
  const Match extends string = never,
>(
  options: RoomOptions<T, Join, Input, E, Match>,
): Shape<{ tables: T; join: Join; input: Input; events: E; match: Match }> {
  const shape: ShapeData & { readonly state: T } = {
    rate: options.rate ?? 20,
    seats: options.seats ?? 64,
    grace: options.grace ?? "20s",
    keep: options.keep ?? "checkpoints",
    checkpoint: options.checkpoint ?? "2s",
    inputsFor: options.inputsFor ?? 0,
    match: options.match ?? [],
    join: options.join,
    input: options.input,
    idle: options.idle ?? "skip",
    events: options.events ?? {},
    state: options.state,
  };
  return {
    ...shape,
    // Types of hooks are let go here: those of the shape come back with the room that they are given.
    code: (hooks) => ({ kind: "room", def: { shape, hooks } }),
  };
}
