/**
 * A channel that somebody on this node is subscribed to: its feed, or its signals, and who is present. It follows
 * the broker from the first subscriber until a while after the last.
 */
import type { Broker } from "../../broker/index.js";
import type { Clock } from "../../protocol/index.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { guarded } from "../guard.js";
import { Feed, type FeedDeps } from "./feed.js";
import { Roster } from "./roster.js";
import { SignalFeed } from "../kinds/transient/signals.js";
import type { Audience, Subscriber } from "../delivery/audience.js";

export interface ActiveChannelDeps extends Pick<FeedDeps, "clocks"> {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly collect: (flush: () => void) => void;
  readonly onError: (error: unknown, channel: string) => void;
}

export class ActiveChannel {
  readonly resolved: ResolvedChannel;
  /** This node's number for the channel, the same for all of its connections, never used again. */
  readonly ch: number;
  /** The log, where the kind has one. */
  readonly feed: Feed | undefined;
  readonly roster: Roster | undefined;
  readonly #signals: SignalFeed | undefined;
  readonly #broker: Broker;
  readonly #onError: (error: unknown) => void;
  #stop: (() => void) | undefined;

  constructor(resolved: ResolvedChannel, ch: number, deps: ActiveChannelDeps) {
    this.resolved = resolved;
    this.ch = ch;
    this.#broker = deps.broker;
    this.#onError = (error) => deps.onError(error, resolved.name);
    const { def, name } = resolved;
    if (def.kind === "stream") this.feed = new Feed(name, ch, def.log, deps);
    else this.#signals = new SignalFeed(ch, deps.collect);
    if (def.presence !== undefined) this.roster = new Roster(name, ch, this.audience, deps);
  }

  get audience(): Audience {
    return (this.feed ?? (this.#signals as SignalFeed)).audience;
  }

  /** Follows the channel. Rejects with the broker's error; the channel is then of no use. */
  async open(): Promise<void> {
    const { feed, roster } = this;
    this.#stop = await this.#broker.follow(this.resolved.name, {
      // A broker tells others too, behind this one.
      onEntries: guarded((hint) => feed?.onEntries(hint), this.#onError),
      onSignals: guarded((signals) => this.#signals?.onSignals(signals), this.#onError),
      onPresence: guarded((change) => roster?.onChange(change), this.#onError),
      onReset: guarded<void>(() => this.check(), this.#onError),
    });
    try {
      await feed?.open();
      await roster?.open();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  add(subscriber: Subscriber): void {
    (this.feed ?? (this.#signals as SignalFeed)).add(subscriber);
  }

  /** Compares with the broker: hints may have been lost. */
  check(): void {
    this.feed?.check();
    this.roster?.check();
  }

  close(): void {
    this.#stop?.();
    this.feed?.close();
    this.roster?.close();
  }
}
