/** The hooks of one tick: which are called, in which order, and what is left of them when one throws. */
import type { LeaveReason, Room } from "../../../../room/hooks.js";
import type { AnyHooks } from "../../../../room/shape.js";
import { fault } from "./faults.js";
import type { SeatState } from "./seats.js";
import type { RoomTimer } from "./timers.js";

/** A hook that is to be called. */
export type Call =
  | { readonly is: "join"; readonly seat: SeatState }
  | { readonly is: "leave"; readonly seat: SeatState; readonly why: LeaveReason }
  | { readonly is: "timer"; readonly timer: RoomTimer }
  | {
      readonly is: "input";
      readonly seat: SeatState;
      readonly n: number;
      readonly input: unknown;
      readonly seen: number | undefined;
    }
  | { readonly is: "tick" };

/** A hook that threw. */
export interface Threw {
  readonly tick: number;
  /** `state`: what the hooks left could not be kept, and it was none of them alone. */
  readonly hook: Call["is"] | "state";
  readonly seat: string | undefined;
  /** Of an input its number, of a timer its name. */
  readonly which: number | string | undefined;
  readonly error: unknown;
}

/** Which hooks are called: all; or, where `tick` cannot be, those of seats; or none. */
export type Extent = "all" | "seats" | "none";

/** Calls one hook. @throws whatever it throws, and {@link fault} `async_hook` where it returns a promise */
export function callHook(hooks: AnyHooks, r: Room, call: Call): void {
  const result: unknown = runHook(hooks, r, call);
  if (typeof result === "object" && result !== null && "then" in result)
    throw fault("async_hook", `${call.is} returned a promise; a hook of a room does what it does at once`);
}

function runHook(hooks: AnyHooks, r: Room, call: Call): unknown {
  switch (call.is) {
    case "join":
      return hooks.join?.(r, call.seat.shown);
    case "leave":
      return hooks.leave?.(r, call.seat.shown, call.why);
    case "timer":
      return runTimer(hooks, r, call.timer);
    case "input":
      return hooks.input?.(r, call.seat.shown, call.input);
    case "tick":
      return hooks.tick?.(r);
  }
}

function runTimer({ timers = {} }: AnyHooks, r: Room, { name, argument }: RoomTimer): unknown {
  const hook = Object.hasOwn(timers, name) ? timers[name] : undefined;
  // It was set by another version of the code.
  if (hook === undefined)
    throw fault("unknown_timer", `a timer ${JSON.stringify(name)} is due, and there is no such hook`);
  return hook(r, argument === undefined ? undefined : JSON.parse(argument));
}

/** Whether a call is made at all. */
export function isCalled(call: Call, extent: Extent): boolean {
  switch (call.is) {
    case "join":
    case "leave":
      return extent !== "none" && !call.seat.refused;
    case "input":
      return extent === "all" && !call.seat.refused;
    case "timer":
    case "tick":
      return extent === "all";
  }
}

/** What is said of a call that threw; `undefined`: it was the state that they left. */
export function threwOf(tick: number, call: Call | undefined, error: unknown): Threw {
  const seat = call !== undefined && "seat" in call ? call.seat.shown.id : undefined;
  const which = call?.is === "input" ? call.n : call?.is === "timer" ? call.timer.name : undefined;
  return { tick, hook: call?.is ?? "state", seat, which, error };
}
