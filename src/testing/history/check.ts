/** Judges a history in one pass over it. What a channel owes is said by its kind. */
import type { HistoryEvent, SubscriberEvent, Violation } from "./events.js";
import { CallJudge } from "./call-judge.js";
import { Findings } from "./findings.js";
import type { ChannelEvent, KindJudge } from "./kind-judge.js";
import { KINDS } from "./kinds.js";
import { judgePresence } from "./presence-judge.js";

/**
 * Every promise that a history breaks, in the order in which it showed; none when all of them hold. Takes time in
 * proportion to the history's length.
 *
 * @example assert.deepEqual(checkHistory(events), []);
 */
export function checkHistory(events: readonly HistoryEvent[]): Violation[] {
  const check = new Check();
  for (const event of events) check.on(event);
  return check.end();
}

class Check {
  readonly #findings = new Findings();
  readonly #calls = new CallJudge(this.#findings);
  readonly #kinds = KINDS.map((kind) => ({ kind, judge: kind.judge(this.#findings) }));
  /** Who judges a channel, by its kind. */
  readonly #channels = new Map<string, KindJudge>();
  /** Who judges a subscriber, from the beginning of its subscription to the end. */
  readonly #subscribers = new Map<string, KindJudge>();

  on(event: HistoryEvent): void {
    this.#findings.time = event.time;
    this.#judge(event);
    this.#findings.event += 1;
  }

  end(): Violation[] {
    for (const { judge } of this.#kinds) judge.end();
    this.#calls.end();
    return [...this.#findings.violations].sort((a, b) => a.event - b.event);
  }

  #judge(event: HistoryEvent): void {
    const findings = this.#findings;
    switch (event.is) {
      case "append":
      case "trim":
      case "loss":
      case "publish":
      case "ack":
      case "refused":
      case "page":
      case "signal":
      case "heard":
      case "epoch":
      case "floor":
      case "change":
      case "view":
      case "back":
      case "applied":
      case "leap":
      case "paused":
      case "within":
      case "unview":
      case "asks":
      case "placed":
      case "turned down":
        return this.#judgeOf(event.channel, event).on(event);
      case "open":
      case "resume":
      case "message":
      case "gap":
      case "close":
        return this.#subscriber(event);
      case "call":
      case "run":
      case "answer":
        return this.#calls.on(event);
      case "members":
      case "roster":
        return judgePresence(event, findings);
      case "quiet":
        for (const { judge } of this.#kinds) judge.quiet(event.final);
        return this.#calls.quiet();
      case "calm":
        for (const { judge } of this.#kinds) judge.calm();
        return;
      case "held":
        if (event.bytes > event.cap) {
          findings.add("bounded memory", `${event.who} held ${event.bytes}, its cap is ${event.cap}`);
        }
        return;
      case "complaint":
        findings.add("no complaints", `${event.who}: ${event.what}`);
    }
  }

  #subscriber(event: SubscriberEvent): void {
    const { subscriber } = event;
    if (event.is === "open") this.#subscribers.set(subscriber, this.#judgeOf(event.channel, event));
    const judge = this.#subscribers.get(subscriber);
    if (judge === undefined) {
      this.#findings.add("one order", `${subscriber} got a ${event.is} before its subscription began`);
      return;
    }
    if (event.is === "close") this.#subscribers.delete(subscriber);
    judge.on(event);
  }

  /** Of which kind a channel is, its first event says. */
  #judgeOf(channel: string, event: ChannelEvent): KindJudge {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const found = this.#kinds.find(({ kind }) => kind.begins(event));
    if (found === undefined) throw new Error(`no kind of channel begins with a ${event.is}`);
    this.#channels.set(channel, found.judge);
    return found.judge;
  }
}
