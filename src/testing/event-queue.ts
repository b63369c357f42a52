/** Something that is due at a time; `run` is gone when it was cancelled. */
export interface QueuedEvent {
  readonly due: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Events by time, and in the order in which they were added where the time is the same: a binary heap. */
export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #added = 0;

  /** The event that is due first, cancelled ones left out. */
  get first(): QueuedEvent | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].run === undefined) this.#removeFirst();
    return this.#heap[0];
  }

  add(due: number, run: () => void): QueuedEvent {
    const event: QueuedEvent = { due, order: this.#added++, run };
    let at = this.#heap.length;
    this.#heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = event;
    return event;
  }

  /** Takes the first event out. */
  take(): QueuedEvent | undefined {
    const event = this.first;
    if (event !== undefined) this.#removeFirst();
    return event;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = this.#heap[child];
      const right = this.#heap[child + 1];
      let smaller = left;
      if (left !== undefined && right !== undefined && isBefore(right, left)) {
        smaller = right;
        child += 1;
      }
      if (smaller === undefined || isBefore(last, smaller)) break;
      this.#heap[at] = smaller;
      at = child;
    }
    this.#heap[at] = last;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.due === b.due ? a.order < b.order : a.due < b.due;
}
