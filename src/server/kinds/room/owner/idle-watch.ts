import type { Clock, Timer } from "../../../../protocol/index.js";

/** A room without a seat is stopped after so long, in milliseconds; the next join takes it up again. */
export const IDLE_MS = 30_000;

export interface IdleDeps {
  /** Whether nobody is in the room, or about to be. */
  readonly isIdle: () => boolean;
  readonly onIdle: () => void;
}

/** Notices that a room has been without anybody for {@link IDLE_MS}. */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #deps: IdleDeps;
  #timer: Timer;

  constructor(clock: Clock, deps: IdleDeps) {
    this.#clock = clock;
    this.#deps = deps;
  }

  /** To be called whenever it may have changed. Hot: once a tick. */
  look(): void {
    if (!this.#deps.isIdle()) return this.stop();
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#deps.isIdle()) this.#deps.onIdle();
    }, IDLE_MS);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
