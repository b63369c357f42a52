/**
 * Those who see the same slots of a channel at the same rate, and get the same bytes. A lane is a cursor as a subscriber is: what it
 * sends stands for everything between that and the message's offset.
 */
import type { Clock, Cursor, Timer } from "../../../protocol/index.js";
import { Audience, type Subscriber } from "../../delivery/audience.js";
import type { Chunk } from "../../delivery/chunk.js";
import type { SlotsCut, SlotsMemory, Tally, View } from "../../kinds/slots-kind.js";
import { RETRY_MS } from "../retry.js";
import { nextAfter, type Rate } from "./rates.js";
import type { Standing } from "./standing.js";

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
  /** It is not live any more, and this is how it stands, beside its cursor. */
  stand(subscriber: Subscriber, standing: Standing): void;
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
  /** How many changes there were up to there. */
  #tally: Tally | undefined;
  /** Up to here nothing that is wanted has come since. */
  #seen = 0;
  /** Those who are further than the live ones, and wait for them. */
  readonly #waiting = new Map<Subscriber, Standing>();
  /** When the live ones were last told something. */
  #toldAt = -Infinity;
  /** The same, or later: when one of them was, before it was live. */
  #usedAt = -Infinity;
  /** Nothing is sent before: it has failed. */
  #retryAt = -Infinity;
  #timer: Timer;
  /** When the timer goes off. */
  #due = Infinity;
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
  admit(subscriber: Subscriber, standing: Standing): boolean {
    const { cursor } = subscriber;
    const isOfNow = cursor.epoch === this.#at.epoch;
    // Also where nobody is live: those who could not be told at once what came would be told the same again.
    if (isOfNow && cursor.offset < this.#at.offset) return false;
    // What one of them was told just now counts for all: otherwise it would get two messages where it is to get one.
    this.#usedAt = Math.max(this.#usedAt, standing.toldAt);
    if (this.#isEmpty) {
      this.#at = cursor;
      this.#tally = standing.tally;
      this.#seen = cursor.offset;
    } else if (cursor.offset > this.#at.offset) {
      this.#waiting.set(subscriber, standing);
      subscriber.state = "ahead";
      return true;
    }
    this.#waiting.delete(subscriber);
    this.audience.addLive(subscriber);
    this.#leaveBehind(cursor);
    if (this.#owner.cursor.offset > this.#seen) this.#owner.soon();
    return true;
  }

  /** Those who waited in a lane that nobody was live in, and are behind the one who is now, read on by themselves. */
  #leaveBehind({ offset }: Cursor): void {
    for (const waiting of this.#waiting.keys()) {
      if (waiting.cursor.offset >= offset) continue;
      this.#waiting.delete(waiting);
      this.#owner.lag(waiting);
    }
  }

  /** Whether it has all that the live ones have, and gets what they get next. */
  isWaiting(subscriber: Subscriber): boolean {
    return this.#waiting.has(subscriber);
  }

  remove(subscriber: Subscriber): void {
    this.#waiting.delete(subscriber);
    this.audience.delete(subscriber);
    this.#left();
  }

  /** It goes to another lane, from where it is, whatever it is in the middle of. */
  release(subscriber: Subscriber): void {
    if (subscriber.state === "live") this.#stand(subscriber, this.#standing);
    this.#waiting.delete(subscriber);
    this.audience.addBehind(subscriber);
    this.audience.behind.delete(subscriber);
    this.#left();
  }

  /** The memory has gone on: at the end of this turn, or when it is time again, so do the live ones. */
  onMoved(): void {
    if (this.rate.every === Infinity || this.#timer !== undefined || this.audience.size === 0) return;
    const { clock } = this.#owner;
    const now = clock.monotonic();
    const due = Math.max(nextAfter(this.rate, this.#usedAt), this.#retryAt);
    if (due <= now) return this.#flush(now);
    this.#due = due;
    // A timer may go off a little before its time: it is meant for that one all the same.
    this.#timer = clock.setTimeout(() => this.#flushDue(Math.max(due, clock.monotonic())), due - now);
  }

  /** Tells the live ones what is due at this moment: before somebody joins them, who would put it off. */
  settle(): void {
    const now = this.#owner.clock.monotonic();
    if (this.#timer !== undefined && this.#due <= now) this.#flushDue(now);
  }

  /** Everybody is behind from here on, where the lane has got to: each is judged by itself. */
  disband(): void {
    this.audience.fallBehind((subscriber) => this.#stand(subscriber, this.#standing));
    for (const subscriber of this.#waiting.keys()) subscriber.state = "behind";
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

  get #standing(): Standing & { readonly at: Cursor } {
    return { at: this.#at, toldAt: this.#toldAt, tally: this.#tally };
  }

  #stand(subscriber: Subscriber, standing: Standing & { readonly at: Cursor }): void {
    subscriber.cursor = standing.at;
    this.#owner.stand(subscriber, standing);
  }

  #left(): void {
    if (this.audience.size === 0) this.close();
    else if (this.#isEmpty && this.#waiting.size > 0) this.#owner.soon();
  }

  #flushDue(now: number): void {
    this.#owner.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush(now);
  }

  #flush(now: number): void {
    if (!this.#owner.ready) return;
    try {
      this.#goOn(now);
    } catch (error) {
      this.#owner.failed(error);
      this.#retryAt = now + RETRY_MS;
      this.onMoved();
    }
  }

  #goOn(now: number): void {
    const { cursor, memory } = this.#owner;
    if (this.#isEmpty && !this.#adopt(cursor)) return;
    if (cursor.offset <= this.#seen) return;
    const cut = memory.cut({ epoch: cursor.epoch, offset: this.#seen }, this.view, this.#tally);
    if (cut === undefined) return this.#fallBehind(this.#at, this.#tally);
    if (cut.count === 0 && this.#at.offset > 0) {
      this.#tally = cut.tally;
      return this.#pass(cursor, now);
    }
    this.#send(cut, now);
  }

  /** Nothing was wanted of what came. Whoever comes back is to come from here all the same, before what was deleted is forgotten. */
  #pass(cursor: Cursor, now: number): void {
    this.#seen = cursor.offset;
    if (this.#cursorTimer !== undefined) return;
    const { clock, memory } = this.#owner;
    const due = Math.max(this.#toldAt + CURSOR_MS, nextAfter(this.rate, this.#usedAt));
    if (due <= now) return this.#tell(memory.cursorOnly(cursor), cursor, this.#tally, now);
    this.#cursorTimer = clock.setTimeout(() => {
      this.#cursorTimer = undefined;
      const at = { epoch: this.#at.epoch, offset: this.#seen };
      if (this.#owner.ready && at.epoch === this.#owner.cursor.epoch && at.offset > this.#at.offset)
        this.#pass(at, Math.max(due, clock.monotonic()));
    }, due - now);
  }

  #send(cut: SlotsCut, now: number): void {
    const chunk = cut.pages === 1 ? cut.page(0) : undefined;
    // What is more than a page goes to each as its socket takes it.
    if (chunk === undefined) {
      this.#usedAt = now;
      return this.#fallBehind(cut.end, cut.tally);
    }
    this.#tell(chunk, cut.end, cut.tally, now);
    this.#seen = cut.end.offset;
  }

  /** Moves the live ones on, and with them those who waited. */
  #tell(chunk: Chunk, end: Cursor, tally: Tally | undefined, now: number): void {
    const before = this.#standing;
    this.#toldAt = this.#usedAt = now;
    this.audience.deliver(chunk, (subscriber) => {
      this.#stand(subscriber, before);
      this.#owner.lag(subscriber);
    });
    this.#at = end;
    this.#tally = tally;
    for (const subscriber of this.#waiting.keys()) {
      const { offset } = subscriber.cursor;
      if (offset > end.offset) continue;
      this.#waiting.delete(subscriber);
      // What begins at 0 tells of nothing that was deleted.
      const fits =
        offset === end.offset ||
        (before.at.offset > 0 && offset >= before.at.offset && subscriber.way.offer(chunk));
      if (fits) this.audience.addLive(subscriber);
      else this.#owner.lag(subscriber);
    }
  }

  /** The live ones read on from where they are; the lane goes on from another place. */
  #fallBehind(end: Cursor, tally: Tally | undefined): void {
    const all = [...this.audience].filter(({ state }) => state === "live");
    const waiting = [...this.#waiting.keys()];
    this.disband();
    this.#at = end;
    this.#tally = tally;
    this.#seen = end.offset;
    for (const subscriber of [...all, ...waiting]) this.#owner.lag(subscriber);
  }

  /** Nobody is live any more: of those who waited, the one that is behind the others takes their place. */
  #adopt({ offset: head }: Cursor): boolean {
    let first: Subscriber | undefined;
    let standing: Standing | undefined;
    for (const [subscriber, its] of this.#waiting) {
      const { offset } = subscriber.cursor;
      if (offset > head || offset >= (first?.cursor.offset ?? Infinity)) continue;
      first = subscriber;
      standing = its;
    }
    return first !== undefined && standing !== undefined && this.admit(first, standing);
  }
}
