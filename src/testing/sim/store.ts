/** The memory broker's own store, which also writes down the truth: every append, what is trimmed, what is lost. */
import {
  BrokerError,
  type Appended,
  type Changed,
  type ChangesDraft,
  type Draft,
  type LogOptions,
  type Page,
  type ReadFrom,
  type SlotsFrom,
  type SlotsOptions,
  type SlotsPage,
} from "../../broker/index.js";
import type { ReignAnswer, ReignStep } from "../../broker/log/reign.js";
import { MemoryStore, type StoreOptions, type StoreSnapshot } from "../../broker/memory/store.js";
import { MAX_OFFSET, type Clock } from "../../protocol/index.js";
import { idOf } from "./payload.js";
import type { Recorder } from "./recorder.js";
import { RecordedSlots } from "./state/recorded-slots.js";

/** Sees all that happens to logs by slots, as it happens. */
export interface SlotsWitness {
  /** The store may go on from what it is now: from these logs. */
  saved?(logs: StoreSnapshot["slots"]): void;
  /** The store goes on from what it was, or from nothing. */
  restored(logs: StoreSnapshot["slots"]): void;
  /** Somebody has read. */
  read(channel: string, page: SlotsPage): void;
  /** What became of drafts. */
  changed(channel: string, drafts: readonly ChangesDraft[], outcomes: readonly Changed[]): void;
  /** What became of a step of a reign. */
  reigned?(channel: string, step: ReignStep, answer: ReignAnswer): void;
}

interface Known {
  head: number;
  trimmed: number;
  /** Until when the log keeps something, and so may not be forgotten; in the broker's steady milliseconds. */
  keptUntil: number;
}

const LOOK = { before: MAX_OFFSET, limit: 1, bytes: 0 } as const;
const LOOK_AT_SLOTS = { after: MAX_OFFSET, limit: 0, bytes: 0 } as const;

export class RecordingStore extends MemoryStore {
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  readonly #slots: SlotsWitness;
  /** Failovers and restarts so far; a log that changed without one was dropped. */
  #failures = 0;
  /** How many faults fill the disk just now. */
  full = 0;
  /** Entries ever appended, and steps of reigns. */
  appends = 0;
  readonly #seenFailures = new Map<string, number>();

  constructor(
    options: StoreOptions,
    recorder: Recorder,
    slots: SlotsWitness = new RecordedSlots(recorder, options.clock),
  ) {
    super(options);
    this.#recorder = recorder;
    this.#clock = options.clock;
    this.#slots = slots;
  }

  /** A fault has taken something away, or is about to. */
  failed(): void {
    this.#failures += 1;
  }

  override append(channel: string, drafts: readonly Draft[], options: LogOptions): Appended[] {
    this.#mustHaveRoom();
    const before = this.#look(channel, options);
    const outcomes = super.append(channel, drafts, options);
    let prev = before.head;
    const epoch = super.read(channel, LOOK, options).epochs.at(-1)?.epoch ?? "";
    for (let i = 0; i < outcomes.length; i++) {
      const outcome = outcomes[i];
      if (outcome === undefined || !("offset" in outcome) || outcome.duplicate) continue;
      const { offset } = outcome;
      this.#recorder.add({ is: "append", channel, epoch, offset, prev, id: idOf((drafts[i] as Draft).data) });
      prev = offset;
      this.appends += 1;
    }
    this.#know(channel).head = prev;
    this.#look(channel, options);
    return outcomes;
  }

  #mustHaveRoom(): void {
    if (this.full > 0) throw new BrokerError("unavailable", "the disk did not take it");
  }

  override read(channel: string, from: ReadFrom, options: LogOptions): Page {
    this.#look(channel, options);
    return super.read(channel, from, options);
  }

  override change(channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Changed[] {
    this.#mustHaveRoom();
    const outcomes = super.change(channel, drafts, options);
    this.#slots.changed(channel, drafts, outcomes);
    // Only now: a look before it would have opened the new epoch, which is the broker's to do.
    this.#slots.read(channel, super.readSlots(channel, LOOK_AT_SLOTS, options));
    this.appends += outcomes.filter((outcome) => "offset" in outcome && !outcome.duplicate).length;
    return outcomes;
  }

  override reign(channel: string, step: ReignStep, options: LogOptions | SlotsOptions): ReignAnswer {
    this.#mustHaveRoom();
    // As an entry it is written, so a folder from before it has lost something.
    this.appends += 1;
    const answer = super.reign(channel, step, options);
    this.#slots.reigned?.(channel, step, answer);
    return answer;
  }

  override readSlots(channel: string, from: SlotsFrom, options: SlotsOptions): SlotsPage {
    const page = super.readSlots(channel, from, options);
    this.#slots.read(channel, page);
    return page;
  }

  override snapshot(): StoreSnapshot {
    const snapshot = super.snapshot();
    this.#slots.saved?.(snapshot.slots);
    return snapshot;
  }

  override restore(snapshot: StoreSnapshot, isLess?: boolean): void {
    super.restore(snapshot, isLess);
    this.#slots.restored(snapshot.slots);
  }

  /** Compares with what was known, and writes down how it differs. */
  #look(channel: string, options: LogOptions): Known {
    const { head, oldestPrev } = super.read(channel, LOOK, options);
    const known = this.#know(channel);
    if (head !== known.head) {
      const allowed =
        this.#seenFailures.get(channel) !== this.#failures || known.keptUntil < this.#clock.monotonic();
      this.#recorder.add({ is: "loss", channel, head, allowed });
      known.head = head;
      known.trimmed = Math.min(known.trimmed, head);
    }
    this.#seenFailures.set(channel, this.#failures);
    if (oldestPrev > known.trimmed) {
      this.#recorder.add({ is: "trim", channel, until: oldestPrev });
      known.trimmed = oldestPrev;
    }
    const keeps = oldestPrev < head ? (options.keeping.retain?.age ?? Infinity) : options.dedupe;
    known.keptUntil = this.#clock.monotonic() + keeps;
    return known;
  }

  #know(channel: string): Known {
    let known = this.#known.get(channel);
    if (known === undefined) this.#known.set(channel, (known = { head: 0, trimmed: 0, keptUntil: 0 }));
    return known;
  }
}
