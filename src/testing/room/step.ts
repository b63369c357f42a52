import type { StandardSchemaV1 } from "@standard-schema/spec";
import { duration, type Duration } from "../../protocol/duration.js";
import type { About, Parts, Seat, StateOf, View } from "../../room/hooks.js";
import type { RoomDefinition } from "../../room/shape.js";
import { isPromise, validate } from "../../server/channels/validate.js";
import { encodeEntry } from "../../server/kinds/room/run/entries.js";
import type { Entering, SeatAnswer } from "../../server/kinds/room/run/entering.js";
import { throughJson } from "../../server/kinds/room/run/json-value.js";
import { globalsGuard } from "../../server/kinds/room/run/real-guard.js";
import { Run, type Outcome, type RunOptions } from "../../server/kinds/room/run/run.js";
import { spanOf } from "../../server/kinds/room/run/settings.js";
import { verifyTick } from "../../server/kinds/room/run/verify.js";
import type { RoomLog } from "./log.js";

type JoinInput<P extends Parts> = StandardSchemaV1.InferInput<P["join"]>;

/** What {@link step} takes; everything may be left out. */
export interface StepOptions<P extends Parts, User> {
  /** Where the room's random numbers begin. Default 1. */
  readonly seed?: number;
  /** Who joins in the first tick, and with what. */
  readonly seats?: Readonly<Record<string, JoinInput<P>>>;
  /** Who that is. Default: `{ id: <the seat's> }`. */
  readonly users?: Readonly<Record<string, User>>;
  /** The room's name. Default "room". */
  readonly name?: string;
  /** What its players asked for. */
  readonly match?: Readonly<Record<P["match"], string>>;
  /** Makes each tick a second time, and throws where it comes out in another way. Hooks are called twice then. Default false. */
  readonly verify?: boolean;
  /** Whether what a hook throws is thrown here, once its tick has ended. Default true. */
  readonly rethrow?: boolean;
}

/** An event that was sent. */
export interface SentEvent {
  readonly tick: number;
  readonly event: string;
  readonly data: unknown;
  /** The seat that it was for; undefined: everybody. */
  readonly to: string | undefined;
}

/**
 * A room without sockets, timers or other players: time passes when it is told to. In hooks `Date`, `Math.random` and
 * `performance.now` throw, and so does what could not be kept by a room that goes on in another process.
 *
 * @throws {RoomFault} for a definition that makes no sense
 * @example
 * const run = step(Arena, { seed: 7, seats: { a: { name: "ann" }, b: { name: "bob" } } });
 * run.input("a", { dx: 1, dy: 0, aim: 0, shoot: true });
 * run.ticks(40);
 * expect(run.state.players.get("b")?.hp).toBe(75);
 */
export function step<P extends Parts, User>(
  room: RoomDefinition<P, User>,
  options: StepOptions<P, User> = {},
): SteppedRoom<P, User> {
  return new SteppedRoom(room, options);
}

const HOOKS_GUARDED: RunOptions = { guard: globalsGuard, strict: true };

export class SteppedRoom<P extends Parts, User> {
  readonly #room: RoomDefinition<P, User>;
  readonly #options: StepOptions<P, User>;
  readonly #about: About;
  #run: Run;
  #waiting: Entering[] = [];
  /** The number of each seat's last input. */
  readonly #numbers = new Map<string, number>();
  readonly #entries: string[] = [];
  readonly #sent: SentEvent[] = [];
  readonly #answers = new Map<string, SeatAnswer>();
  readonly #threw: unknown[] = [];

  constructor(room: RoomDefinition<P, User>, options: StepOptions<P, User>) {
    this.#room = room;
    this.#options = options;
    this.#about = { name: options.name ?? "room", match: options.match ?? {} };
    this.#run = new Run(room.def, { seed: options.seed ?? 1, about: this.#about }, HOOKS_GUARDED);
    const seats = Object.entries<JoinInput<P>>(options.seats ?? {});
    for (const [seat, join] of seats) this.join(seat, join);
    if (this.#waiting.length > 0) this.ticks();
    for (const [seat] of seats)
      if (this.#answers.get(seat) !== "ok")
        throw new Error(`${seat} cannot join: ${this.#answers.get(seat)}`);
  }

  /** What is in the room, between two ticks. */
  get state(): StateOf<P["tables"]> {
    // The tables of this definition are those of the room that was made of it.
    return this.#run.state as StateOf<P["tables"]>;
  }

  get seats(): ReadonlyMap<string, Seat<User, StandardSchemaV1.InferOutput<P["join"]>>> {
    const seats = [...this.#run.seats].map(([id, { shown }]) => [id, shown] as const);
    // Users and joins are those of this definition.
    return new Map(seats) as ReadonlyMap<string, Seat<User, StandardSchemaV1.InferOutput<P["join"]>>>;
  }

  get tick(): number {
    return this.#run.tick;
  }

  /** Milliseconds of the room's own time. */
  get time(): number {
    return this.#run.time;
  }

  /** Events that were sent, in their order. */
  get sent(): readonly SentEvent[] {
    return this.#sent;
  }

  /** What hooks threw, in their order. */
  get threw(): readonly unknown[] {
    return this.#threw;
  }

  /** Why the room ended, if it did. */
  get closed(): string | undefined {
    return this.#run.closed;
  }

  /** Everything that entered; what {@link replay} takes. */
  get log(): RoomLog {
    return {
      seed: this.#options.seed ?? 1,
      about: this.#about,
      entries: [...this.#entries],
      ticks: this.tick,
    };
  }

  /** The room as bytes, with all that its future depends on. */
  get bytes(): Uint8Array {
    return this.#run.checkpoint();
  }

  /** What became of a seat's last join; undefined before the tick in which it joins. */
  answer(seat: string): SeatAnswer | undefined {
    return this.#answers.get(seat);
  }

  /** What a seat is shown. */
  view(seat: string): View {
    const { hooks } = this.#room.def;
    const taken = this.#run.seats.get(seat);
    if (taken === undefined) throw new Error(`nobody has the seat ${seat}`);
    return hooks.view?.(this.#run.state, taken.shown) ?? "all";
  }

  /** Lets somebody join in the next tick. */
  join(seat: string, join?: JoinInput<P>, user?: User): void {
    const { users } = this.#options;
    const who: unknown =
      user ?? (users !== undefined && Object.hasOwn(users, seat) ? users[seat] : { id: seat });
    const joined = throughJson(checked(this.#room.def.shape.join, join));
    this.#numbers.delete(seat);
    this.#enter({ is: "join", seat, user: throughJson(who), join: joined });
  }

  /** Lets somebody leave, or sends them away. */
  leave(seat: string, why: "left" | "kicked" = "left"): void {
    this.#enter({ is: "leave", seat, why });
  }

  /** Cuts a player off; its seat is kept for the grace. */
  away(seat: string): void {
    this.#enter({ is: "away", seat });
  }

  /** Lets a player come back. */
  here(seat: string): void {
    this.#enter({ is: "here", seat });
  }

  /**
   * An input, as if it had come just now: it is taken in the next tick, if none waits before it. In a room without a rate it is
   * taken at once.
   *
   * @param seen the tick that the player saw when making it; `r.seen` goes by it
   * @throws {TidemarkError} `invalid`, where it does not fit its schema
   */
  input(seat: string, input: StandardSchemaV1.InferInput<P["input"]>, seen?: number): void {
    const n = (this.#numbers.get(seat) ?? 0) + 1;
    this.#numbers.set(seat, n);
    const value = throughJson(checked(this.#room.def.shape.input, input));
    this.#enter({ is: "input", seat, n, input: value, ...(seen !== undefined && { seen }) });
  }

  /** Lets ticks happen. It stops where the room is closed. */
  ticks(count = 1): void {
    for (let tick = 0; tick < count && this.closed === undefined; tick++) this.#step(this.time);
  }

  /** Lets time pass: as many ticks as there are in it; in a room without a rate its timers are called when they are due. */
  pass(time: Duration): void {
    const ms = duration(time, 0, "time");
    const { rate } = this.#run.settings;
    if (rate > 0) {
      this.ticks(spanOf(ms, rate));
      return;
    }
    const until = this.time + ms;
    while (this.closed === undefined && (this.#run.due ?? Infinity) <= until)
      this.#step(this.#run.due ?? until);
    if (this.closed === undefined && this.time < until) this.#step(until);
  }

  /** Goes on from a checkpoint, as another process does that takes the room over. Nothing is to change by it. */
  takeOver(): void {
    this.#run = new Run(this.#room.def, { from: this.bytes }, HOOKS_GUARDED);
  }

  #enter(one: Entering): void {
    this.#waiting.push(one);
    if (this.#run.settings.rate === 0) this.#step(this.time);
  }

  #step(at: number): void {
    const entered = this.#waiting;
    this.#waiting = [];
    const before = this.#options.verify === true ? this.bytes : undefined;
    const outcome = this.#run.step(entered, at);
    this.#note(outcome);
    if (before !== undefined) verifyTick(this.#room.def, this.#run, { before, entered, at }, HOOKS_GUARDED);
    if (outcome.threw.length > 0 && this.#options.rethrow !== false) throw outcome.threw[0]?.error;
  }

  #note({ tick, entry, answers, sends, threw }: Outcome): void {
    if (entry !== undefined) this.#entries.push(encodeEntry(entry));
    for (const { seat, answer } of answers) this.#answers.set(seat, answer);
    for (const { event, json, to } of sends) this.#sent.push({ tick, event, data: JSON.parse(json), to });
    for (const { error } of threw) this.#threw.push(error);
  }
}

function checked(schema: StandardSchemaV1 | undefined, value: unknown): unknown {
  const result = validate(schema, value);
  if (isPromise(result)) throw new TypeError("a schema that is asynchronous is not for rooms");
  return result;
}
