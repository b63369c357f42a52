import type { Clock } from "../protocol/index.js";
import { createAlarm } from "./alarm.js";

/** A token, or how to get one. */
export type TokenOption = string | (() => string | undefined | Promise<string | undefined>);

/** The token for the next connection. A function is asked once, and again only after the server refused its token. */
export interface TokenSource {
  /** Whether asking again can give another token. */
  readonly renewable: boolean;
  /** At once where it can be, so that a first connection loses no time. */
  readonly get: () => string | undefined | Promise<string | undefined>;
  /** The server wants another one. */
  readonly reset: () => void;
  /** How long the server takes the one in use. It is renewed before, where it can be. */
  readonly expires: (ms: number | undefined) => void;
  /** There is no connection that needs the next one. */
  readonly stop: () => void;
}

/** A token is renewed this long before it expires, or a tenth of its life if that is less. */
const RENEW_BEFORE = 30_000;
/** However soon a server says that tokens expire, it is not asked in a loop. In milliseconds. */
const MIN_WAIT = 1000;

/**
 * @param renewed takes the next one. Where there is none, the server ends the connection when the token has expired,
 * and the next connection asks again.
 */
export function createTokenSource(
  clock: Clock,
  option: TokenOption | undefined,
  renewed: (token: string | undefined) => void,
): TokenSource {
  const renewable = typeof option === "function";
  let kept = renewable ? undefined : option;
  const ask = async (): Promise<string | undefined> => (kept = renewable ? await option() : option);
  const alarm = createAlarm(clock, () => {
    kept = undefined;
    ask().then(renewed, () => {});
    return undefined;
  });
  return {
    renewable,
    get: () => kept ?? (renewable ? ask() : undefined),
    reset() {
      kept = undefined;
    },
    expires(ms) {
      if (ms !== undefined && renewable)
        alarm.within(Math.max(ms - Math.min(ms / 10, RENEW_BEFORE), MIN_WAIT) || MIN_WAIT);
    },
    stop: alarm.stop,
  };
}
