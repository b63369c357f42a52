import { type Meta, timeOf } from "../protocol/index.js";

/** One message of a channel. */
export interface Message<Data = unknown> {
  readonly data: Data;
  /** Its place in the channel's log, which is also its name in the channel; 0 where there is no log. */
  readonly offset: number;
  /** When it entered the log (where there is none: when it arrived), in milliseconds since 1970. */
  readonly time: number;
  /** The user who published it, where the server says. */
  readonly from?: string;
  /** Whether this very client published it. Told only on channels with `sender: true`. */
  readonly mine?: boolean;
  /** What the client that published it is called, and its number for this message: told on channels with `sender: true`. */
  readonly sender?: string;
  readonly idem?: number | string;
}

/** @param me what this client is called, see `Wire` */
export function messageFrom(
  offset: number,
  data: unknown,
  meta: Meta | undefined,
  me: string,
  now = 0,
): Message {
  const time = offset > 0 ? timeOf(offset) : now;
  const { bytes: _, part: __, more: ___, ...said } = meta ?? {};
  return { data, offset, time, ...said, ...(said.sender && { mine: said.sender === me }) };
}
