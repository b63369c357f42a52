/** Judges what the log itself did, and what publishers were told of it. */
import type { LogEvent, MessageId, PublisherEvent } from "../../events.js";
import type { Findings } from "../../findings.js";
import type { LogModel } from "./log-model.js";

interface Published {
  readonly publisher: string;
  readonly sequence: number;
  readonly channel: string;
  outcome: "open" | "acknowledged" | "never" | "unknown";
  /** When it must not be appended any more. */
  until: number;
}

export class LogJudge {
  readonly #log: (channel: string) => LogModel;
  readonly #findings: Findings;
  readonly #published = new Map<MessageId, Published>();
  /** The highest sequence in the log, by channel and publisher. */
  readonly #highest = new Map<string, number>();

  constructor(log: (channel: string) => LogModel, findings: Findings) {
    this.#log = log;
    this.#findings = findings;
  }

  onLog(event: LogEvent): void {
    const log = this.#log(event.channel);
    switch (event.is) {
      case "append":
        return this.#append(log, event);
      case "trim":
        return log.trim(event.until);
      case "loss": {
        if (!event.allowed) {
          this.#findings.add(
            "no silence",
            `the log of ${event.channel} lost everything after ${event.head}, and no fault allowed it`,
          );
        }
        log.lose(event.head);
        this.#recount(log);
      }
    }
  }

  onPublisher(event: PublisherEvent): void {
    const { id, channel } = event;
    const published = this.#published.get(id);
    switch (event.is) {
      case "publish": {
        const { publisher, sequence } = event;
        this.#published.set(id, { publisher, sequence, channel, outcome: "open", until: Infinity });
        return;
      }
      case "ack":
        if (published !== undefined) published.outcome = "acknowledged";
        if (
          !this.#log(channel)
            .entriesOf(id)
            .some(({ offset }) => offset === event.offset)
        ) {
          this.#findings.add(
            "acknowledged",
            `${id} was acknowledged at ${event.offset} on ${channel}, but it was never appended there`,
          );
        }
        return;
      case "refused":
        if (published === undefined) return;
        published.outcome = event.outcome;
        published.until = this.#findings.time + (event.within ?? Infinity);
    }
  }

  /** Every publish has its answer by now. */
  quiet(): void {
    for (const [id, { outcome, channel }] of this.#published) {
      if (outcome === "open")
        this.#findings.add("progress", `the publish of ${id} on ${channel} has no answer`);
    }
  }

  end(): void {
    for (const [id, { outcome, channel }] of this.#published) {
      if (outcome === "never" && this.#log(channel).entriesOf(id).length > 0) {
        this.#findings.add(
          "at most once",
          `the publisher of ${id} was told that it is not in the log, and it is in ${channel}`,
        );
      }
    }
  }

  #append(log: LogModel, event: LogEvent & { is: "append" }): void {
    const { id, offset, prev, channel } = event;
    const head = log.head.offset;
    if (prev !== head || offset <= prev) {
      this.#findings.add(
        "one order",
        `${id} was appended to ${channel} at ${offset} after ${prev}, but the head was ${head}`,
      );
    }
    const twin = log.entriesOf(id).find((entry) => !entry.void);
    if (twin !== undefined) {
      this.#findings.add("at most once", `${id} is in ${channel} twice: at ${twin.offset} and at ${offset}`);
    }
    const published = this.#published.get(id);
    if (published === undefined) {
      this.#findings.add("at most once", `${id} was appended to ${channel}, and nobody published it`);
    } else {
      if (this.#findings.time > published.until)
        this.#findings.add(
          "at most once",
          `${id} was appended to ${channel} when its key may have been forgotten for long`,
        );
      const key = `${channel} ${published.publisher}`;
      const highest = this.#highest.get(key) ?? -1;
      // What was lost may be sent again, and has lost its turn: behind a rollback or failover the order begins anew.
      const resent = log.entriesOf(id).some((entry) => entry.void);
      // Whoever was told that nobody knows has gone on to the next, and a copy that lay in the network may come behind that.
      if (published.sequence < highest && !resent && published.outcome !== "unknown") {
        this.#findings.add(
          "publisher order",
          `${id} was appended to ${channel} after number ${highest} of the same publisher`,
        );
      }
      this.#highest.set(key, Math.max(highest, published.sequence));
    }
    log.append({ id, offset, prev, epoch: event.epoch, time: this.#findings.time });
  }

  /** After a loss the publishers' order counts from what is left. */
  #recount(log: LogModel): void {
    for (const key of this.#highest.keys()) if (key.startsWith(`${log.channel} `)) this.#highest.delete(key);
    for (const { id } of log.kept) {
      const published = this.#published.get(id);
      if (published !== undefined)
        this.#highest.set(`${log.channel} ${published.publisher}`, published.sequence);
    }
  }
}
