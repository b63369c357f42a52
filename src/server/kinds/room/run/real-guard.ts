/** The fence around the globals of this process. */
import { fault, type RoomFault } from "./faults.js";
import type { Guard } from "./guard.js";

/**
 * Lets `Date` of now, `Math.random` and `performance.now` throw while hooks run: a room that looked at them would be another one when
 * it is made again. A hook waits for nothing, so nobody else runs meanwhile.
 */
export const globalsGuard: Guard = {
  within(run) {
    const { Date: RealDate } = globalThis;
    const { random } = Math;
    const { performance } = globalThis;
    const now = Object.getOwnPropertyDescriptor(performance, "now");
    globalThis.Date = guardedDate(RealDate);
    Math.random = () => {
      throw forbidden("Math.random", "r.random()");
    };
    performance.now = () => {
      throw forbidden("performance.now", "r.time or r.tick");
    };
    try {
      return run();
    } finally {
      globalThis.Date = RealDate;
      Math.random = random;
      if (now === undefined) Reflect.deleteProperty(performance, "now");
      else Object.defineProperty(performance, "now", now);
    }
  },
};

/** A date that is given its time is as good as ever. */
function guardedDate(RealDate: DateConstructor): DateConstructor {
  const refuse = (): never => {
    throw forbidden("Date", "r.time or r.tick");
  };
  return new Proxy(RealDate, {
    apply: refuse,
    construct: (target, given: unknown[], as) =>
      given.length === 0 ? refuse() : Reflect.construct(target, given, as),
    get: (target, name, receiver) => (name === "now" ? refuse : Reflect.get(target, name, receiver)),
  });
}

function forbidden(what: string, instead: string): RoomFault {
  return fault(
    "not_in_rooms",
    `${what} in a hook of a room: it would be another room when it is made again; take ${instead}`,
  );
}
