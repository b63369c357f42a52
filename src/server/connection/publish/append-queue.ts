/**
 * Drafts on their way to the broker. Per channel one append is under way; what comes meanwhile goes together in the next, in
 * order. So a busy channel costs one broker call for many drafts and a quiet one waits for nothing.
 */
import type { Clock } from "../../../protocol/index.js";
import { detach, textOf, type OnError } from "../../guard.js";

/** A draft that waits for its outcome. */
export interface Job<Draft, Outcome> {
  /**
   * The draft, with the time that is left for it as `within`; `undefined` when there is none any more.
   *
   * @param now on the monotonic clock
   */
  draftAt(now: number): Draft | undefined;
  /** Asked at the last moment: whether an earlier publish of the same queue has failed, so that this one fails too. */
  aborted(): boolean;
  /** Called once, in the order of the jobs: what became of the publish, or why it failed. */
  done(outcome: Outcome | "aborted" | "late" | Error): void;
}

/** How drafts of one sort are appended. */
export interface Appending<Draft, Outcome, Options> {
  append(channel: string, drafts: readonly Draft[], options: Options): Promise<Outcome[]>;
  /** What a draft counts, in bytes. */
  sizeOf(draft: Draft): number;
}

/** The most drafts in one append. */
const MAX_BATCH = 256;
/** The most bytes in one append. */
const MAX_BATCH_BYTES = 1024 * 1024;

/** Waited for so that publishes of one read go together: otherwise the first of them would go alone. */
export const READ = Promise.resolve();

export class AppendQueue<Draft, Outcome, Options> {
  readonly #how: Appending<Draft, Outcome, Options>;
  readonly #clock: Clock;
  readonly #onError: OnError;
  readonly #queues = new Map<string, Job<Draft, Outcome>[]>();

  /** @param onError is told what the jobs throw, which costs none of the others its outcome */
  constructor(how: Appending<Draft, Outcome, Options>, clock: Clock, onError: OnError) {
    this.#how = how;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** @param first whether the job goes before all that wait */
  add(channel: string, options: Options, job: Job<Draft, Outcome>, first = false): void {
    const waiting = this.#queues.get(channel);
    if (waiting !== undefined) {
      if (first) waiting.unshift(job);
      else waiting.push(job);
      return;
    }
    this.#queues.set(channel, [job]);
    detach(this.#run(channel, options), this.#onError);
  }

  /** How many drafts wait for the broker. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.length;
    return count;
  }

  async #run(channel: string, options: Options): Promise<void> {
    await READ;
    for (;;) {
      const drafts: Draft[] = [];
      const batch = this.#take(this.#queues.get(channel) as Job<Draft, Outcome>[], drafts);
      if (batch.length > 0) {
        const outcomes = await this.#append(channel, drafts, options);
        for (let i = 0; i < batch.length; i++) {
          const outcome = outcomes instanceof Error ? outcomes : outcomes[i];
          tell(
            batch[i] as Job<Draft, Outcome>,
            outcome ?? new Error("the broker gave fewer outcomes than drafts"),
            this.#onError,
          );
        }
      }
      if (this.#queues.get(channel)?.length === 0) {
        this.#queues.delete(channel);
        return;
      }
    }
  }

  /** The next batch, and its drafts. Jobs whose queue has failed, or whose time is over, are answered here instead. */
  #take(queue: Job<Draft, Outcome>[], drafts: Draft[]): Job<Draft, Outcome>[] {
    const now = this.#clock.monotonic();
    const batch: Job<Draft, Outcome>[] = [];
    let taken = 0;
    let bytes = 0;
    for (const job of queue) {
      if (batch.length === MAX_BATCH || bytes > MAX_BATCH_BYTES) break;
      taken++;
      if (job.aborted()) {
        tell(job, "aborted", this.#onError);
        continue;
      }
      const draft = job.draftAt(now);
      if (draft === undefined) {
        tell(job, "late", this.#onError);
        continue;
      }
      batch.push(job);
      drafts.push(draft);
      bytes += this.#how.sizeOf(draft);
    }
    queue.splice(0, taken);
    return batch;
  }

  async #append(channel: string, drafts: readonly Draft[], options: Options): Promise<Outcome[] | Error> {
    try {
      return await this.#how.append(channel, drafts, options);
    } catch (error) {
      return asError(error);
    }
  }
}

/** Tells a job its outcome; what it throws costs nobody else anything. */
export function tell<Outcome>(
  job: { done(outcome: Outcome): void },
  outcome: Outcome,
  onError: OnError,
): void {
  try {
    job.done(outcome);
  } catch (error) {
    onError(error);
  }
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown));
}
