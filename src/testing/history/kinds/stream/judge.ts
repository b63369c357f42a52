import type { SubscriberEvent } from "../../events.js";
import type { Findings } from "../../findings.js";
import type { ChannelEvent, Kind, KindJudge } from "../../kind-judge.js";
import { LogJudge } from "./log-judge.js";
import { LogModel } from "./log-model.js";
import { judgePage } from "./page-judge.js";
import { judgeStart } from "./start-judge.js";
import { Walker } from "./walker.js";

/** Channels with a log, of which every entry is owed to every subscriber. */
export const STREAM: Kind = {
  // What no other kind knows.
  begins: () => true,
  judge: (findings) => new StreamJudge(findings),
};

class StreamJudge implements KindJudge {
  readonly #findings: Findings;
  readonly #publishes: LogJudge;
  readonly #logs = new Map<string, LogModel>();
  readonly #walkers = new Map<string, Walker>();
  /** Those that are over have been followed as well. */
  readonly #finished: Walker[] = [];
  #calm = false;

  constructor(findings: Findings) {
    this.#findings = findings;
    this.#publishes = new LogJudge((channel) => this.#log(channel), findings);
  }

  on(event: ChannelEvent): void {
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
        return judgePage(event, this.#log(event.channel), this.#findings);
      case "signal":
      case "heard":
        this.#findings.add("one order", `${event.channel} has a log, and ${event.id} went past it`);
        return;
      default:
        this.#findings.add("one order", `${event.channel} is a stream, and has a ${event.is}`);
    }
  }

  calm(): void {
    this.#calm = true;
  }

  quiet(final: boolean): void {
    this.#publishes.quiet();
    for (const walker of this.#walkers.values()) walker.quiet(final);
  }

  end(): void {
    this.#publishes.end();
    for (const walker of [...this.#finished, ...this.#walkers.values()]) walker.end();
  }

  #subscriber(event: SubscriberEvent): void {
    const { subscriber } = event;
    if (event.is === "open") {
      const log = this.#log(event.channel);
      judgeStart(event, log, this.#findings);
      this.#walkers.set(subscriber, new Walker(subscriber, log, event.at, this.#findings));
      return;
    }
    const walker = this.#walkers.get(subscriber);
    if (walker === undefined) return;
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

  #log(channel: string): LogModel {
    let log = this.#logs.get(channel);
    if (log === undefined) this.#logs.set(channel, (log = new LogModel(channel)));
    return log;
  }
}
