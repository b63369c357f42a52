/** A simulated process: what stands between a program and the time that passes for it. */
import type { Clock, Timer } from "../../protocol/index.js";
import type { VirtualClock } from "../virtual-clock.js";

interface GatedTimer {
  readonly timer: Timer;
  cancelled: boolean;
}

/**
 * Runs whatever comes in from outside - timers, frames, answers. Paused it keeps it for later, as the kernel does for
 * a stopped process; dead it drops it.
 */
export class SimProcess {
  readonly clock: Clock;
  readonly #base: VirtualClock;
  #state: "running" | "paused" | "dead" = "running";
  #waiting: (() => void)[] = [];

  constructor(base: VirtualClock) {
    this.#base = base;
    this.clock = {
      now: () => base.now(),
      monotonic: () => base.monotonic(),
      setTimeout: (run, ms) => this.#gated((fire) => base.setTimeout(fire, ms), run),
      clearTimeout: (timer) => this.#cancel(timer as GatedTimer | undefined),
      setImmediate: (run) => base.setImmediate(() => this.run(run)),
    };
  }

  get state(): "running" | "paused" | "dead" {
    return this.#state;
  }

  /** Runs `task` now, or when the process goes on, or never. */
  run(task: () => void): void {
    if (this.#state === "dead") return;
    if (this.#state === "paused" || this.#waiting.length > 0) this.#waiting.push(task);
    else task();
  }

  /** Sets the wall clock of the process's machine. */
  jump(ms: number): void {
    this.#base.jump(ms);
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    this.#drain();
  }

  kill(): void {
    this.#state = "dead";
    this.#waiting = [];
  }

  /** What has waited runs in its order, each in a turn of its own. */
  #drain(): void {
    this.#base.setImmediate(() => {
      if (this.#state !== "running") return;
      this.#waiting[0]?.();
      this.#waiting.shift();
      if (this.#waiting.length > 0) this.#drain();
    });
  }

  #gated(start: (fire: () => void) => Timer, run: () => void): GatedTimer {
    const gated: GatedTimer = {
      timer: start(() => this.run(() => gated.cancelled || run())),
      cancelled: false,
    };
    return gated;
  }

  #cancel(gated: GatedTimer | undefined): void {
    if (gated === undefined) return;
    gated.cancelled = true;
    this.#base.clearTimeout(gated.timer);
  }
}
