interface Due {
  readonly slot: string;
  readonly at: number;
}

/** What is out of date is cleared away when the heap has grown to twice of what it was then, and this much. */
const LEAST_GROWN = 64;

/**
 * Which slot is due next: a heap in which what is out of date is left lying until it comes to the top, or until there is as
 * much of it as of the rest. A slot that is renewed every second for a day must not leave a day of seconds here.
 */
export class DueTimes {
  readonly #dueOf: (slot: string) => number | undefined;
  #heap: Due[] = [];
  /** How many there were after the last clearing. */
  #cleared = 0;

  /** @param dueOf when a slot is due as things stand */
  constructor(dueOf: (slot: string) => number | undefined) {
    this.#dueOf = dueOf;
  }

  /** A slot has another time from now on; `Infinity` is none. */
  add(slot: string, at: number): void {
    if (at === Infinity) return;
    if (this.#heap.length >= 2 * this.#cleared + LEAST_GROWN) this.#clear();
    const heap = this.#heap;
    let i = heap.length;
    heap.push({ slot, at });
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((heap[parent] as Due).at <= at) break;
      heap[i] = heap[parent] as Due;
      i = parent;
    }
    heap[i] = { slot, at };
  }

  /** The earliest time; `undefined` where there is none. */
  next(): number | undefined {
    for (;;) {
      const [first] = this.#heap;
      if (first === undefined) return undefined;
      if (this.#dueOf(first.slot) === first.at) return first.at;
      this.#dropFirst();
    }
  }

  /** Up to `limit` slots whose time is at or before `at`, the earliest first. */
  until(at: number, limit: number): string[] {
    const due = new Map<string, number>();
    for (const one of this.#heap)
      if (one.at <= at && this.#dueOf(one.slot) === one.at) due.set(one.slot, one.at);
    const sorted = [...due].sort(([, one], [, other]) => one - other);
    return sorted.slice(0, limit).map(([slot]) => slot);
  }

  #clear(): void {
    const current = new Map<string, Due>();
    for (const due of this.#heap) if (this.#dueOf(due.slot) === due.at) current.set(due.slot, due);
    // Sorted, it is a heap.
    this.#heap = [...current.values()].sort((one, other) => one.at - other.at);
    this.#cleared = this.#heap.length;
  }

  #dropFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Due).at < (heap[child] as Due).at) child++;
      if ((heap[child] as Due).at >= last.at) break;
      heap[i] = heap[child] as Due;
      i = child;
    }
    heap[i] = last;
  }
}
