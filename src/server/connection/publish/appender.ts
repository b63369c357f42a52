/** Publishes on their way to the broker: entries and changes to logs, which it answers, and signals to whoever is there. */
import {
  type Appended,
  type Broker,
  type Changed,
  type ChangesDraft,
  type Draft,
  type LogOptions,
  type Signal,
  type SlotsOptions,
} from "../../../broker/index.js";
import { detach, type OnError } from "../../guard.js";
import type { Clock } from "../../../protocol/index.js";
import { readsOfSlots, type ReadLimit } from "../../feed/read-limit.js";
import { AppendQueue, READ, asError, tell, type Job as QueueJob } from "./append-queue.js";
import type { ChangeJob } from "./changes/change-job.js";
import { ChangeLine } from "./changes/change-line.js";

/** A publish that waits for its outcome. */
export type Job = QueueJob<Draft, Appended>;

/** A signal that waits to be handed over. */
export interface SignalJob {
  readonly signal: Signal;
  done(outcome: "sent" | Error): void;
}

/** What a change counts beside its slot and payload, in bytes: so that 2,000 changes are as much as one call takes. */
const CHANGE_BYTES = 512;

export class Appender {
  readonly #broker: Broker;
  readonly #onError: OnError;
  readonly #entries: AppendQueue<Draft, Appended, LogOptions>;
  readonly #changes: AppendQueue<ChangesDraft, Changed, SlotsOptions>;
  readonly #signals = new Map<string, SignalJob[]>();
  /** Of the channels on which publishes depend on what slots hold, while there are such. */
  readonly #lines = new Map<string, ChangeLine>();
  readonly #clock: Clock;
  readonly #reads: ReadLimit;

  /**
   * @param onError is told what the jobs throw, which costs none of the others its outcome
   * @param reads for what slots hold
   */
  constructor(broker: Broker, clock: Clock, onError: OnError, reads: ReadLimit = readsOfSlots()) {
    this.#broker = broker;
    this.#clock = clock;
    this.#onError = onError;
    this.#reads = reads;
    const entries = {
      append: (channel: string, drafts: readonly Draft[], options: LogOptions) =>
        broker.append(channel, drafts, options),
      sizeOf: ({ data }: Draft) => data.length,
    };
    const changes = {
      append: (channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions) =>
        broker.change(channel, drafts, options),
      sizeOf: sizeOfChanges,
    };
    this.#entries = new AppendQueue(entries, clock, onError);
    this.#changes = new AppendQueue(changes, clock, onError);
  }

  append(channel: string, options: LogOptions, job: Job): void {
    this.#entries.add(channel, options, job);
  }

  change(channel: string, options: SlotsOptions, job: ChangeJob): void {
    const line = this.#lines.get(channel);
    if (line === undefined && job.dependence === undefined) this.#changes.add(channel, options, job);
    else (line ?? this.#newLine(channel, options)).add(job);
  }

  #newLine(channel: string, options: SlotsOptions): ChangeLine {
    const owner = {
      broker: this.#broker,
      clock: this.#clock,
      reads: this.#reads,
      onError: this.#onError,
      queue: (job: QueueJob<ChangesDraft, Changed>, first: boolean) =>
        this.#changes.add(channel, options, job, first),
      idle: () => this.#lines.delete(channel),
    };
    const line = new ChangeLine(owner, channel, options);
    this.#lines.set(channel, line);
    return line;
  }

  signal(channel: string, job: SignalJob): void {
    const waiting = this.#signals.get(channel);
    if (waiting !== undefined) {
      waiting.push(job);
      return;
    }
    this.#signals.set(channel, [job]);
    detach(this.#runSignals(channel), this.#onError);
  }

  /** How many publishes wait for the broker. */
  get waiting(): number {
    let count = this.#entries.waiting + this.#changes.waiting;
    for (const line of this.#lines.values()) count += line.waiting;
    return count;
  }

  async #runSignals(channel: string): Promise<void> {
    await READ;
    for (;;) {
      const batch = this.#signals.get(channel)?.splice(0) ?? [];
      if (batch.length === 0) {
        this.#signals.delete(channel);
        return;
      }
      const outcome = await this.#send(channel, batch);
      for (const job of batch) tell(job, outcome, this.#onError);
    }
  }

  async #send(channel: string, batch: readonly SignalJob[]): Promise<"sent" | Error> {
    try {
      await this.#broker.signal(
        channel,
        batch.map((job) => job.signal),
      );
      return "sent";
    } catch (error) {
      return asError(error);
    }
  }
}

function sizeOfChanges({ changes, if: conditions = [] }: ChangesDraft): number {
  let size = CHANGE_BYTES * conditions.length;
  for (const { slot, data } of changes) size += CHANGE_BYTES + slot.length + (data?.length ?? 0);
  return size;
}
