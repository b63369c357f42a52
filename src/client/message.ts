import { type HistoryEntry, type Meta, timeOf } from "../protocol/index.js";

/** One message of a channel. */
export interface Message<Data = unknown> {
  readonly data: Data;
  /** Its place in the channel's log, which is also its name in the channel; 0 where there is no log. */
  readonly offset: number;
  /** When it entered the log (where there is none: when it arrived), in milliseconds since 1970. */
  readonly time: number;
  /** The user who published it, where the server says. */
  readonly from?: string;
}

export function messageFrom(offset: number, data: unknown, meta: Meta | undefined, now: number): Message {
  const time = offset > 0 ? timeOf(offset) : now;
  return meta?.from === undefined ? { data, offset, time } : { data, offset, time, from: meta.from };
}

export function messageFromEntry([offset, data, meta]: HistoryEntry): Message {
  return messageFrom(offset, data, meta, 0);
}
