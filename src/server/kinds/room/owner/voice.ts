import type { Broker, Signal } from "../../../../broker/index.js";
import type { Clock, Timer } from "../../../../protocol/index.js";
import { detach, type OnError } from "../../../guard.js";
import { encodeSignal, reignOf, type RoomSignal } from "../tick-message.js";
import type { Teller } from "./teller.js";

/** So many messages may be on their way to the broker; what is beyond is told together with the next one that goes. */
const MOST_TELLING = 32;
/** How long it waits before it tries again to follow the channel, in milliseconds. */
const RETRY_MS = 250;
/** Of signals that are kept for those behind only the newest would be; of a room's none is. */
const SLOT = "room";

export interface VoiceDeps {
  readonly broker: Pick<Broker, "signal" | "follow">;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly channel: string;
  readonly reign: string;
  readonly teller: Teller;
  /** It has heard itself. */
  readonly onHeard: () => void;
  /** What was on the channel may have been missed; the broker may have lost data. */
  readonly onReset: () => void;
  /** Called with each message, for who is on this node: no broker is on their way. */
  readonly onTold: (signal: RoomSignal) => void;
  readonly onError: OnError;
}

/** What an owner says on its room's channel, and whether it hears that itself. */
export class Voice {
  readonly #deps: VoiceDeps;
  #telling = 0;
  #hasTold = false;
  #isClosed = false;
  #retry: Timer;
  #stop: (() => void) | undefined;

  constructor(deps: VoiceDeps) {
    this.#deps = deps;
    detach(this.#follow(), deps.onError);
  }

  /** Tells what has come since the last message. Hot: once a tick. */
  tell(): void {
    // What the broker is slow with must not pile up here: a later message stands for more.
    if (this.#telling >= MOST_TELLING) return;
    this.#hasTold = true;
    this.#signal(this.#deps.teller.next());
  }

  /** Says that it is there, where it has said nothing since it was asked last. */
  giveSign(): void {
    const { teller, reign } = this.#deps;
    if (!this.#hasTold && this.#telling < MOST_TELLING)
      this.#signal({ is: "alive", reign, tick: teller.tick });
    this.#hasTold = false;
  }

  close(): void {
    this.#isClosed = true;
    this.#deps.clock.clearTimeout(this.#retry);
    this.#stop?.();
  }

  #signal(signal: RoomSignal): void {
    const { broker, channel, onTold, onError } = this.#deps;
    this.#telling++;
    const done = (): void => {
      this.#telling--;
    };
    // One that fails is a message lost: whoever misses it asks for a keyframe, and an owner that is not heard gives up.
    broker.signal(channel, [{ data: encodeSignal(signal), slot: SLOT }]).then(done, (error: unknown) => {
      done();
      onError(error);
    });
    onTold(signal);
  }

  async #follow(): Promise<void> {
    const { broker, clock, channel, onReset, onError } = this.#deps;
    try {
      const stop = await broker.follow(channel, {
        onEntries: () => {},
        onSignals: (signals) => this.#hear(signals),
        onPresence: () => {},
        onReset: () => this.#isClosed || onReset(),
      });
      if (this.#isClosed) stop();
      else this.#stop = stop;
    } catch (error) {
      onError(error);
      if (!this.#isClosed) this.#retry = clock.setTimeout(() => detach(this.#follow(), onError), RETRY_MS);
    }
  }

  #hear(signals: readonly Signal[]): void {
    if (this.#isClosed) return;
    for (const { data } of signals)
      if (typeof data === "object" && reignOf(data) === this.#deps.reign) this.#deps.onHeard();
  }
}
