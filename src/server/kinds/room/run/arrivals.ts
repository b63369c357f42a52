/** What enters a room in one tick, as far as no hook is needed for it: it stands, whatever hooks do then. */
import type { LeaveReason } from "../../../../room/hooks.js";
import type { Call } from "./calls.js";
import type { Sent } from "./effects.js";
import type { Entering, SeatAnswer } from "./entering.js";
import { freezeJson } from "./json-value.js";
import type { SeatState, Seats } from "./seats.js";
import { spanOf, type Settings } from "./settings.js";
import type { Timers } from "./timers.js";

/** An answer to a join or a reservation. */
export interface Answered {
  readonly seat: string;
  answer: SeatAnswer;
  /** Why it was refused: what the hook threw. */
  error?: unknown;
}

/** A seat that is free again. */
export interface Left {
  readonly seat: string;
  readonly why: LeaveReason;
}

/** What a tick begins with. */
export interface Arrivals {
  /** Hooks, in the order in which they are called. */
  readonly calls: Call[];
  readonly answers: Answered[];
  readonly left: Left[];
  /** Events of the application. */
  readonly sends: Sent[];
  /** Why the application ends the room, if it does. */
  closing: string | undefined;
}

interface Place {
  readonly settings: Settings;
  readonly seats: Seats;
  readonly timers: Timers;
}

/** Begins a tick: takes in what has entered, frees seats whose time is over, and takes the timers and inputs whose turn it is. */
export function arrive(
  entered: readonly Entering[],
  { settings, seats, timers }: Place,
  { tick, now }: { readonly tick: number; readonly now: number },
): Arrivals {
  const arrivals: Arrivals = { calls: [], answers: [], left: [], sends: [], closing: undefined };
  const leave = (seat: SeatState, why: LeaveReason): void => {
    arrivals.calls.push({ is: "leave", seat, why });
    arrivals.left.push({ seat: seat.shown.id, why });
  };
  for (const one of entered) enter(one);
  seats.expire(now, leave);
  for (const timer of timers.take(now)) arrivals.calls.push({ is: "timer", timer });
  if (settings.rate === 0) takeOne(seats, arrivals.calls);
  else {
    takeInputs(seats, arrivals.calls, settings.repeats);
    arrivals.calls.push(TICK);
  }
  return arrivals;

  function enter(one: Entering): void {
    switch (one.is) {
      case "join":
        return join(one);
      case "reserve": {
        const until = now + Math.max(1, spanOf(one.ms, settings.rate));
        const answer = arrivals.closing === undefined ? seats.reserve(one.seat, until) : "room_closed";
        arrivals.answers.push({ seat: one.seat, answer });
        return;
      }
      case "leave": {
        const seat = seats.leave(one.seat);
        if (seat !== undefined) leave(seat, one.why);
        return;
      }
      case "here":
        return seats.here(one.seat, one.from);
      case "away":
        return seats.away(one.seat, now);
      case "input":
        return offer(one);
      case "seen": {
        const seat = seats.taken.get(one.seat);
        if (seat !== undefined) see(seat, one.tick, tick);
        return;
      }
      case "send":
        arrivals.sends.push({ event: one.event, json: one.json, to: one.to });
        return;
      case "close":
        arrivals.closing ??= one.reason;
        return;
    }
  }

  function join({ seat, user, join: joined, over }: Extract<Entering, { is: "join" }>): void {
    const answer =
      arrivals.closing === undefined ? seats.join(seat, user, joined, over === true) : "room_closed";
    arrivals.answers.push({ seat, answer });
    const state = seats.taken.get(seat);
    if (answer === "ok" && state !== undefined) arrivals.calls.push({ is: "join", seat: state });
  }

  function offer({ seat, n, input, seen }: Extract<Entering, { is: "input" }>): void {
    const frozen = freezeJson(input);
    if (frozen !== undefined) seats.taken.get(seat)?.inputs.offer(n, frozen.value, seen);
  }
}

const TICK: Call = { is: "tick" };

/** Notes which tick a player has seen. A forged one gains nothing: it is never ahead of the room, and never goes back. */
export function see(seat: SeatState, seen: number, tick: number): void {
  seat.seen = Math.max(seat.seen ?? 0, Math.min(seen, tick - 1));
}

/** Takes the inputs whose turn it is. Hot: it passes all seats in each tick. */
function takeInputs(seats: Seats, calls: Call[], repeats: boolean): void {
  for (const seat of seats.taken.values()) {
    const { inputs } = seat;
    const most = inputs.begin();
    let taken = 0;
    while (taken < most && take(seat, calls, repeats)) taken++;
    if (taken > 0 || !repeats || seat.newest === undefined || !seat.shown.here) continue;
    calls.push({ is: "input", seat, n: inputs.last, input: seat.newest.input, seen: undefined });
  }
}

/** Takes one input of all seats: each is a step. */
function takeOne(seats: Seats, calls: Call[]): void {
  for (const seat of seats.taken.values()) {
    seat.inputs.begin();
    if (take(seat, calls, false)) return;
  }
}

function take(seat: SeatState, calls: Call[], repeats: boolean): boolean {
  const next = seat.inputs.take();
  if (next === undefined) return false;
  const { n, input, seen } = next;
  calls.push({ is: "input", seat, n, input, seen });
  if (repeats) seat.newest = { input };
  return true;
}
