import type { RoomSignal } from "../tick-message.js";

/** Called with each signal of the rooms that a node owns. */
export type OnSignal = (channel: string, signal: RoomSignal) => void;

/** Those on a node who are told what its owners tell all nodes. */
export class Listeners {
  readonly #onThrown: (channel: string, error: unknown) => void;
  #all: readonly OnSignal[] = [];

  /** @param onThrown told what one of them throws; must not throw */
  constructor(onThrown: (channel: string, error: unknown) => void) {
    this.#onThrown = onThrown;
  }

  /** Returns the way to stop. */
  add(onSignal: OnSignal): () => void {
    this.#all = [...this.#all, onSignal];
    return () => {
      this.#all = this.#all.filter((other) => other !== onSignal);
    };
  }

  /** Hot: once a tick. */
  tell(channel: string, signal: RoomSignal): void {
    for (const listener of this.#all) {
      try {
        listener(channel, signal);
      } catch (error) {
        this.#onThrown(channel, error);
      }
    }
  }
}
