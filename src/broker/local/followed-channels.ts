import type { BrokerError, Follower } from "../contract.js";
import { FollowerList } from "../memory/follower-list.js";
import type { WriterLink } from "./link.js";

/** A channel that somebody on this node follows. */
interface Followed {
  readonly list: FollowerList;
  /** Whether the writer knows that this node follows it. What it tells before is not for these followers. */
  confirmed: boolean;
  /** Who waits for that. */
  waiting: { readonly begin: () => void; readonly fail: (error: BrokerError) => void }[];
}

/** The channels that are followed on one node, which its writer knows or is about to know. */
export class FollowedChannels {
  readonly #onError: (error: unknown) => void;
  readonly #followed = new Map<string, Followed>();
  readonly #stops = new Set<() => void>();
  #closed = false;

  /** @param onError is given what a follower throws */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** As `Broker.follow`. It has resolved before what the writer tells next. */
  follow(link: WriterLink, channel: string, follower: Follower): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const followed = this.#followed.get(channel) ?? this.#follow(link, channel);
      const begin = (): void => resolve(this.#begin(link, channel, followed, follower));
      if (followed.confirmed) begin();
      else followed.waiting.push({ begin, fail: reject });
    });
  }

  /** Who is to be told of a channel; `undefined` where nobody is. */
  of(channel: string): FollowerList | undefined {
    const followed = this.#followed.get(channel);
    return followed?.confirmed === true ? followed.list : undefined;
  }

  /** Tells all of them that hints may have been lost. */
  reset(): void {
    for (const { list, confirmed } of this.#followed.values()) if (confirmed) list.tellReset();
  }

  /** Says everything again to a writer that knows nothing of this node, and then has the followers look. */
  restore(link: WriterLink): void {
    for (const [channel, followed] of this.#followed) {
      followed.confirmed = false;
      link.follow(channel, (error) => {
        this.#answered(channel, followed, error);
        if (error === undefined && this.#followed.get(channel) === followed) followed.list.tellReset();
      });
    }
  }

  /** Lets go of all; who waits fails with `error`. */
  close(error: BrokerError): void {
    this.#closed = true;
    for (const { waiting } of this.#followed.values()) for (const { fail } of waiting) fail(error);
    for (const stop of this.#stops) stop();
    this.#followed.clear();
  }

  #follow(link: WriterLink, channel: string): Followed {
    const followed: Followed = { list: new FollowerList(this.#onError), confirmed: false, waiting: [] };
    this.#followed.set(channel, followed);
    link.follow(channel, (error) => this.#answered(channel, followed, error));
    return followed;
  }

  #answered(channel: string, followed: Followed, error: BrokerError | undefined): void {
    if (this.#followed.get(channel) !== followed) return;
    const { waiting } = followed;
    followed.waiting = [];
    if (error === undefined) {
      followed.confirmed = true;
      for (const { begin } of waiting) begin();
      return;
    }
    // Those who followed before the link broke are told when it is back.
    if (followed.list.size === 0) this.#followed.delete(channel);
    for (const { fail } of waiting) fail(error);
  }

  #begin(link: WriterLink, channel: string, followed: Followed, follower: Follower): () => void {
    const remove = followed.list.add(follower);
    const stop = (): void => {
      remove();
      if (!this.#stops.delete(stop)) return;
      const unused = followed.list.size === 0 && followed.waiting.length === 0;
      if (!unused || this.#followed.get(channel) !== followed) return;
      this.#followed.delete(channel);
      if (!this.#closed) link.unfollow(channel);
    };
    this.#stops.add(stop);
    return stop;
  }
}
