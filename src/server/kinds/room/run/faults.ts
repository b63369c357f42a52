/** What can be wrong with a room's definition, with what its hooks do, and with bytes it is to be made from: codes and sentences. */

/** A code is stable: programs and tests may switch on it. */
export type RoomFaultCode =
  // Of a definition, when a server takes it.
  | "bad_rate"
  | "bad_seats"
  | "bad_duration"
  | "bad_option"
  | "bad_match"
  | "bad_schema"
  | "bad_table"
  | "too_many_tables"
  | "row_too_long"
  | "bad_hook"
  | "async_hook"
  // Of what a hook does.
  | "outside_hook"
  | "not_in_rooms"
  | "unknown_timer"
  | "bad_timer"
  | "too_many_timers"
  | "unknown_event"
  | "bad_event"
  | "too_many_events"
  | "bad_reason"
  | "bad_travel"
  | "bad_state"
  // Of a run.
  | "create_failed"
  | "room_closed"
  | "diverged"
  | "bad_entry"
  | "bad_checkpoint"
  | "checkpoint_too_large";

/** A mistake in a room's code, or in bytes for it. */
export interface RoomFault extends TypeError {
  readonly code: RoomFaultCode;
}

/** @example throw fault("bad_rate", "rate must be …") */
export function fault(code: RoomFaultCode, message: string, cause?: unknown): RoomFault {
  return Object.assign(new TypeError(message, cause === undefined ? {} : { cause }), { code });
}

export function isFault(error: unknown, code: RoomFaultCode): error is RoomFault {
  return error instanceof TypeError && "code" in error && error.code === code;
}
