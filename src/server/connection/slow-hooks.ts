/**
 * Hooks of the application that do not settle. Whatever waits behind such a hook waits for ever, and its client hears
 * nothing; so the log names the hook.
 */
import type { Clock, Timer } from "../../protocol/index.js";
import { isPromise } from "../channels/validate.js";

/** How long a hook may take before the log names it, in milliseconds: no client waits much longer for anything. */
const PATIENCE_MS = 10_000;

/** A hook that has been called and has not settled. */
interface Call {
  readonly hook: string;
  readonly channel: string | undefined;
  readonly since: number;
  told: boolean;
}

/** What is told: one line for each hook, however many calls of it there are. */
export interface SlowHook {
  readonly hook: string;
  /** The channel of one of the calls, where they have one. */
  readonly channel: string | undefined;
  /** How many calls have not settled for so long. */
  readonly calls: number;
}

export class SlowHooks {
  readonly #clock: Clock;
  readonly #tell: (slow: SlowHook) => void;
  readonly #calls = new Set<Call>();
  #timer: Timer;

  constructor(clock: Clock, tell: (slow: SlowHook) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Looks after what a hook has returned, and returns it. What is no promise costs nothing. */
  watch<T>(value: T, hook: string, channel?: string): T {
    if (!isPromise(value)) return value;
    const call: Call = { hook, channel, since: this.#clock.monotonic(), told: false };
    if (this.#calls.size === 0) this.#lookLater();
    this.#calls.add(call);
    const settled = (): void => void this.#calls.delete(call);
    value.then(settled, settled);
    return value;
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#calls.clear();
  }

  /** One timer for all calls, and none while no call is under way. */
  #lookLater(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      if (this.#calls.size === 0) return;
      this.#lookLater();
      this.#look();
    }, PATIENCE_MS / 2);
  }

  #look(): void {
    const late = this.#clock.monotonic() - PATIENCE_MS;
    const slow = new Map<string, SlowHook>();
    for (const call of this.#calls) {
      if (call.since > late) break;
      if (call.told) continue;
      call.told = true;
      const { hook, channel } = call;
      slow.set(hook, { hook, channel, calls: (slow.get(hook)?.calls ?? 0) + 1 });
    }
    for (const each of slow.values()) this.#tell(each);
  }
}
