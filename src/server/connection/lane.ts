import { isPromise } from "../channels/validate.js";
import type { OnError } from "../guard.js";

/** Whose lane it is. */
export interface LaneOwner {
  /** What took its time is over, and nothing waits. */
  laneIdle(): void;
  /** A task has failed that had to be waited for. */
  readonly laneFailed: OnError;
}

/** Runs one thing after the other. What can be done at once is done at once; nothing is queued for nothing. */
export class Lane {
  readonly #owner: LaneOwner;
  #last: Promise<void> | undefined;

  constructor(owner: LaneOwner) {
    this.#owner = owner;
  }

  /** Whether something is under way. */
  get busy(): boolean {
    return this.#last !== undefined;
  }

  /** Runs `task` after all tasks before it. Those that fail are told, and do not stop the others. Throws what a task throws at once. */
  run(task: () => void | PromiseLike<void>): void {
    const started = this.#last === undefined ? task() : this.#last.then(task);
    if (!isPromise(started)) return;
    const last: Promise<void> = Promise.resolve(started).then(
      () => this.#ended(last),
      (error: unknown) => {
        this.#owner.laneFailed(error);
        this.#ended(last);
      },
    );
    this.#last = last;
  }

  #ended(task: Promise<void>): void {
    if (this.#last !== task) return;
    this.#last = undefined;
    this.#owner.laneIdle();
  }
}
