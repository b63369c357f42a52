/**
 * Every error a command can be answered with, in one table. A code is stable: programs may switch on it.
 * `retry` says whether sending the same command again, unchanged, can succeed.
 */
export const ERRORS = {
  bad_request: { retry: false, about: "the command is not of the form the protocol asks for" },
  unknown_command: { retry: false, about: "no command of that name" },
  connect_first: { retry: false, about: "the first command on a connection must be connect" },
  already_connected: { retry: false, about: "connect was sent twice on one connection" },
  unauthorized: { retry: false, about: "the token was refused, or there was none and one is needed" },
  token_expired: { retry: false, about: "the token has expired; come back with a new one" },
  forbidden: { retry: false, about: "this user may not do that on this channel" },
  not_found: { retry: false, about: "no channel pattern or method of that name" },
  wrong_kind: { retry: false, about: "the channel is of another kind than the command expects" },
  invalid: { retry: false, about: "the payload does not fit the schema; `issues` says where" },
  rejected: { retry: false, about: "the application refused it; the message is the application's" },
  too_large: { retry: false, about: "the payload is over the size limit" },
  limit_reached: { retry: false, about: "a limit of this connection is used up, such as its subscriptions" },
  already_subscribed: { retry: false, about: "this connection is subscribed to that channel already" },
  not_subscribed: { retry: false, about: "this connection is not subscribed to that channel" },
  conflict: { retry: false, about: "a condition does not hold; `now` says what its keys hold" },
  key_conflict: { retry: false, about: "the idempotency key was used before with another payload" },
  outcome_unknown: {
    retry: false,
    about: "it may or may not have happened, or may happen yet, and a retry can no longer tell",
  },
  aborted: { retry: true, about: "an earlier publish to this channel failed; send that one first" },
  rate_limited: {
    retry: true,
    about: "too many commands, connections, new channels or keys; `after` says when there is room again",
  },
  overloaded: {
    retry: true,
    about:
      "this server holds all that it may of what is not whole, or of state channels; `after` says when to try again",
  },
  unavailable: { retry: true, about: "the broker did not answer in time; retry with the same key" },
  going_away: { retry: true, about: "this server is stopping; another one will answer" },
  room_full: { retry: true, about: "all seats of the room are taken; `after` says when to try again" },
  room_closed: { retry: false, about: "the room has ended; the message says why" },
  seat_taken: { retry: false, about: "another connection of the same player has the seat now" },
  seat_lost: { retry: false, about: "the seat is free again; the message says why" },
  kicked: { retry: false, about: "the application has sent the player away" },
  wrong_shape: {
    retry: false,
    about: "the client and the server know the room by different tables or rates",
  },
  internal: { retry: false, about: "the server failed; its log says why" },
} as const satisfies Record<string, { retry: boolean; about: string }>;

/** A code from {@link ERRORS}. Applications may add codes of their own; see `TidemarkError`. */
export type ErrorCode = keyof typeof ERRORS;

/**
 * Every code this system closes a WebSocket with. The range carries the policy, so a client needs no table:
 * 4000-4499 come back (with backoff), 4500-4999 do not.
 */
export const CLOSE_CODES = {
  protocol_error: { code: 1002, about: "the peer broke the WebSocket protocol itself" },
  unsupported: { code: 1003, about: "a kind of frame that is not understood here" },
  malformed: { code: 1007, about: "a frame that is not JSON, or not UTF-8" },
  policy: { code: 1008, about: "JSON that is no command, or a command that is abusive" },
  too_big: { code: 1009, about: "a frame over the size limit" },
  server_error: { code: 1011, about: "the server failed while serving this connection" },
  going_away: { code: 4000, about: "this server is stopping; come back, another one will answer" },
  silent: { code: 4001, about: "nothing, or no whole message, was heard from the peer for too long" },
  slow_replies: { code: 4002, about: "the peer does not read the replies it asked for" },
  connect_timeout: { code: 4003, about: "no connect command came in time" },
  token_expired: { code: 4004, about: "the token has expired; come back with a new one" },
  rate_limited: {
    code: 4005,
    about: "commands kept coming after they were refused for their rate, or too many frames without any",
  },
  unavailable: { code: 4006, about: "the server cannot serve now; come back later" },
  unauthorized: { code: 4500, about: "the token was refused" },
  forbidden_origin: { code: 4501, about: "pages of that origin may not connect here" },
  disconnected: { code: 4502, about: "the application disconnected this user" },
} as const satisfies Record<string, { code: number; about: string }>;

/** A name from {@link CLOSE_CODES}. */
export type CloseName = keyof typeof CLOSE_CODES;

/** Of the WebSocket protocol's own codes, those after which coming back cannot help. */
const FINAL_PROTOCOL_CODES: readonly number[] = [1003, 1007, 1008, 1009];

/**
 * Whether a client should reconnect after a close with this code.
 *
 * @example shouldReconnect(4000) // true: the server said it is going away
 */
export function shouldReconnect(code: number): boolean {
  return code >= 4500 ? code > 4999 : !FINAL_PROTOCOL_CODES.includes(code);
}
