import { isPromise } from "../../channels/validate.js";
import type { OnError } from "../../guard.js";

/** Whose queue it is: told of what happens in it. */
export interface TaskQueueOwner {
  /** A task that took its time is over, and none waits. */
  queueIdle(): void;
  /** A task has failed that had to be waited for. */
  readonly taskFailed: OnError;
}

/** Runs one task after the other. A task that can be done at once is done at once; nothing is queued for nothing. */
export class TaskQueue {
  readonly #owner: TaskQueueOwner;
  #last: Promise<void> | undefined;

  constructor(owner: TaskQueueOwner) {
    this.#owner = owner;
  }

  /** Whether something is under way. */
  get busy(): boolean {
    return this.#last !== undefined;
  }

  /**
   * Runs `task` after all tasks before it. Tasks that fail are told of, and do not stop the others.
   *
   * @throws what a task throws that is run at once
   */
  run(task: () => void | PromiseLike<void>): void {
    const started = this.#last === undefined ? task() : this.#last.then(task);
    if (!isPromise(started)) return;
    const last: Promise<void> = Promise.resolve(started).then(
      () => this.#ended(last),
      (error: unknown) => {
        this.#owner.taskFailed(error);
        this.#ended(last);
      },
    );
    this.#last = last;
  }

  #ended(task: Promise<void>): void {
    if (this.#last !== task) return;
    this.#last = undefined;
    this.#owner.queueIdle();
  }
}
