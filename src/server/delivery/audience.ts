import type { Cursor } from "../../protocol/index.js";
import type { AckWindow } from "./ack-window.js";
import type { Chunk } from "./chunk.js";
import type { Outgoing, Way } from "./outgoing.js";

/** How far somebody is in a message of several parts. */
export interface Progress {
  /** Where one stands behind the message. */
  readonly end: Cursor;
  /** The part that comes next, from 1 on. */
  readonly next: number;
}

/** One connection's place in one channel. */
export class Subscriber {
  readonly out: Outgoing;
  /** How far it may be ahead of what was acknowledged; `undefined` where nothing is acknowledged. */
  readonly window: AckWindow | undefined;
  /**
   * Where it stands while it is not live. A live one stands where its feed stands, so that a fan-out writes
   * nothing per subscriber.
   */
  cursor: Cursor;
  /** `live`: gets every batch. `behind`: reads on by itself. `ahead`: waits for the feed to come up. */
  state: "live" | "behind" | "ahead" | "gone" = "behind";
  /** Whether it missed joins or leaves, and has yet to be told so. */
  stale = false;
  /** Its place among the live ones, kept by {@link Audience}. */
  slot = -1;
  /** Whether its cursor came from this feed, so that the feed's own memory may answer for it. */
  trusted: boolean;
  /** The message that it is in the middle of. It stands before that one, and is behind, until it has all of it. */
  progress: Progress | undefined;

  constructor(out: Outgoing, cursor: Cursor, trusted: boolean, window?: AckWindow) {
    this.out = out;
    this.window = window;
    this.cursor = cursor;
    this.trusted = trusted;
    this.progress = undefined;
  }

  /** Where its messages are offered. */
  get way(): Way {
    return this.window ?? this.out;
  }

  /** It is sent no more of the message that it is in the middle of, if it is. */
  leaveMessage(): void {
    if (this.progress === undefined) return;
    this.progress = undefined;
    this.out.ended();
  }
}

/** Everybody on one channel: the live ones in a row, for speed, and those behind. */
export class Audience {
  readonly #live: Subscriber[] = [];
  /** The ways of the live ones, in the same order: all that a fan-out has to look at. */
  readonly #ways: Way[] = [];
  readonly behind = new Set<Subscriber>();

  get size(): number {
    return this.#live.length + this.behind.size;
  }

  /** Every subscriber, in no order. */
  *[Symbol.iterator](): Iterator<Subscriber> {
    yield* this.#live;
    yield* this.behind;
  }

  addLive(subscriber: Subscriber): void {
    this.behind.delete(subscriber);
    subscriber.state = "live";
    subscriber.slot = this.#live.push(subscriber) - 1;
    this.#ways.push(subscriber.way);
  }

  addBehind(subscriber: Subscriber): void {
    if (subscriber.state === "live") this.#removeLive(subscriber);
    subscriber.state = "behind";
    this.behind.add(subscriber);
  }

  delete(subscriber: Subscriber): void {
    if (subscriber.state === "live") this.#removeLive(subscriber);
    else this.behind.delete(subscriber);
    subscriber.state = "gone";
    subscriber.leaveMessage();
  }

  /** Hot path. Offers the chunk to every live subscriber; those who cannot take it are behind, and `onLag` is told. */
  deliver(chunk: Chunk, onLag: (subscriber: Subscriber) => void): void {
    const ways = this.#ways;
    // Backwards, since those who cannot take it leave the row.
    for (let i = ways.length - 1; i >= 0; i--) {
      if ((ways[i] as Way).offer(chunk)) continue;
      const subscriber = this.#live[i] as Subscriber;
      this.addBehind(subscriber);
      onLag(subscriber);
    }
  }

  /** All who are live are behind from here on; `onLag` is told of each. */
  fallBehind(onLag: (subscriber: Subscriber) => void): void {
    for (let last = this.#live.at(-1); last !== undefined; last = this.#live.at(-1)) {
      this.addBehind(last);
      onLag(last);
    }
  }

  #removeLive(subscriber: Subscriber): void {
    const last = this.#live.pop();
    this.#ways.pop();
    if (last === undefined || last === subscriber) return;
    this.#live[subscriber.slot] = last;
    this.#ways[subscriber.slot] = last.way;
    last.slot = subscriber.slot;
  }
}
