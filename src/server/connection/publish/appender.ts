/**
 * Publishes on their way to the broker. Per channel one append is under way; what comes meanwhile goes together
 * in the next, in order. So a busy channel costs one broker call for many messages and a quiet one waits for nothing.
 */
import type { Appended, Broker, Draft, LogOptions, Signal } from "../../../broker/index.js";
import { detach, textOf, type OnError } from "../../guard.js";
import type { Clock } from "../../../protocol/index.js";

/** A publish that waits for its outcome. */
export interface Job {
  /**
   * The draft, with the time that is left for it as `within`; `undefined` when there is none any more.
   *
   * @param now on the monotonic clock
   */
  draftAt(now: number): Draft | undefined;
  /** Asked at the last moment: whether an earlier publish of the same queue has failed, so that this one fails too. */
  aborted(): boolean;
  /** Called once, in the order of the jobs: what became of the publish, or why it failed. */
  done(outcome: Appended | "aborted" | "late" | Error): void;
}

/** A signal that waits to be handed over. */
export interface SignalJob {
  readonly signal: Signal;
  done(outcome: "sent" | Error): void;
}

/** The most drafts in one append. */
const MAX_BATCH = 256;
/** The most bytes of payload in one append. */
const MAX_BATCH_BYTES = 1024 * 1024;

/** Waited for so that publishes of one read go together: otherwise the first of them would go alone. */
const READ = Promise.resolve();

export class Appender {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #onError: OnError;
  readonly #queues = new Map<string, Job[]>();
  readonly #signals = new Map<string, SignalJob[]>();

  /** @param onError is told what the jobs throw, which costs none of the others its outcome */
  constructor(broker: Broker, clock: Clock, onError: OnError) {
    this.#broker = broker;
    this.#clock = clock;
    this.#onError = onError;
  }

  append(channel: string, options: LogOptions, job: Job): void {
    const waiting = this.#queues.get(channel);
    if (waiting !== undefined) {
      waiting.push(job);
      return;
    }
    this.#queues.set(channel, [job]);
    detach(this.#run(channel, options), this.#onError);
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
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.length;
    return count;
  }

  async #run(channel: string, options: LogOptions): Promise<void> {
    await READ;
    for (;;) {
      const drafts: Draft[] = [];
      const batch = this.#take(this.#queues.get(channel) as Job[], drafts);
      if (batch.length > 0) {
        const outcomes = await this.#append(channel, drafts, options);
        for (let i = 0; i < batch.length; i++) {
          const outcome = outcomes instanceof Error ? outcomes : outcomes[i];
          this.#tell(batch[i] as Job, outcome ?? new Error("the broker gave fewer outcomes than drafts"));
        }
      }
      if (this.#queues.get(channel)?.length === 0) {
        this.#queues.delete(channel);
        return;
      }
    }
  }

  /** The next batch, and its drafts. Jobs whose queue has failed, or whose time is over, are answered here instead. */
  #take(queue: Job[], drafts: Draft[]): Job[] {
    const now = this.#clock.monotonic();
    const batch: Job[] = [];
    let taken = 0;
    let bytes = 0;
    for (const job of queue) {
      if (batch.length === MAX_BATCH || bytes > MAX_BATCH_BYTES) break;
      taken++;
      if (job.aborted()) {
        this.#tell(job, "aborted");
        continue;
      }
      const draft = job.draftAt(now);
      if (draft === undefined) {
        this.#tell(job, "late");
        continue;
      }
      batch.push(job);
      drafts.push(draft);
      bytes += draft.data.length;
    }
    queue.splice(0, taken);
    return batch;
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
      for (const job of batch) this.#tell(job, outcome);
    }
  }

  async #append(channel: string, drafts: readonly Draft[], options: LogOptions): Promise<Appended[] | Error> {
    try {
      return await this.#broker.append(channel, drafts, options);
    } catch (error) {
      return asError(error);
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

  #tell<Outcome>(job: { done(outcome: Outcome): void }, outcome: Outcome): void {
    try {
      job.done(outcome);
    } catch (error) {
      this.#onError(error);
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown));
}
