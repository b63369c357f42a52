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
  /** Connections that were closed for more frames without a command than `limits.frames`. */
  readonly frames: number;
  /** How often a connection was not read from for a while, for more bytes than `limits.bytes`. */
  readonly bytes: number;
  /** Connections that were closed for a message that was not whole in time. */
  readonly unfinished: number;
  /** Messages in parts, and requests longer than a frame, for which all of them together held too much; and channels, above `limits.memories`. */
  readonly overloaded: number;
  /** Connections of the echo that were closed since all of them held too much. */
  readonly echo: number;
}

/** The counters where they are counted. One number each, so that counting costs nothing. */
export type RefusedCounters = { -readonly [What in keyof Refused]: Refused[What] };

export function noneRefused(): RefusedCounters {
  return {
    connects: 0,
    commands: 0,
    channels: 0,
    keys: 0,
    frames: 0,
    bytes: 0,
    unfinished: 0,
    overloaded: 0,
    echo: 0,
  };
}
