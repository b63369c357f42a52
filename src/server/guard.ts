/**
 * Nothing that fails in here may reach the process, which would end everybody's connections for one. What runs by itself
 * is started through one of these: a timer, a promise that nobody waits for, a text of another server. A connection has
 * a guard of its own, `Caller.abandon`, which ends it; the HTTP server's events have `Mount`.
 */
import type { Clock } from "../protocol/index.js";
import type { Logger } from "./logger.js";

/** Told of an error that nobody else would hear of. Must not throw. */
export type OnError = (error: unknown) => void;

/** Lets a promise go its way: what it rejects with is told. */
export function detach(promise: PromiseLike<unknown>, onError: OnError): void {
  promise.then(undefined, onError);
}

/** A function that never throws. */
export function guarded<Arg>(run: (arg: Arg) => void, onError: OnError): (arg: Arg) => void {
  return (arg) => {
    try {
      run(arg);
    } catch (error) {
      onError(error);
    }
  };
}

/** The same clock, whose timers never throw. */
export function guardedClock(clock: Clock, onError: OnError): Clock {
  // Every connection has a timer: no more is made for one than this.
  const safe = (run: () => void) => (): void => {
    try {
      run();
    } catch (error) {
      onError(error);
    }
  };
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (run, ms) => clock.setTimeout(safe(run), ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    setImmediate: (run) => clock.setImmediate(safe(run)),
  };
}

const guardedLoggers = new WeakSet<Logger>();

/** The same logger, which never throws: one that cannot write what somebody has thrown is given it as text. */
export function guardedLogger(log: Logger): Logger {
  if (guardedLoggers.has(log)) return log;
  const say =
    (level: keyof Logger): Logger["info"] =>
    (fields, message) => {
      try {
        log[level](fields, message);
      } catch {
        try {
          const texts = Object.entries(fields).map(([name, value]) => [name, textOf(value)]);
          log[level](Object.fromEntries(texts) as Record<string, string>, message);
        } catch {
          // There is nobody left to tell.
        }
      }
    };
  const safe: Logger = { info: say("info"), warn: say("warn"), error: say("error") };
  guardedLoggers.add(safe);
  return safe;
}

/** Anything that was thrown, as text: also what cannot be made a text of. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  } catch {
    return "something that has no text";
  }
}
