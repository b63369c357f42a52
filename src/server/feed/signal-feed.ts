/**
 * The feed of a channel without a log: only what happens now. Live subscribers get every signal; one that lags gets, when
 * its socket has drained, what the kind's memory has for it. A place in that memory is a cursor: the same idea without a log.
 */
import type { Signal } from "../../broker/index.js";
import type { Clock, Cursor } from "../../protocol/index.js";
import type { Audience, Subscriber } from "../delivery/audience.js";
import type { Place, SignalKind, SignalMemory } from "../kinds/kind.js";
import { AT_BEGINNING, type ChannelFeed, type Start } from "./channel-feed.js";
import { FanOut, type FanOutOwner } from "./fan-out.js";
import { sendNext } from "./send-next.js";

export interface SignalFeedDeps {
  readonly clock: Clock;
  /** Has `flush` called at the end of this turn. */
  readonly collect: (flush: () => void) => void;
}

export class SignalFeed implements ChannelFeed, FanOutOwner<Signal> {
  /** Places count signals of this node: to a client they would mean nothing. */
  readonly beginning = undefined;
  readonly #memory: SignalMemory;
  readonly #live: FanOut<Signal>;
  readonly #clock: Clock;

  constructor(kind: SignalKind, place: Place, deps: SignalFeedDeps) {
    this.#memory = kind.memory(place);
    this.#live = new FanOut(this, this.#memory, deps.collect);
    this.#clock = deps.clock;
  }

  get audience(): Audience {
    return this.#live.audience;
  }

  async open(): Promise<void> {}

  start(): Start {
    return AT_BEGINNING;
  }

  add(subscriber: Subscriber): void {
    this.audience.addLive(subscriber);
  }

  /** There is no log that anything could be appended to. */
  onEntries(): void {}

  /** Hot path: once per call of the broker, not per subscriber. */
  onSignals(signals: readonly Signal[]): void {
    for (const signal of signals) this.#live.push(signal);
    this.#live.collect();
  }

  /** A lost signal is lost. */
  check(): void {}

  close(): void {}

  flush(signals: readonly Signal[]): void {
    this.#live.deliver(signals);
    this.#memory.trim(this.audience.behind.size > 0);
  }

  lag(subscriber: Subscriber, at: Cursor): void {
    subscriber.cursor = at;
    subscriber.out.whenRoomy(() => this.#catchUp(subscriber));
  }

  offsetAfter(): number {
    return this.#memory.taken;
  }

  epochAfter(): string {
    return "";
  }

  #catchUp(subscriber: Subscriber): void {
    if (subscriber.state !== "behind") return;
    const cut = this.#memory.cut(subscriber.cursor, this.#clock.now());
    if (cut === undefined) return this.audience.addLive(subscriber);
    sendNext(subscriber, cut);
    subscriber.out.whenRoomy(() => this.#catchUp(subscriber));
  }
}
