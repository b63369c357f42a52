import type { NodeInfo } from "../contract.js";

type Listener = (text: string) => void;

interface Present {
  info: NodeInfo;
  listeners: readonly Listener[];
}

/** The nodes of a store, and what they tell each other. */
export class NodeDirectory {
  readonly #nodes = new Map<number, Present>();
  readonly #onError: (error: unknown) => void;

  /** `onError` is given what a listener throws. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(node: number, info: NodeInfo): void {
    this.#nodes.set(node, { info, listeners: [] });
  }

  drop(node: number): void {
    this.#nodes.delete(node);
  }

  report(node: number, load: NodeInfo["load"]): void {
    const present = this.#nodes.get(node);
    if (present !== undefined) present.info = { ...present.info, load: { ...load } };
  }

  list(): NodeInfo[] {
    return Array.from(this.#nodes.values(), ({ info }) => info);
  }

  /** Tells who listens now, in a turn of their own. */
  send(id: string, text: string): void {
    for (const present of this.#nodes.values()) {
      if (id !== "*" && id !== present.info.id) continue;
      for (const listener of present.listeners) {
        queueMicrotask(() => {
          if (!present.listeners.includes(listener)) return;
          try {
            listener(text);
          } catch (error) {
            this.#onError(error);
          }
        });
      }
    }
  }

  listen(node: number, listener: Listener): () => void {
    const present = this.#nodes.get(node);
    if (present === undefined) return () => {};
    // One of its own, so that the same function may listen twice.
    const own: Listener = (text) => listener(text);
    present.listeners = [...present.listeners, own];
    return () => {
      present.listeners = present.listeners.filter((other) => other !== own);
    };
  }

  /** Nobody listens on this node any more. */
  silence(node: number): void {
    const present = this.#nodes.get(node);
    if (present !== undefined) present.listeners = [];
  }
}
