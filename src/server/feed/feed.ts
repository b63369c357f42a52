/**
 * One channel's log as this node sees it: where the log is, and who is at its end. The feed is itself a cursor; its
 * subscribers are live when they stand where it stands.
 *
 * In: hints from the broker. Out: one chunk per turn to every live subscriber. Whoever cannot take a chunk stops
 * being live and is one of the {@link Laggards}. A hole in the hints is mended by reading: {@link Repair}.
 */
import type { Hint } from "../../broker/index.js";
import {
  MAX_OFFSET,
  offsetAt,
  parseCursor,
  type Clock,
  type Cursor,
  type StartAt,
} from "../../protocol/index.js";
import type { Audience, Subscriber } from "../delivery/audience.js";
import type { LogKind, LogMemory, Place, Reading, Step } from "../kinds/kind.js";
import { AT_BEGINNING, type ChannelFeed, type Start } from "./channel-feed.js";
import { FanOut, type FanOutOwner } from "./fan-out.js";
import { Laggards, type LaggardsDeps, type LiveEdge } from "./laggards.js";
import { Log, type LogDeps } from "./log.js";
import { Repair, type Mended, type RepairDeps } from "./repair.js";
import { startFrom, startOfLast } from "./starts.js";

/** More hints than these are not kept while the head is read; then the log is asked. */
const MAX_EARLY = 100;

export interface FeedDeps extends LaggardsDeps, RepairDeps, LogDeps {}

export class Feed implements ChannelFeed, FanOutOwner<Step>, LiveEdge, Mended {
  readonly log: Log;
  readonly memory: LogMemory;
  readonly #kind: LogKind;
  readonly #deps: FeedDeps;
  readonly #live: FanOut<Step>;
  readonly #laggards: Laggards;
  readonly #repair: Repair;
  /** Where the log is, as far as this node knows: where the live ones are, and then what goes out at the end of the turn. */
  #cursor: Cursor = { epoch: "", offset: 0 };
  /** Hints that came before the head was known. */
  readonly #early: Hint[] = [];
  #closed = false;

  constructor(kind: LogKind, place: Place, deps: FeedDeps) {
    this.#kind = kind;
    this.#deps = deps;
    this.log = new Log(place, deps);
    this.memory = kind.memory(place);
    this.#live = new FanOut(this, this.memory, deps.collect);
    this.#laggards = new Laggards(this, kind, this.log, this.memory, deps);
    this.#repair = new Repair(this, kind, this.log, deps);
  }

  /** Finds the head; hints must be coming in already. Rejects with the broker's error; the feed is then of no use. */
  async open(): Promise<void> {
    const page = await this.log.read({ before: MAX_OFFSET, limit: 1, bytes: 0 });
    this.#deps.clocks?.look(this.log.channel, page.head);
    this.#cursor = this.#live.at = { epoch: page.epochs.at(-1)?.epoch ?? "", offset: page.head };
    for (const hint of this.#early.splice(0)) this.onEntries(hint);
    if (this.#repair.due) this.check();
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  get audience(): Audience {
    return this.#live.audience;
  }

  /** Where the live subscribers are. */
  get head(): Cursor {
    return this.#live.at;
  }

  get beginning(): Cursor {
    return this.#kind.begins === "head" ? this.head : { epoch: this.head.epoch, offset: 0 };
  }

  get closed(): boolean {
    return this.#closed;
  }

  get known(): Cursor {
    return this.#cursor;
  }

  start({ cursor, last, since }: StartAt): Start | Promise<Start> {
    if (cursor !== undefined) {
      const parsed = parseCursor(cursor);
      return parsed === undefined ? AT_BEGINNING : { cursor: parsed };
    }
    if (last !== undefined) return startOfLast(this, last);
    if (since !== undefined) return startFrom(this, offsetAt(since));
    return AT_BEGINNING;
  }

  add(subscriber: Subscriber): void {
    this.#laggards.add(subscriber);
  }

  /** Compares with the broker's head, and repairs. For quiet channels now and then, and whenever hints may have been lost. */
  check(): void {
    this.#repair.start();
  }

  close(): void {
    this.#closed = true;
  }

  /** Hot path: once per append, not per subscriber. */
  onEntries(hint: Hint): void {
    if (this.#closed) return;
    if (this.#cursor.epoch === "") {
      // The head is being read: what comes meanwhile may be what follows it, and not be kept anywhere else.
      if (this.#early.length < MAX_EARLY) this.#early.push(hint);
      else this.#repair.postpone();
      return;
    }
    if (hint.epoch !== this.#cursor.epoch) return this.check();
    let { offset } = this.#cursor;
    for (const entry of hint.entries) {
      if (entry.offset <= offset) continue;
      if (entry.prev !== offset) {
        this.#repair.onHole();
        break;
      }
      this.#live.push({ entry });
      offset = entry.offset;
    }
    if (offset === this.#cursor.offset) return;
    this.#cursor = { epoch: this.#cursor.epoch, offset };
    this.#live.collect();
  }

  /** Signals are for channels without a log. */
  onSignals(): void {}

  goOn({ steps, cursor }: Reading): void {
    for (const step of steps) this.#live.push(step);
    this.#cursor = cursor;
    this.#live.collect();
  }

  flush(steps: readonly Step[]): void {
    if (this.#closed) return;
    try {
      this.#live.deliver(steps);
    } catch (error) {
      this.#deps.onError(error, this.log.channel);
      this.#fallBehind();
    }
    this.#live.at = this.#cursor;
    this.#repair.onFlushed();
    this.#laggards.onMoved();
  }

  lag(subscriber: Subscriber, at: Cursor): void {
    this.#laggards.lag(subscriber, at);
  }

  offsetAfter(step: Step): number {
    return "gap" in step ? step.gap.until : step.entry.offset;
  }

  epochAfter(step: Step, epoch: string): string {
    return "gap" in step ? step.gap.epoch : epoch;
  }

  /** Nobody may be taken to have what could not be made ready for everybody: each reads on from where it is. */
  #fallBehind(): void {
    this.memory.clear();
    this.audience.fallBehind((subscriber) => this.#laggards.lag(subscriber, this.head));
  }
}
