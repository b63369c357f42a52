/** Follows one subscriber of a state channel: after each message it holds what the log was at its cursor, seen as it sees it. */
import type { Place, StateEvent } from "../../events.js";
import type { Findings } from "../../findings.js";
import type { StateLog } from "./log-model.js";

type Opened = StateEvent & { is: "view" };
type Applied = StateEvent & { is: "applied" };
type Leap = StateEvent & { is: "leap" };

export class Viewer {
  readonly #name: string;
  readonly #view: string;
  readonly #graves: number;
  readonly #log: StateLog;
  readonly #findings: Findings;
  #at: Place;
  /** Up to where it has seen something of the channel that it is still to be told all of: nothing older is told. */
  #seen: Place | undefined;
  #digest: number;
  /** Whether it began with nothing: then it is told of all there is. */
  readonly #isFresh: boolean;
  /** How much it has applied, and how much of it at the last look. */
  applied = 0;
  #before = 0;
  #paused = false;

  get channel(): string {
    return this.#log.channel;
  }

  constructor({ subscriber, view, at, seen, graves, digest }: Opened, log: StateLog, findings: Findings) {
    this.#name = subscriber;
    this.#view = view;
    this.#graves = graves;
    this.#log = log;
    this.#findings = findings;
    this.#at = at;
    this.#seen = seen;
    this.#digest = digest;
    this.#isFresh = at.offset === 0;
  }

  message({ at, digest }: Applied): void {
    const moment = this.#log.at(at);
    const { channel } = this.#log;
    this.applied++;
    if (at.epoch !== this.#at.epoch || (at.offset < this.#at.offset && this.#at.offset > 0))
      this.#wrong("one order", `came from ${show(this.#at)} to ${show(at)} of ${channel} with a message`);
    else if (this.#seen !== undefined && at.offset < this.#seen.offset)
      this.#wrong("one order", `was shown ${show(at)} of ${channel}, and had seen ${show(this.#seen)}`);
    if (moment === undefined)
      this.#wrong("one map", `applied a message at ${show(at)} of ${channel}, where the log never was`);
    else if (moment.digests[this.#view] !== digest) {
      this.#wrong(
        "one map",
        `came from ${show(this.#at)} to ${show(at)} of ${channel}, and holds another map of ${this.#view} than the log`,
      );
    }
    this.#digest = digest;
    this.#at = at;
    this.#seen = undefined;
  }

  /** It was told that something happened to what it holds, and stands at `at`. */
  leap({ after, at, reason }: Leap): void {
    // The answer had named another epoch than that of what it has seen.
    if (this.#seen && after === 0 && this.#at.offset === 0 && reason === "failover" && at.offset === 0) {
      this.#at = at;
      return;
    }
    const from = this.#seen ?? this.#at;
    const log = this.#log;
    const dishonest = (why: string): void =>
      this.#wrong(
        "honest gaps",
        `was told "${reason}" from ${show(from)} to ${show(at)} of ${log.channel}: ${why}`,
      );
    if (after !== from.offset) dishonest(`it says after ${after}`);
    const isAnew = reason !== "failover" || this.#seen !== undefined;
    if (at.offset !== (isAnew ? 0 : after)) dishonest("it leads to where nothing is told from");
    const moment = log.at(from);
    switch (reason) {
      case "failover":
        if (at.epoch === from.epoch) dishonest("the epoch is the same");
        // What it saw is what the log was there in the new epoch too.
        else if (log.at({ epoch: at.epoch, offset: after }) !== log.at(from))
          dishonest("what it saw was lost");
        break;
      case "rollback":
        if (moment !== undefined && log.stands(from)) dishonest("nothing that it saw was lost");
        break;
      case "epoch":
        if (log.lists(from.epoch)) dishonest("the log still knows that epoch");
        break;
      case "trimmed": {
        const deleted = log.now.deletes - (moment?.deletes ?? 0);
        if (after >= log.floor && deleted < this.#graves * KEPT && log.losses === 0)
          dishonest(`only ${deleted} keys were deleted since`);
      }
    }
    this.#at = at;
    const isStill = isAnew && (reason === "trimmed" || reason === "failover");
    this.#seen = isStill ? { epoch: at.epoch, offset: after } : undefined;
  }

  /** It came back, and stands there; it begins anew where it asked for another view than before. */
  resume(at: Place, seen: Place | undefined): void {
    this.#at = at;
    this.#seen = seen;
  }

  pause(isPaused: boolean): void {
    this.#paused = isPaused;
  }

  /** It waits for the rest of a message. Where that is of an epoch before it may never come, and who is paused is not told so. */
  within(): void {
    if (!this.#paused || this.#at.epoch === this.#log.epoch)
      this.#wrong("no complaints", `never got the rest of a message of ${this.#log.channel}`);
  }

  /** Time enough has passed: it holds what the log holds, and it has been told of what was said. */
  quiet(final: boolean): void {
    if (this.#paused) return;
    const { now, channel } = this.#log;
    // Keys expire also when it is quiet.
    const recent = this.#log.since(this.#findings.time - TELL_MS);
    if (!recent.some(({ digests }) => this.#digest === digests[this.#view]))
      this.#wrong(
        "progress",
        `stands at ${show(this.#at)} of ${channel}, and does not hold what ${this.#log.epoch}:${now.offset} is`,
      );
    // Those who see little are told where they stand, too.
    else if (this.#at.offset < (recent.at(-1)?.offset ?? 0))
      this.#wrong("progress", `stands at ${show(this.#at)} of ${channel}, long after ${now.offset}`);
    if (this.applied === 0 && this.#isFresh) this.#wrong("progress", `has applied nothing of ${channel}`);
    // Somebody has spoken to everybody who sees all of it.
    if (final && this.#view === "all" && this.applied === this.#before)
      this.#wrong("progress", `was not told of the last change of ${channel}`);
    this.#before = this.applied;
  }

  #wrong(
    promise: "one map" | "one order" | "honest gaps" | "progress" | "no complaints",
    what: string,
  ): void {
    this.#findings.add(promise, `${this.#name} ${what}`);
  }
}

/** By then everybody has been told: those with the slowest rate, and those who are only told where they stand. */
const TELL_MS = 12_000;
/** A node lets go of some tombstones at once: so much of what it may keep it keeps at least. */
const KEPT = 0.75;

export function show({ epoch, offset }: Place): string {
  return `${epoch}:${offset}`;
}
