/**
 * Those who see the same slots of a channel at the same rate, and get the same bytes. A lane is a cursor as a subscriber is: what it
 * sends stands for everything between that and the message's offset.
 */
import type { Clock, Cursor, Timer } from "../../../protocol/index.js";
import { Audience, type Subscriber } from "../../delivery/audience.js";
import type { Chunk } from "../../delivery/chunk.js";
import type { SlotsCut, SlotsMemory, View } from "../../kinds/slots-kind.js";
import { RETRY_MS } from "../retry.js";
import type { Rate } from "./rates.js";

/** How often those who see few of the slots are told where they stand, at most, in milliseconds. */
const CURSOR_MS = 5000;

/** Whose lane it is: a channel's feed. */
export interface LaneOwner {
  readonly clock: Clock;
  readonly memory: SlotsMemory;
  /** Where the memory is complete up to. */
  readonly cursor: Cursor;
  /** Whether it may be served from. */
  readonly ready: boolean;
  /** Has every lane go on at the end of this turn. */
  soon(): void;
  /** It could not take what came, or is not where its lane is: it reads on from its cursor. */
  lag(subscriber: Subscriber): void;
  /** What came could not be made ready. */
  failed(error: unknown): void;
}

export class Lane {
  readonly view: View;
  readonly rate: Rate;
  /** Its name among the lanes of its owner. */
  readonly key: string;
  readonly audience = new Audience();
  readonly #owner: LaneOwner;
  /** Where the live ones have been told that they are. */
  #at: Cursor = { epoch: "", offset: 0 };
  /** Up to here nothing that is wanted has come since. */
  #seen = 0;
  /** Those who are further than the live ones, and wait for them. */
  readonly #waiting = new Set<Subscriber>();
  #nextAt = -Infinity;
  #toldAt = -Infinity;
  #timer: Timer;
  #cursorTimer: Timer;

  constructor(owner: LaneOwner, view: View, rate: Rate, key: string) {
    this.#owner = owner;
    this.key = key;
    this.view = view;
    this.rate = rate;
  }

  /**
   * Takes a subscriber in who stands in the owner's epoch, at its cursor or before it; `false` where that is behind the lane: then it
   * has to get what follows its cursor first.
   */
  admit(subscriber: Subscriber): boolean {
    const { cursor } = subscriber;
    const isOfNow = cursor.epoch === this.#at.epoch;
    // Also where nobody is live: those who could not be told at once what came would be told the same again.
    if (isOfNow && cursor.offset < this.#at.offset) return false;
    if (this.#isEmpty) {
      this.#at = cursor;
      this.#seen = cursor.offset;
    } else if (cursor.offset > this.#at.offset) {
      this.#waiting.add(subscriber);
      subscriber.state = "ahead";
      return true;
    }
    this.#waiting.delete(subscriber);
    this.audience.addLive(subscriber);
    if (this.#owner.cursor.offset > this.#seen) this.#owner.soon();
    return true;
  }

  /** Whether it has all that the live ones have, and gets what they get next. */
  isWaiting(subscriber: Subscriber): boolean {
    return this.#waiting.has(subscriber);
  }

  remove(subscriber: Subscriber): void {
    this.#waiting.delete(subscriber);
    this.audience.delete(subscriber);
    if (this.audience.size === 0) this.close();
    else if (this.#isEmpty && this.#waiting.size > 0) this.#owner.soon();
  }

  /** The memory has gone on: at the end of this turn, or when it is time again, so do the live ones. */
  onMoved(): void {
    const { every } = this.rate;
    if (every === Infinity || this.#timer !== undefined || this.audience.size === 0) return;
    const wait = this.#nextAt - this.#owner.clock.monotonic();
    if (wait <= 0) return this.#flush();
    this.#timer = this.#owner.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, wait);
  }

  /** Everybody is behind from here on, where the lane has got to: each is judged by itself. */
  disband(): void {
    this.audience.fallBehind((subscriber) => (subscriber.cursor = this.#at));
    for (const subscriber of this.#waiting) subscriber.state = "behind";
    this.#waiting.clear();
  }

  close(): void {
    const { clock } = this.#owner;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#cursorTimer);
    this.#timer = this.#cursorTimer = undefined;
  }

  get #isEmpty(): boolean {
    return this.audience.size === this.audience.behind.size;
  }

  #flush(): void {
    if (!this.#owner.ready) return;
    try {
      this.#goOn();
    } catch (error) {
      this.#owner.failed(error);
      this.#nextAt = this.#owner.clock.monotonic() + RETRY_MS;
      this.onMoved();
    }
  }

  #goOn(): void {
    const { cursor, memory } = this.#owner;
    if (this.#isEmpty && !this.#adopt(cursor)) return;
    if (cursor.offset <= this.#seen) return;
    const cut = memory.cut({ epoch: cursor.epoch, offset: this.#seen }, this.view);
    if (cut === undefined) return this.#fallBehind(this.#at);
    if (cut.count === 0 && this.#at.offset > 0) return this.#pass(cursor);
    this.#send(cut);
  }

  /** Nothing was wanted of what came. Whoever comes back is to come from here all the same, before what was deleted is forgotten. */
  #pass(cursor: Cursor): void {
    this.#seen = cursor.offset;
    const { clock, memory } = this.#owner;
    const wait = this.#toldAt + CURSOR_MS - clock.monotonic();
    if (wait <= 0) return this.#tell(memory.cursorOnly(cursor), cursor);
    this.#cursorTimer ??= clock.setTimeout(() => {
      this.#cursorTimer = undefined;
      const at = { epoch: this.#at.epoch, offset: this.#seen };
      if (this.#owner.ready && at.epoch === this.#owner.cursor.epoch && at.offset > this.#at.offset)
        this.#tell(memory.cursorOnly(at), at);
    }, wait);
  }

  #send(cut: SlotsCut): void {
    this.#nextAt = this.#owner.clock.monotonic() + this.rate.every;
    const chunk = cut.pages === 1 ? cut.page(0) : undefined;
    // What is more than a page goes to each as its socket takes it.
    if (chunk === undefined) return this.#fallBehind(cut.end);
    this.#tell(chunk, cut.end);
    this.#seen = cut.end.offset;
  }

  /** Moves the live ones on, and with them those who waited. */
  #tell(chunk: Chunk, end: Cursor): void {
    const base = this.#at;
    this.#toldAt = this.#owner.clock.monotonic();
    this.audience.deliver(chunk, (subscriber) => {
      subscriber.cursor = base;
      this.#owner.lag(subscriber);
    });
    this.#at = end;
    for (const subscriber of this.#waiting) {
      const { offset } = subscriber.cursor;
      if (offset > end.offset) continue;
      this.#waiting.delete(subscriber);
      // What begins at 0 tells of nothing that was deleted.
      const fits =
        offset === end.offset || (base.offset > 0 && offset >= base.offset && subscriber.out.offer(chunk));
      if (fits) this.audience.addLive(subscriber);
      else this.#owner.lag(subscriber);
    }
  }

  /** The live ones read on from where they are; the lane goes on from another place. */
  #fallBehind(end: Cursor): void {
    const all = [...this.audience].filter(({ state }) => state === "live");
    const waiting = [...this.#waiting];
    this.disband();
    this.#at = end;
    this.#seen = end.offset;
    for (const subscriber of [...all, ...waiting]) this.#owner.lag(subscriber);
  }

  /** Nobody is live any more: of those who waited, the one that is behind the others takes their place. */
  #adopt({ offset: head }: Cursor): boolean {
    let first: Subscriber | undefined;
    for (const subscriber of this.#waiting) {
      const { offset } = subscriber.cursor;
      if (offset <= head && offset < (first?.cursor.offset ?? Infinity)) first = subscriber;
    }
    return first !== undefined && this.admit(first);
  }
}
