/** The `r` that hooks are given. */
import { channelNameProblem } from "../../../../protocol/channel-name.js";
import { duration, type Duration } from "../../../../protocol/duration.js";
import type { Room } from "../../../../room/hooks.js";
import { math } from "../../../../room/math.js";
import { MOST_DESTINATION, travelReason } from "../../../../room/travel.js";
import { MOST_SENDS, type Effects } from "./effects.js";
import { fault } from "./faults.js";
import type { RoomRandom } from "./random.js";
import type { Seats } from "./seats.js";
import { spanOf, type Settings } from "./settings.js";
import { MOST_ARGUMENT, type Timers } from "./timers.js";
import type { World } from "./world.js";

/** The longest reason that a room can be closed with, in letters. */
export const MOST_REASON = 256;

/** What hooks act on. */
export interface ContextDeps {
  readonly settings: Settings;
  readonly world: World;
  readonly seats: Seats;
  readonly timers: Timers;
  readonly random: RoomRandom;
  readonly effects: Effects;
}

/** One for all hooks of a run. Its functions can be taken out of it, as in `tick({ state, random }) { … }`. */
export function contextOf({ settings, world, seats, timers, random, effects }: ContextDeps): Room {
  const demandHook = (name: string): void => {
    if (effects.isInHook) return;
    throw fault(
      "outside_hook",
      `r.${name} outside of a hook: what a room does, it does before the hook returns`,
    );
  };
  return {
    state: world.state,
    seats: seats.shown,
    get tick() {
      return effects.tick;
    },
    get time() {
      return effects.time;
    },
    dt: settings.rate === 0 ? 0 : 1 / settings.rate,
    math,
    random: () => {
      demandHook("random");
      return random.next();
    },
    send: (event, data, to) => {
      demandHook("send");
      const json = eventText(settings, event, data);
      if (effects.sends.length >= MOST_SENDS)
        throw fault(
          "too_many_events",
          `more than ${MOST_SENDS} events in one tick; what changes all the time is state`,
        );
      effects.sends.push({ event, json, to: typeof to === "object" ? to.id : to });
    },
    after: (wait, timer, arg) => {
      demandHook("after");
      timers.add(
        dueIn(wait, settings.rate, effects.now),
        knownTimer(settings, timer),
        argumentText(timer, arg),
      );
    },
    seen: ({ id }) => {
      demandHook("seen");
      // What was never asked for is not kept, and a room that is made again has to see the same.
      world.since ??= effects.tick - 1;
      return world.at(seats.taken.get(id)?.seen ?? effects.tick);
    },
    checkpoint: () => {
      demandHook("checkpoint");
      effects.wantsCheckpoint = true;
    },
    travel: (to) => {
      demandHook("travel");
      effects.closing = travelReason(checkedDestination(to));
    },
    close: (reason) => {
      demandHook("close");
      effects.closing = checkedReason(reason);
    },
  };
}

/** @throws {RoomFault} `bad_travel` */
export function checkedDestination(to: unknown): string {
  const problem =
    typeof to !== "string" || to.length > MOST_DESTINATION
      ? `it is a text of at most ${MOST_DESTINATION} letters`
      : channelNameProblem(to);
  if (problem === undefined) return String(to);
  throw fault("bad_travel", `players travel to the channel of another room: ${problem}`);
}

/** @throws {RoomFault} `bad_reason` */
export function checkedReason(reason: unknown): string {
  if (typeof reason === "string" && reason.length > 0 && reason.length <= MOST_REASON) return reason;
  throw fault("bad_reason", `a room is closed with a reason of 1 to ${MOST_REASON} letters`);
}

/**
 * An event's data as its schema has it, as JSON text.
 *
 * @throws {RoomFault} `unknown_event` or `bad_event`
 */
export function eventText({ events }: Pick<Settings, "events">, event: string, data: unknown): string {
  const schema = Object.hasOwn(events, event) ? events[event] : undefined;
  if (schema === undefined) throw fault("unknown_event", `the shape has no event ${JSON.stringify(event)}`);
  const result = schema["~standard"].validate(data);
  if ("then" in result)
    throw fault("bad_event", `the schema of the event ${event} is asynchronous; a room does not wait`);
  if (result.issues !== undefined)
    throw fault("bad_event", `the event ${event}: ${result.issues.map(({ message }) => message).join("; ")}`);
  const text: string | undefined = JSON.stringify(result.value);
  if (text === undefined) throw fault("bad_event", `the data of the event ${event} is no JSON value`);
  return text;
}

function dueIn(wait: Duration, rate: number, now: number): number {
  try {
    // Never in the tick that it is set in: a timer that sets itself again would never let that end.
    return now + Math.max(rate === 0 ? 0 : 1, spanOf(duration(wait ?? Number.NaN, 0, "wait"), rate));
  } catch (error) {
    throw fault("bad_timer", error instanceof Error ? error.message : String(error), error);
  }
}

function knownTimer({ hooks: { timers = {} } }: Settings, name: string): string {
  if (Object.hasOwn(timers, name)) return name;
  const names = Object.keys(timers).join(", ") || "none";
  throw fault("unknown_timer", `timers has no ${JSON.stringify(name)}; there are: ${names}`);
}

function argumentText(timer: string, argument: unknown): string | undefined {
  if (argument === undefined) return undefined;
  const text: string | undefined = JSON.stringify(argument);
  if (text !== undefined && text.length <= MOST_ARGUMENT) return text;
  throw fault(
    "bad_timer",
    `the argument of the timer ${timer} must be a JSON value of at most ${MOST_ARGUMENT} letters`,
  );
}
