/**
 * What the clients of one process saw, as short as it goes (there are millions of lines), and the same as events of a
 * history. Times are milliseconds since 1970: all processes share the machine's clock.
 */
import type { GapReason } from "tidemark/protocol";
import type { HistoryEvent, Place } from "tidemark/testing";

/** One line. Publishers and subscribers are numbers, unique over all processes. */
export type Note =
  | readonly [is: "publish", time: number, publisher: number, sequence: number]
  | readonly [is: "ack", time: number, publisher: number, sequence: number, offset: number]
  | readonly [is: "refused", time: number, publisher: number, sequence: number, code: string]
  | readonly [is: "ready", time: number, subscriber: number, cursor: string]
  | readonly [
      is: "message",
      time: number,
      subscriber: number,
      cursor: string,
      publisher: number,
      sequence: number,
    ]
  | readonly [is: "gap", time: number, subscriber: number, cursor: string, after: number, reason: GapReason]
  | readonly [is: "complaint", time: number, who: number, what: string];

/** Refusals after which a message is certainly not in the log. */
const NEVER_SENT = new Set(["offline", "timeout", "outbox_full", "invalid"]);

export function messageId(publisher: number, sequence: number): string {
  return `${publisher}/${sequence}`;
}

export function placeOf(cursor: string): Place {
  const colon = cursor.indexOf(":");
  return { epoch: cursor.slice(0, colon), offset: Number(cursor.slice(colon + 1)) };
}

/** The notes of all processes as the events that the checker knows, in the order of time. */
export function eventsOf(channel: string, notes: readonly Note[]): HistoryEvent[] {
  const begun = new Set<number>();
  return notes.map((note): HistoryEvent => {
    const [is, time, who] = note;
    const subscriber = `client ${who}`;
    switch (is) {
      case "publish":
        return {
          time,
          is,
          channel,
          publisher: String(who),
          sequence: note[3],
          id: messageId(who, note[3]),
        };
      case "ack":
        return { time, is, channel, id: messageId(who, note[3]), offset: note[4] };
      case "refused": {
        const outcome = NEVER_SENT.has(note[4]) ? "never" : "unknown";
        return { time, is, channel, id: messageId(who, note[3]), outcome, code: note[4] };
      }
      case "ready": {
        const at = placeOf(note[3]);
        if (begun.has(who)) return { time, is: "resume", subscriber, at };
        begun.add(who);
        return { time, is: "open", subscriber, channel, at };
      }
      case "message":
        return { time, is, subscriber, at: placeOf(note[3]), id: messageId(note[4], note[5]) };
      case "gap":
        return { time, is, subscriber, at: placeOf(note[3]), after: note[4], reason: note[5] };
      case "complaint":
        return { time, is, who: subscriber, what: note[3] };
    }
  });
}
