/**
 * A channel that somebody on this node is subscribed to: its feed, and who is present. It follows the broker from the
 * first subscriber until a while after the last.
 */
import type { Broker } from "../../broker/index.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { guarded } from "../guard.js";
import type { LargePayloads } from "../delivery/large-payloads.js";
import type { ChannelFeed, Subscribers } from "./channel-feed.js";
import { Feed, type FeedDeps } from "./feed.js";
import { Roster } from "./roster.js";
import { SignalFeed } from "./signal-feed.js";
import { SlotsFeed, type SlotsFeedDeps } from "./slots/slots-feed.js";
import type { BrokerContact } from "./broker-contact.js";

export interface ActiveChannelDeps extends FeedDeps, SlotsFeedDeps {
  readonly contact: BrokerContact;
  /** The node's payloads that go in parts. */
  readonly large: LargePayloads;
  /** Makes the feed of a channel that is a room, which has this number; `undefined` where there are none. */
  readonly placeFor?: ((resolved: ResolvedChannel, ch: number) => ChannelFeed) | undefined;
}

export class ActiveChannel {
  readonly resolved: ResolvedChannel;
  /** This node's number for the channel, the same for all of its connections, never used again. */
  readonly ch: number;
  readonly feed: ChannelFeed;
  readonly roster: Roster | undefined;
  readonly #broker: Broker;
  readonly #contact: BrokerContact;
  readonly #onError: (error: unknown) => void;
  #stop: (() => void) | undefined;

  constructor(resolved: ResolvedChannel, ch: number, deps: ActiveChannelDeps) {
    this.resolved = resolved;
    this.ch = ch;
    this.#broker = deps.broker;
    this.#onError = (error) => deps.onError(error, resolved.name);
    this.#contact = deps.contact;
    const { def, name } = resolved;
    this.feed = feedOf(resolved, ch, deps);
    if (def.presence !== undefined) this.roster = new Roster(name, ch, this.audience, deps);
  }

  get audience(): Subscribers {
    return this.feed.audience;
  }

  /** Follows the channel. Rejects with the broker's error; the channel is then of no use. */
  async open(): Promise<void> {
    const { feed, roster } = this;
    this.#stop = await this.#broker.follow(this.resolved.name, {
      // A broker tells others too, behind this one.
      onEntries: guarded((hint) => feed.onEntries(hint), this.#onError),
      onChanges: guarded((hint) => feed.onChanges?.(hint), this.#onError),
      onSignals: guarded((signals) => feed.onSignals(signals), this.#onError),
      onPresence: guarded((change) => roster?.onChange(change), this.#onError),
      onReset: guarded<void>(() => {
        this.#contact.cut();
        this.check();
      }, this.#onError),
    });
    try {
      await feed.open();
      await roster?.open();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Compares with the broker: hints may have been lost. */
  check(): void {
    this.feed.check();
    this.roster?.check();
  }

  close(): void {
    this.#stop?.();
    this.feed.close();
    this.roster?.close();
  }
}

function feedOf(resolved: ResolvedChannel, ch: number, deps: ActiveChannelDeps): ChannelFeed {
  const { name, def } = resolved;
  const place = { channel: name, ch, log: def.log, large: deps.large };
  switch (def.kind.by) {
    case "entries":
      return new Feed(def.kind, place, deps);
    case "slots":
      if (def.slots === undefined) throw new TypeError(`${name} does not say what its log keeps`);
      return new SlotsFeed(def.kind, { channel: name, ch, log: def.slots, rate: def.rate }, deps);
    case "nothing":
      return new SignalFeed(def.kind, place, deps);
    case "room":
      if (deps.placeFor === undefined) throw new TypeError(`${name} is a room, and this server runs none`);
      return deps.placeFor(resolved, ch);
  }
}
