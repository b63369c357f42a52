/** A subscription inside of the process: a subscriber as others are, whose peer is a function. */
import { BrokerError } from "../../broker/index.js";
import { splitTextLines, type SlotFilter } from "../../protocol/index.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { isPromise } from "../channels/validate.js";
import type { ServerNode } from "../connection/node.js";
import { Subscriber } from "../delivery/audience.js";
import { Budget, DEFAULT_BUDGET } from "../delivery/budget.js";
import type { Chunk } from "../delivery/chunk.js";
import { Outgoing, type OutgoingOwner, type Sink } from "../delivery/outgoing.js";
import { TidemarkError } from "../errors.js";
import type { ActiveChannel } from "../feed/active-channel.js";
import { detach } from "../guard.js";
import { WatchNews, type WatchedChanges } from "./watch-news.js";

/** What to see of a channel, and how often. */
export interface WatchOptions extends SlotFilter {
  /** How often the listener is told something, in times a second at most: classes from 60 to 0.2. Default: as it comes. */
  readonly rate?: number;
}

/** Is told what has changed. Where it returns a promise, it is called again when that has settled, with what has changed by then. */
export type WatchListener<Value> = (told: WatchedChanges<Value>) => unknown;

/** What {@link StateHandle.watch} returns. */
export interface Watch {
  /** Resolves when the listener has been told what there is; rejects with `closed` where it was closed before. */
  readonly ready: Promise<void>;
  /** The listener is told nothing any more. */
  close(): void;
}

/** How long after a failure it is tried again, in milliseconds. */
const RETRY_MS = 1000;
/** While the listener is busy, so many bytes are told to be unread: more than anybody may have, so that changes add up in the feed. */
const BUSY = 2 * DEFAULT_BUDGET.perConnection;

/** @throws {TidemarkError} `bad_request` for options that make no sense */
export function mustBeWatchOptions({ rate, keys, prefix }: WatchOptions): void {
  if (keys !== undefined && prefix !== undefined)
    throw new TidemarkError("bad_request", "keys and prefix exclude each other");
  if (keys?.length === 0) throw new TidemarkError("bad_request", "keys takes a list of one key at least");
  if (rate !== undefined && !(rate > 0 && rate < Infinity))
    throw new TidemarkError(
      "bad_request",
      `rate must be a number of times a second above 0, not ${String(rate)}`,
    );
}

export interface WatchDeps {
  readonly node: ServerNode;
  readonly resolved: ResolvedChannel;
  readonly listener: WatchListener<unknown>;
  readonly options: WatchOptions;
  readonly onClosed: (watch: ChannelWatch) => void;
}

/** While it is subscribed. */
interface Subscribed {
  readonly active: ActiveChannel;
  readonly subscriber: Subscriber;
  readonly news: WatchNews;
}

export class ChannelWatch implements Watch, Sink, OutgoingOwner {
  readonly ready: Promise<void>;
  readonly #deps: WatchDeps;
  #subscribed: Subscribed | undefined;
  #isBusy = false;
  #drained: (() => void) | undefined;
  #isReady: () => void = () => {};
  #isNotReady: (error: Error) => void = () => {};
  #closed = false;
  /** It could not begin, and that was said. */
  #isWaiting = false;
  /** Something failed while the listener was told: all is told anew. */
  readonly abandon = (error: unknown): void => {
    this.#log(error, "telling a watch failed; it begins anew");
    this.#leave();
    this.#later();
  };

  constructor(deps: WatchDeps) {
    this.#deps = deps;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isNotReady = reject;
    });
    // Not everybody waits for it.
    this.ready.catch(() => {});
    this.#begin();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leave();
    this.#isNotReady(new TidemarkError("closed", "the watch was closed before anything was told"));
    this.#deps.onClosed(this);
  }

  get unsent(): number {
    return this.#isBusy ? BUSY : 0;
  }

  writeShared(chunk: Chunk): void {
    this.write([chunk]);
  }

  write(chunks: readonly Chunk[]): void {
    const news = this.#subscribed?.news;
    if (news === undefined) return;
    for (const chunk of chunks) {
      for (const { value } of splitTextLines(chunk.toText())) news.line(value);
    }
    this.#tell();
  }

  whenDrained(run: () => void): void {
    this.#drained = run;
  }

  #begin(): void {
    detach(this.#subscribe(), (error) => {
      const { node, resolved } = this.#deps;
      if (error instanceof BrokerError) node.brokerErrors.note(error, "watch");
      else if (!this.#isWaiting)
        node.log.warn({ channel: resolved.name, error }, "a watch cannot begin; it is tried each second");
      this.#isWaiting = true;
      this.#later();
    });
  }

  #later(): void {
    this.#deps.node.clock.setTimeout(() => {
      if (!this.#closed && this.#subscribed === undefined) this.#begin();
    }, RETRY_MS);
  }

  async #subscribe(): Promise<void> {
    const { node, resolved, options } = this.#deps;
    const active = await node.hub.acquire(resolved);
    try {
      const start = await active.feed.start(options);
      if (this.#closed) return;
      const cursor = start.cursor ?? active.feed.beginning ?? { epoch: "", offset: 0 };
      // Its own budget: what it holds back are no bytes.
      const out = new Outgoing(this, node.flusher, new Budget(DEFAULT_BUDGET), this);
      const subscriber = new Subscriber(out, cursor, true);
      this.#subscribed = { active, subscriber, news: new WatchNews(cursor) };
      this.#isWaiting = false;
      active.feed.add(subscriber, start);
    } finally {
      node.hub.release(resolved.name);
    }
  }

  #leave(): void {
    if (this.#subscribed === undefined) return;
    const { active, subscriber } = this.#subscribed;
    this.#subscribed = undefined;
    this.#drained = undefined;
    subscriber.out.close();
    active.audience.delete(subscriber);
    this.#deps.node.hub.release(active.resolved.name, "subscription");
  }

  /** Tells the listener what there is, unless it has not finished with what it was told before. */
  #tell(): void {
    const told = this.#isBusy ? undefined : this.#subscribed?.news.take();
    if (told === undefined) return;
    try {
      const result = this.#deps.listener(told);
      if (isPromise(result)) {
        this.#isBusy = true;
        result.then(
          () => this.#settled(),
          (error: unknown) => this.#settled(error),
        );
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#isReady();
  }

  #settled(error?: unknown): void {
    if (error !== undefined) this.#failed(error);
    this.#isBusy = false;
    this.#tell();
    if (this.unsent > 0) return;
    const run = this.#drained;
    this.#drained = undefined;
    try {
      run?.();
    } catch (thrown) {
      this.abandon(thrown);
    }
  }

  #failed(error: unknown): void {
    this.#log(error, "a listener of a watch failed; it goes on");
  }

  #log(error: unknown, message: string): void {
    const { node, resolved } = this.#deps;
    node.log.error({ channel: resolved.name, error }, message);
  }
}
