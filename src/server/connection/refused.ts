/** What was refused for a limit, since the app runs: counters that only grow, for whoever watches over a server. */
export interface Refused {
  /** Connect commands above `limits.connects`, or above the rate of their client or address over HTTP. */
  readonly connects: number;
  /** Commands above `limits.commands`. */
  readonly commands: number;
  /** Uses of channels that are new to the server, above `limits.channels`. */
  readonly channels: number;
  /** Publishes whose publisher has too many keys remembered on the channel, above `limits.keys`. */
  readonly keys: number;
}

/** The counters where they are counted. One number each, so that counting costs nothing. */
export type RefusedCounters = { -readonly [What in keyof Refused]: Refused[What] };

export function noneRefused(): RefusedCounters {
  return { connects: 0, commands: 0, channels: 0, keys: 0 };
}
