import type { Environment } from "./environment.js";
import { TidemarkError } from "./errors.js";
import type { TokenOption } from "./token.js";
import type { TransportName } from "./transport.js";

/** Everything `connect` can be told. All of it is optional; times are in milliseconds. */
export interface ClientOptions {
  /**
   * Sent with the connect command. A function is asked before the first connection, and again when the server says
   * that its token has expired or is refused, and shortly before it expires; in between its answer is kept. When it throws, the client reports
   * `token_failed` and tries again later.
   */
  readonly token?: TokenOption | undefined;
  /** Reconnecting waits a random time up to `min * 2^tries`, at most `max`. Default 300 and 20,000. */
  readonly backoff?: { readonly min?: number; readonly max?: number } | undefined;
  /** How long token, link and connect command together may take. Default 10,000. */
  readonly connectTimeout?: number | undefined;
  /** How long `call` and `history` wait for their answer, being offline included. Default 30,000. */
  readonly callTimeout?: number | undefined;
  /**
   * How long a publish may take in all, being offline included: past it, it rejects with `offline` (or `timeout`)
   * where it was never sent, else with `outcome_unknown`. Default: no limit while it waits to be sent.
   */
  readonly publishTimeout?: number | undefined;
  /**
   * How long the server knows a retry for a retry. A publish that is unanswered 30 seconds before the end of this,
   * counted from its first sending, rejects with `outcome_unknown`. Never more than the server's. Default 300,000.
   */
  readonly dedupeWindow?: number | undefined;
  /**
   * How much may wait for an answer, in messages and bytes of payload. Default 1,000 and 1 MiB: what is larger than that, where
   * the server takes it, can be published when `bytes` is.
   */
  readonly outbox?: { readonly messages?: number; readonly bytes?: number } | undefined;
  /**
   * The ways to the server, in the order in which they are tried: the next one when a WebSocket cannot be opened, or
   * ends before the server has answered, twice. What works is kept; WebSocket is tried again, beside it, after 5 minutes.
   * Default: `websocket`, `stream`, `poll`; with a transport of your own in `environment`, `websocket` only.
   */
  readonly transports?: readonly TransportName[] | undefined;
  /** Clock, randomness, transport and platform, for tests and unusual runtimes. */
  readonly environment?: Partial<Environment> | undefined;
}

/** What an option is when it is not given. */
export const DEFAULTS = {
  transports: ["websocket", "stream", "poll"],
  backoff: { min: 300, max: 20_000 },
  connectTimeout: 10_000,
  callTimeout: 30_000,
  publishTimeout: Infinity,
  dedupeWindow: 300_000,
  outbox: { messages: 1000, bytes: 1024 * 1024 },
} as const;

/** Options with nothing left out. */
export interface Settings {
  readonly token: TokenOption | undefined;
  readonly transports: readonly TransportName[];
  readonly backoff: { readonly min: number; readonly max: number };
  readonly connectTimeout: number;
  readonly callTimeout: number;
  readonly publishTimeout: number;
  readonly dedupeWindow: number;
  readonly outbox: { readonly messages: number; readonly bytes: number };
}

export function settingsFrom(options: ClientOptions): Settings {
  return {
    ...DEFAULTS,
    ...(options.environment?.transport && { transports: ["websocket"] as const }),
    token: undefined,
    ...given(options),
    backoff: { ...DEFAULTS.backoff, ...options.backoff },
    outbox: { ...DEFAULTS.outbox, ...options.outbox },
  };
}

/** The fields that have a value. */
export function given<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/**
 * The address to connect to: relative to the page where there is one, `http:` and `https:` read as `ws:` and `wss:`.
 *
 * @throws {TidemarkError} `invalid` when it is no URL, is not of one of these schemes, or has a password
 */
export function addressOf(url: string): string {
  const no = (why: string, cause?: unknown): TidemarkError =>
    new TidemarkError("invalid", `not a URL to connect to: ${url}${why}`, { cause });
  let address: URL;
  try {
    const base = typeof location === "object" ? location.href : undefined;
    address = new URL(url, base);
  } catch (cause) {
    throw no("", cause);
  }
  const { protocol, username, password } = address;
  if (!/^(ws|http)s?:$/.test(protocol))
    throw no(`; it begins with ${protocol} instead of ws:, wss:, http: or https:`);
  // Browsers send them over some transports and not over others, and a URL is no place for a secret.
  if (username || password)
    throw new TidemarkError("invalid", "a user or password in the URL: use the option token");
  address.protocol = protocol.replace("http", "ws");
  address.hash = "";
  return address.href;
}
