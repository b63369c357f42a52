/** Who is in a room. */
import type { LeaveReason, Seat } from "../../../../room/hooks.js";
import type { SeatAnswer } from "./entering.js";
import { InputBuffer, type InputsState } from "./inputs.js";
import { freezeJson } from "./json-value.js";
import { isKey } from "./keys.js";

type MutableSeat = { -readonly [Name in keyof Seat]: Seat[Name] };

/** A seat as a run knows it. */
export interface SeatState {
  /** What hooks see of it. */
  readonly shown: MutableSeat;
  readonly inputs: InputBuffer;
  /** Without a connection: when its grace is over. */
  goes: number | undefined;
  /** The newest tick that its player is known to have seen. */
  seen: number | undefined;
  /** The input that is taken again where there is none; undefined before the first one, and in rooms that repeat none. */
  newest: { readonly input: unknown } | undefined;
  /** Whether it could not be taken after all: its hooks are not called. */
  refused: boolean;
}

/** What a seat is made again from. */
export interface SavedSeat extends Seat, InputsState {
  readonly goes: number | undefined;
  readonly seen: number | undefined;
  readonly newest: { readonly input: unknown } | undefined;
}

export interface SeatsOptions {
  /** How many there may be. */
  readonly most: number;
  /** How long one is kept without a connection, in the room's own unit of time. */
  readonly grace: number;
}

/** Seats that are taken, in the order of joining, and those that are kept for somebody. All counting is done here, at once. */
export class Seats {
  readonly #most: number;
  readonly #grace: number;
  readonly #taken = new Map<string, SeatState>();
  readonly #shown = new Map<string, Seat>();
  readonly #reserved = new Map<string, number>();
  /** How many have no connection. */
  #away = 0;

  constructor({ most, grace }: SeatsOptions) {
    this.#most = most;
    this.#grace = grace;
  }

  get taken(): ReadonlyMap<string, SeatState> {
    return this.#taken;
  }

  /** The same, as hooks see them. */
  get shown(): ReadonlyMap<string, Seat> {
    return this.#shown;
  }

  /** Until when which are kept. */
  get reserved(): ReadonlyMap<string, number> {
    return this.#reserved;
  }

  /** Takes a seat, unless all are taken or kept for others. */
  join(id: string, user: unknown, join: unknown, over: boolean): SeatAnswer {
    const own = this.#taken.get(id);
    if (own !== undefined) {
      this.#return(own);
      return "again";
    }
    const frozenUser = freezeJson(user);
    const frozenJoin = freezeJson(join);
    if (!isKey(id) || frozenUser === undefined || frozenJoin === undefined) return "bad_request";
    const isKept = this.#reserved.delete(id);
    if (!isKept && !over && this.#isFull()) return "room_full";
    this.#add(id, {
      shown: { id, user: frozenUser.value, join: frozenJoin.value, here: true },
      inputs: new InputBuffer(),
      goes: undefined,
      seen: undefined,
      newest: undefined,
      refused: false,
    });
    return "ok";
  }

  /** Keeps a place until then, or longer than before. */
  reserve(id: string, until: number): SeatAnswer {
    if (!isKey(id)) return "bad_request";
    if (this.#taken.has(id)) return "again";
    if (!this.#reserved.has(id) && this.#isFull()) return "room_full";
    this.#reserved.set(id, until);
    return "ok";
  }

  /** @returns the seat, if it was taken */
  leave(id: string): SeatState | undefined {
    this.#reserved.delete(id);
    const seat = this.#taken.get(id);
    if (seat === undefined) return undefined;
    if (!seat.shown.here) this.#away--;
    this.#taken.delete(id);
    this.#shown.delete(id);
    return seat;
  }

  here(id: string, from: number | undefined): void {
    const seat = this.#taken.get(id);
    if (seat === undefined) return;
    this.#return(seat);
    if (from !== undefined) seat.inputs.goOnFrom(from);
  }

  away(id: string, now: number): void {
    const seat = this.#taken.get(id);
    if (seat === undefined || !seat.shown.here) return;
    seat.shown.here = false;
    seat.goes = now + this.#grace;
    this.#away++;
  }

  /** Frees what nobody has come back to. */
  expire(now: number, onGone: (seat: SeatState, why: LeaveReason) => void): void {
    for (const [id, until] of this.#reserved) if (until <= now) this.#reserved.delete(id);
    if (this.#away === 0) return;
    for (const [id, seat] of this.#taken) {
      if (seat.goes === undefined || seat.goes > now) continue;
      this.leave(id);
      onGone(seat, "away");
    }
  }

  /** When something of this is due next. */
  due(): number | undefined {
    let first: number | undefined;
    for (const until of this.#reserved.values()) first = Math.min(first ?? until, until);
    if (this.#away > 0)
      for (const { goes } of this.#taken.values())
        if (goes !== undefined) first = Math.min(first ?? goes, goes);
    return first;
  }

  saved(): SavedSeat[] {
    return [...this.#taken.values()].map(({ shown, inputs, goes, seen, newest }) => ({
      ...shown,
      ...inputs.state,
      goes,
      seen,
      newest,
    }));
  }

  restore(seats: readonly SavedSeat[], reserved: Iterable<readonly [string, number]>): void {
    for (const { id, user, join, here, goes, seen, newest, ...inputs } of seats) {
      if (!here) this.#away++;
      for (const value of [user, join, newest, ...inputs.waiting]) freezeJson(value);
      const shown = { id, user, join, here };
      this.#add(id, { shown, inputs: new InputBuffer(inputs), goes, seen, newest, refused: false });
    }
    for (const [id, until] of reserved) this.#reserved.set(id, until);
  }

  #add(id: string, seat: SeatState): void {
    this.#taken.set(id, seat);
    this.#shown.set(id, seat.shown);
  }

  #return(seat: SeatState): void {
    if (seat.shown.here) return;
    seat.shown.here = true;
    seat.goes = undefined;
    this.#away--;
  }

  #isFull(): boolean {
    return this.#taken.size + this.#reserved.size >= this.#most;
  }
}
