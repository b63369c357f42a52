/** What `useSyncExternalStore` asks for: a value that is the same until something changes, and who is told then. */
export interface View<Snapshot> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => Snapshot;
  /** What it was at first, which is what a server renders. */
  readonly initial: () => Snapshot;
}

export interface ChangingView<Snapshot> extends View<Snapshot> {
  /** Tells the listeners, once for all changes of a turn. */
  readonly changed: () => void;
}

/**
 * @param make the value as it is now
 * @param hold called with each listener; returns what to call when that one is gone
 */
export function createView<Snapshot>(make: () => Snapshot, hold: () => () => void): ChangingView<Snapshot> {
  const listeners = new Set<() => void>();
  const initial = make();
  let current = initial;
  let fresh = true;
  let telling = false;

  function tell(): void {
    telling = false;
    for (const listener of listeners) listener();
  }

  return {
    subscribe(listener) {
      const release = hold();
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        release();
      };
    },
    snapshot() {
      if (!fresh) {
        fresh = true;
        current = make();
      }
      return current;
    },
    initial: () => initial,
    changed() {
      fresh = false;
      if (telling) return;
      telling = true;
      queueMicrotask(tell);
    },
  };
}
