import type { Message } from "./message.js";

/** A piece of a stream's past, oldest message first. */
export interface History<Data> {
  readonly messages: readonly Message<Data>[];
  /** False when messages that were asked for are not in the log any more. */
  readonly complete: boolean;
  /** True when there is more in the direction of the question. */
  readonly more: boolean;
}
