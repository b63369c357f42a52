import type { Clock } from "../../../protocol/index.js";
import type { ByteRateOptions } from "../../connection/limits/byte-rate.js";
import type { RefusedCounters } from "../../connection/limits/refused.js";
import type { UnfinishedMessages } from "../../connection/limits/unfinished.js";
import type { ReadRoom } from "./read-room.js";

/** How peers are read: one for all sockets of a path. */
export interface Reading {
  readonly clock: Clock;
  /** Bytes that a peer may send. */
  readonly rate: ByteRateOptions | false;
  readonly unfinished: UnfinishedMessages;
  /** Where it is counted that somebody was held to a limit. */
  readonly refused: RefusedCounters;
  /** The room that all sockets share for messages that are not whole, where they share any. */
  readonly room?: ReadRoom;
}
