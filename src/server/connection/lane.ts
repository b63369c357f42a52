import { isPromise } from "../channels/validate.js";

/** Whose lane it is. */
export interface LaneOwner {
  /** What took its time is over, and nothing waits. */
  laneIdle(): void;
}

/** Runs one thing after the other. What can be done at once is done at once; nothing is queued for nothing. */
export class Lane {
  readonly #owner: LaneOwner | undefined;
  #last: Promise<void> | undefined;

  constructor(owner?: LaneOwner) {
    this.#owner = owner;
  }

  /** Whether something is under way. */
  get busy(): boolean {
    return this.#last !== undefined;
  }

  /** Runs `task` after all tasks before it. It must not throw or reject. */
  run(task: () => void | PromiseLike<void>): void {
    const started = this.#last === undefined ? task() : this.#last.then(task);
    if (!isPromise(started)) return;
    const last: Promise<void> = Promise.resolve(started).then(() => {
      if (this.#last !== last) return;
      this.#last = undefined;
      this.#owner?.laneIdle();
    });
    this.#last = last;
  }
}
