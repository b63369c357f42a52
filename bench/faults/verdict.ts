/** What became of a scenario: its row of the table, and everything that broke a promise. */
import { checkHistory, type HistoryEvent } from "tidemark/testing";

export interface Row {
  readonly fault: string;
  readonly settings: string;
  readonly acknowledged: number;
  /** Acknowledged, and not in the log at the end. */
  readonly lost: number;
  readonly duplicated: number;
  /** What somebody should have been told and was not, and what somebody was told that is not so. */
  readonly undeclared: number;
  /** Milliseconds, one for each client and fault that concerned it. */
  readonly recoveries: readonly number[];
  /** What must not be, in words; empty when everything held. */
  readonly problems: readonly string[];
}

export interface Outcome {
  readonly events: readonly HistoryEvent[];
  /** Acknowledged messages that the fault may lose. */
  readonly mayLose: boolean;
  /** Subscribers that did not come to the log's end in time. */
  readonly behind: number;
  /** What else is wrong. */
  readonly problems: readonly string[];
}

/** Judges a history by all of the promises. */
export function judge({
  events,
  mayLose,
  behind,
  problems: others,
}: Outcome): Omit<Row, "fault" | "settings" | "recoveries"> {
  const violations = checkHistory(events);
  const inLog = new Set<string>();
  const acknowledged = new Set<string>();
  for (const event of events) {
    if (event.is === "append") inLog.add(`${event.id}@${event.offset}`);
    else if (event.is === "loss") forget(inLog, event.head);
    else if (event.is === "ack") acknowledged.add(`${event.id}@${event.offset}`);
  }
  const lost = [...acknowledged].filter((one) => !inLog.has(one)).length;
  const doubles = violations.filter(({ promise }) => promise === "no repeats" || promise === "at most once");
  return {
    acknowledged: acknowledged.size,
    lost,
    duplicated: doubles.length,
    undeclared: violations.length - doubles.length,
    problems: [
      ...others,
      ...violations.map(({ promise, message }) => `${promise}: ${message}`),
      ...(lost > 0 && !mayLose ? [`${lost} acknowledged messages are not in the log`] : []),
      ...(behind > 0 ? [`${behind} clients did not come to the end of the log`] : []),
    ],
  };
}

function forget(inLog: Set<string>, head: number): void {
  for (const one of inLog) if (Number(one.slice(one.indexOf("@") + 1)) > head) inLog.delete(one);
}

/**
 * The longest time that each of these subscribers heard nothing, in the window after a moment: no message, and no gap, which
 * may be all there is to hear where everything was appended before its node was back.
 */
export function longestPauses(
  events: readonly HistoryEvent[],
  { from, window, only }: { from: number; window: number; only: (subscriber: string) => boolean },
): number[] {
  const last = new Map<string, number>();
  const longest = new Map<string, number>();
  for (const event of events) {
    if ((event.is !== "message" && event.is !== "gap") || event.time < from) continue;
    if (!only(event.subscriber)) continue;
    const before = last.get(event.subscriber) ?? from;
    last.set(event.subscriber, event.time);
    if (before > from + window) continue;
    longest.set(event.subscriber, Math.max(longest.get(event.subscriber) ?? 0, event.time - before));
  }
  return [...longest.values()];
}
