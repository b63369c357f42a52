/** Judges a history in one pass over it. */
import type { HistoryEvent, PresenceEvent, SubscriberEvent, Violation } from "./events.js";
import { CallJudge } from "./call-judge.js";
import { Findings } from "./findings.js";
import { LogJudge } from "./log-judge.js";
import { LogModel } from "./log-model.js";
import { judgePage } from "./page-judge.js";
import { SignalJudge } from "./signal-judge.js";
import { judgeStart } from "./start-judge.js";
import { Walker } from "./walker.js";

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
  readonly #logs = new Map<string, LogModel>();
  readonly #walkers = new Map<string, Walker>();
  /** Those that are over have been followed as well. */
  readonly #finished: Walker[] = [];
  readonly #signals = new SignalJudge(this.#findings);
  readonly #calls = new CallJudge(this.#findings);
  readonly #publishes = new LogJudge((channel) => this.#log(channel), this.#findings);
  #calm = false;

  on(event: HistoryEvent): void {
    this.#findings.time = event.time;
    this.#judge(event);
    this.#findings.event += 1;
  }

  end(): Violation[] {
    this.#publishes.end();
    this.#calls.end();
    for (const walker of [...this.#finished, ...this.#walkers.values()]) walker.end();
    return [...this.#findings.violations].sort((a, b) => a.event - b.event);
  }

  #judge(event: HistoryEvent): void {
    const findings = this.#findings;
    switch (event.is) {
      case "append":
      case "trim":
      case "loss":
        return this.#publishes.onLog(event);
      case "publish":
      case "ack":
      case "refused":
        return this.#publishes.onPublisher(event);
      case "open":
      case "resume":
      case "message":
      case "gap":
      case "close":
        return this.#subscriber(event);
      case "page":
        return judgePage(event, this.#log(event.channel), findings);
      case "call":
      case "run":
      case "answer":
        return this.#calls.on(event);
      case "signal":
      case "heard":
        return this.#signals.on(event);
      case "members":
      case "roster":
        return this.#presence(event);
      case "quiet":
        this.#publishes.quiet();
        this.#calls.quiet();
        for (const walker of this.#walkers.values()) walker.quiet(event.final);
        return;
      case "calm":
        this.#calm = true;
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
    if (event.is === "open") {
      judgeStart(event, this.#log(event.channel), this.#findings);
      this.#walkers.set(
        subscriber,
        new Walker(subscriber, this.#log(event.channel), event.at, this.#findings),
      );
      return;
    }
    const walker = this.#walkers.get(subscriber);
    if (walker === undefined) {
      this.#findings.add("one order", `${subscriber} got a ${event.is} before its subscription began`);
      return;
    }
    switch (event.is) {
      case "message":
        return walker.message(event.id, event.at);
      case "resume":
        return walker.resume(event.at);
      case "gap":
        if (this.#calm) {
          this.#findings.add(
            "honest gaps",
            `${subscriber} was told "${event.reason}" after ${event.after}, and nothing had gone wrong`,
          );
        }
        return walker.gap(event);
      case "close":
        this.#walkers.delete(subscriber);
        this.#finished.push(walker);
    }
  }

  #presence(event: PresenceEvent): void {
    const { subscriber, channel, seen } = event;
    const wanted = event.is === "members" ? event.expected : event.told;
    const missing = wanted.filter((id) => !seen.includes(id));
    const extra = seen.filter((id) => !wanted.includes(id));
    if (missing.length + extra.length === 0) return;
    const against = event.is === "members" ? "who is there" : "the joins and leaves it was told";
    const list = [...missing.map((id) => `misses ${id}`), ...extra.map((id) => `has ${id} too many`)].join(
      ", ",
    );
    this.#findings.add("presence", `${subscriber}'s list of ${channel} is not ${against}: it ${list}`);
  }

  #log(channel: string): LogModel {
    let log = this.#logs.get(channel);
    if (log === undefined) this.#logs.set(channel, (log = new LogModel(channel)));
    return log;
  }
}
