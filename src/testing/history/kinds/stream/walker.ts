/** Follows one subscriber of a stream along the log: each thing it is told must follow from where it stood. */
import type { MessageId, Place, SubscriberEvent } from "../../events.js";
import type { Findings } from "../../findings.js";
import type { LogModel, ModelEntry } from "./log-model.js";

type GapSeen = SubscriberEvent & { is: "gap" };

export class Walker {
  readonly #name: string;
  readonly #log: LogModel;
  readonly #findings: Findings;
  #at: Place;
  readonly #seen = new Map<MessageId, { readonly entry: ModelEntry; readonly turn: number }>();
  /** Counts the gaps that took it back: what was lost may come again behind one. */
  #turn = 0;
  /** What was passed over and has not come yet: the end decides whether it was lost or out of order. */
  readonly #skipped = new Map<
    ModelEntry,
    { readonly before: MessageId; readonly event: number; readonly time: number }
  >();

  constructor(name: string, log: LogModel, at: Place, findings: Findings) {
    this.#name = name;
    this.#log = log;
    this.#at = at;
    this.#findings = findings;
  }

  message(id: MessageId, at: Place): void {
    const entry = this.#log.entryAt(at);
    const { channel } = this.#log;
    if (entry === undefined || entry.id !== id) {
      const there = entry === undefined ? "nothing is" : `${entry.id} is`;
      this.#findings.add("one order", `${this.#name} got ${id} at ${show(at)} of ${channel}, where ${there}`);
      this.#at = at;
      return;
    }
    const before = this.#seen.get(id);
    const again = before?.entry === entry;
    if (before !== undefined && again && !(entry.void && before.turn < this.#turn)) {
      this.#findings.add("no repeats", `${this.#name} got ${id} (${at.offset} of ${channel}) twice`);
    } else if (this.#skipped.delete(entry)) {
      this.#findings.add(
        "one order",
        `${this.#name} got ${id} (${at.offset} of ${channel}) after ${this.#at.offset}, which comes later in the log`,
      );
    } else if (at.epoch !== this.#at.epoch) {
      this.#findings.add(
        "no silence",
        `${this.#name} went from ${show(this.#at)} to ${show(at)} of ${channel} without a gap between the epochs`,
      );
    } else if (entry.offset <= this.#at.offset) {
      this.#findings.add(
        "one order",
        `${this.#name} got ${id} (${at.offset} of ${channel}) when it stood at ${this.#at.offset} already`,
      );
    } else if (entry.prev !== this.#at.offset) this.#skip(entry);
    if (before !== undefined && !again && !before.entry.void) {
      const places = `as ${before.entry.offset} and as ${at.offset}`;
      this.#findings.add("no repeats", `${this.#name} got ${id} twice: ${places} of ${channel}`);
    }
    this.#seen.set(id, { entry, turn: this.#turn });
    if (at.epoch !== this.#at.epoch || at.offset > this.#at.offset) this.#at = at;
  }

  gap({ after, at, reason }: GapSeen): void {
    const { channel } = this.#log;
    const from = this.#at;
    const dishonest = (why: string): void =>
      this.#findings.add(
        "honest gaps",
        `${this.#name} was told "${reason}" from ${show(from)} to ${show(at)} of ${channel}: ${why}`,
      );
    if (after !== from.offset) dishonest(`it says after ${after}`);
    switch (reason) {
      case "trimmed":
        if (at.offset <= from.offset) dishonest("it does not lead forward");
        if (at.offset > this.#log.trimmed) dishonest(`what comes after ${this.#log.trimmed} is kept`);
        break;
      case "failover":
        if (at.offset !== from.offset) dishonest("what it saw is said to stand, but it is moved");
        else if (!this.#log.isLater(at.epoch, from.epoch)) dishonest("no later epoch begins there");
        break;
      case "rollback":
        if (this.#log.stands(from)) dishonest("nothing that it saw was lost");
        break;
      case "epoch":
        if (this.#log.lists(from.epoch)) dishonest("the log still knows that epoch");
    }
    if (reason === "rollback" || reason === "epoch") this.#turn += 1;
    this.#at = at;
  }

  resume(at: Place): void {
    if (at.offset === this.#at.offset && at.epoch === this.#at.epoch) return;
    this.#findings.add(
      "no silence",
      `${this.#name} came back at ${show(at)} of ${this.#log.channel}, but had stood at ${show(this.#at)}`,
    );
    this.#at = at;
  }

  /** Time enough has passed: it stands at the head, unless the head went away and nobody could know yet. */
  quiet(final: boolean): void {
    const { head } = this.#log;
    if (this.#at.offset === head.offset && (this.#at.epoch === head.epoch || head.epoch === "")) return;
    if (!final && this.#log.lossUntold) return;
    this.#findings.add(
      "progress",
      `${this.#name} stands at ${show(this.#at)} of ${this.#log.channel}, the head is ${show(head)}`,
    );
  }

  end(): void {
    for (const [{ id, offset }, { before, event, time }] of this.#skipped) {
      const message = `${this.#name} never got ${id} (${offset} of ${this.#log.channel}): ${before} came instead, and no gap`;
      this.#findings.violations.push({ promise: "no silence", message, event, time });
    }
  }

  #skip(entry: ModelEntry): void {
    const { event, time } = this.#findings;
    const missing = this.#log.between(this.#at.offset, entry);
    for (const skipped of missing) this.#skipped.set(skipped, { before: entry.id, event, time });
    if (missing.length > 0) return;
    this.#findings.add(
      "one order",
      `${this.#name} got ${entry.id} after ${show(this.#at)} of ${this.#log.channel}, but it follows ${entry.prev}`,
    );
  }
}

export function show({ epoch, offset }: Place): string {
  return `${epoch}:${offset}`;
}
