/**
 * One channel's log as this node sees it: where the log is, and who is at its end. The feed is itself a cursor; its
 * subscribers are live when they stand where it stands.
 *
 * In: hints from the broker. Out: one chunk per turn to every live subscriber. Whoever cannot take a chunk stops
 * being live and is one of the {@link Laggards}. A hole in the hints is mended by reading.
 */
import type { Broker, Hint, LogOptions, Page } from "../../broker/index.js";
import { MAX_OFFSET, type Cursor } from "../../protocol/index.js";
import { detach } from "../guard.js";
import { Chunk, type EncodedLine } from "../delivery/chunk.js";
import type { ClockWatch } from "./clock-watch.js";
import { gapLine, messageLine } from "../delivery/encode.js";
import { Laggards, PAGE_BYTES, RETRY_MS, type LaggardsDeps, type LiveEdge } from "./laggards.js";
import { readOn, type Reading, type Step } from "./resume.js";
import { Audience, type Subscriber } from "../delivery/audience.js";
import { Tail } from "../kinds/stream/tail.js";

const PAGE_ENTRIES = 500;
/** How much of a log a node keeps in memory, in bytes. */
const TAIL_BYTES = 128 * 1024;

/** Where a subscription begins; without a cursor at the head, wherever that is when it begins. */
export interface Start {
  readonly cursor?: Cursor;
  /** Whether everything that was asked for is still there. */
  readonly complete: boolean;
}

/** More hints than these are not kept while the head is read; then the log is asked. */
const MAX_EARLY = 100;

export interface FeedDeps extends LaggardsDeps {
  readonly broker: Broker;
  /** Shown where the log is. */
  readonly clocks?: ClockWatch;
}

export class Feed implements LiveEdge {
  readonly #channel: string;
  readonly #ch: number;
  readonly #deps: FeedDeps;
  readonly #log: LogOptions;
  readonly #tail: Tail;
  readonly audience = new Audience();
  readonly #laggards: Laggards;
  /** Where the log is, as far as this node knows: `#flushed` and then `#pending`. */
  #cursor: Cursor = { epoch: "", offset: 0 };
  /** Where the live subscribers are. */
  #flushed: Cursor = this.#cursor;
  #pending: Step[] = [];
  #collecting = false;
  #afterFlush: (() => void)[] = [];
  #repairing = false;
  #repairAgain = false;
  /** Hints that came before the head was known. */
  readonly #early: Hint[] = [];
  /** Set while it is known that a hint was lost: those that follow it cannot help. */
  #hole = false;
  #onHole: () => void = () => {};
  #closed = false;

  constructor(channel: string, ch: number, log: LogOptions, deps: FeedDeps) {
    this.#channel = channel;
    this.#ch = ch;
    this.#log = log;
    this.#deps = deps;
    const { retain } = log.keeping;
    this.#tail = new Tail({
      count: retain?.count ?? Infinity,
      bytes: Math.min(retain?.bytes ?? Infinity, TAIL_BYTES),
      age: retain?.age,
    });
    this.#laggards = new Laggards(channel, this, this.#tail, deps);
  }

  /** Finds the head; hints must be coming in already. Rejects with the broker's error; the feed is then of no use. */
  async open(): Promise<void> {
    const page = await this.#deps.broker.read(
      this.#channel,
      { before: MAX_OFFSET, limit: 1, bytes: 0 },
      this.#log,
    );
    this.#deps.clocks?.look(this.#channel, page.head);
    this.#cursor = this.#flushed = { epoch: page.epochs.at(-1)?.epoch ?? "", offset: page.head };
    for (const hint of this.#early.splice(0)) this.onEntries(hint);
    if (this.#repairAgain) this.check();
  }

  /** Where a newcomer's delivery starts: at the head. */
  get head(): Cursor {
    return this.#flushed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get known(): Cursor {
    return this.#cursor;
  }

  get keeps(): boolean {
    return this.#log.keeping.retain !== undefined;
  }

  /** Begins delivery from the subscriber's cursor, which may be anywhere. */
  add(subscriber: Subscriber): void {
    this.#laggards.add(subscriber);
  }

  /** Where delivery starts for somebody who wants the newest `count` messages, and whether all of them are still there. */
  async startOfLast(count: number): Promise<Start> {
    if (count === 0) return { complete: true };
    // A log that keeps nothing has no last messages, though this node holds some for those who lag.
    const known = this.keeps ? this.#tail.startOfLast(count, this.#deps.clock.now()) : undefined;
    if (known !== undefined) return { cursor: { epoch: this.#flushed.epoch, offset: known }, complete: true };
    let before = MAX_OFFSET;
    let left = count;
    for (;;) {
      const page = await this.#deps.broker.read(
        this.#channel,
        { before, limit: left, bytes: 16 * PAGE_BYTES },
        this.#log,
      );
      const start = page.entries[0]?.prev ?? Math.min(before, page.oldestPrev);
      left -= page.entries.length;
      // Where nothing lies before, the log's own beginning: no entry has offset 0, so nothing is missing.
      if (left <= 0 || page.entries.length === 0 || start <= page.oldestPrev) {
        return { cursor: this.#cursorAt(page, start), complete: left <= 0 || start === 0 };
      }
      before = page.entries[0]?.offset ?? 0;
    }
  }

  /** Where delivery starts for somebody who wants everything from `offset` on, and whether all of it is still there. */
  async startAt(offset: number): Promise<Start> {
    const page = await this.#deps.broker.read(
      this.#channel,
      { after: Math.max(0, offset - 1), limit: 1, bytes: 0 },
      this.#log,
    );
    const start = page.entries[0]?.prev ?? page.head;
    return {
      cursor: this.#cursorAt(page, start),
      complete: page.oldestPrev < offset || page.oldestPrev === 0,
    };
  }

  /** Compares with the broker's head, and repairs. For quiet channels now and then, and whenever hints may have been lost. */
  check(): void {
    detach(this.#repair(), (error) => this.#deps.onError(error, this.#channel));
  }

  doubt({ epoch, offset }: Cursor): void {
    this.#deps.broker.doubt?.(this.#channel, epoch, offset);
  }

  close(): void {
    this.#closed = true;
    this.#pending = [];
  }

  #cursorAt(page: Page, offset: number): Cursor {
    let name = page.epochs[0]?.epoch ?? "";
    for (const { epoch, base } of page.epochs) if (base < offset) name = epoch;
    return { epoch: name, offset };
  }

  /** Hot path: once per append, not per subscriber. */
  onEntries(hint: Hint): void {
    if (this.#closed) return;
    if (this.#cursor.epoch === "") {
      // The head is being read: what comes meanwhile may be what follows it, and not be kept anywhere else.
      if (this.#early.length < MAX_EARLY) this.#early.push(hint);
      else this.#repairAgain = true;
      return;
    }
    if (hint.epoch !== this.#cursor.epoch) return this.check();
    let { offset } = this.#cursor;
    for (const entry of hint.entries) {
      if (entry.offset <= offset) continue;
      if (entry.prev !== offset) {
        this.#hole = true;
        this.#onHole();
        this.check();
        break;
      }
      this.#pending.push({ entry });
      offset = entry.offset;
    }
    if (offset === this.#cursor.offset) return;
    this.#cursor = { epoch: this.#cursor.epoch, offset };
    this.#collect();
  }

  #collect(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    this.#deps.collect(() => this.#flush());
  }

  /** Reads on from the feed's own cursor until it is at the head. One at a time. */
  async #repair(): Promise<void> {
    if (this.#repairing) {
      this.#repairAgain = true;
      return;
    }
    this.#repairing = true;
    do {
      this.#repairAgain = false;
      try {
        const read = await this.read(this.#cursor.offset);
        if (this.#closed) return;
        this.#deps.clocks?.look(this.#channel, read.head);
        let reading = this.#unseen(read);
        if (!this.#hole && reading?.steps.some(leavesOut)) {
          // A check that met an append: what the log does not keep any more is about to be brought by its hint. Then the
          // same read is judged again; another one might meet another append.
          await this.#hints();
          if (this.#closed) return;
          if (this.#hole) continue;
          reading = this.#unseen(read);
        }
        if (reading === undefined) {
          this.#repairAgain = true;
          continue;
        }
        const { steps, cursor, standing } = reading;
        this.#hole = false;
        for (const step of steps) this.#pending.push(step);
        this.#cursor = cursor;
        this.#collect();
        if (standing === "more") {
          this.#repairAgain = true;
          // However far behind this node is, it holds one page of what it missed, not all of it.
          await this.#nextFlush();
        }
      } catch (error) {
        this.#deps.onError(error, this.#channel);
        this.#deps.clock.setTimeout(() => this.#closed || this.check(), RETRY_MS);
        break;
      }
    } while (this.#repairAgain);
    this.#repairing = false;
  }

  /** Time for hints that are on their way; over at once when one has been lost. */
  #hints(): Promise<void> {
    return new Promise((resolve) => {
      this.#onHole = resolve;
      this.#deps.clock.setTimeout(resolve, RETRY_MS);
    });
  }

  #nextFlush(): Promise<void> {
    return new Promise((resolve) => this.#afterFlush.push(resolve));
  }

  /** What a page has beyond what hints have brought since; `undefined` when they have gone on beyond its end. */
  #unseen(page: Page): Reading | undefined {
    const { offset } = this.#cursor;
    const entries = page.entries.filter((entry) => entry.offset > offset);
    const gone = page.entries.length > 0 && entries.length === 0 && page.head > offset;
    return gone ? undefined : readOn(this.#cursor, { ...page, entries });
  }

  #flush(): void {
    this.#collecting = false;
    if (this.#closed) return;
    const steps = this.#pending;
    this.#pending = [];
    try {
      this.#deliver(steps);
    } catch (error) {
      this.#deps.onError(error, this.#channel);
      this.#fallBehind();
    }
    this.#flushed = this.#cursor;
    if (this.#afterFlush.length > 0) for (const resume of this.#afterFlush.splice(0)) resume();
    this.#laggards.onMoved();
  }

  /** Nobody may be taken to have what could not be made ready for everybody: each reads on from where it is. */
  #fallBehind(): void {
    this.#tail.clear();
    const live = [...this.audience].filter(({ state }) => state === "live");
    for (const subscriber of live) {
      this.audience.addBehind(subscriber);
      this.#laggards.lag(subscriber, this.#flushed);
    }
  }

  /** Hot path: encodes what came in this turn, once, and hands it to every live subscriber. */
  #deliver(steps: readonly Step[]): void {
    const deliver = (lines: EncodedLine[], end: Cursor): void => {
      const base = this.#flushed;
      this.audience.deliver(new Chunk(lines), (subscriber) => this.#laggards.lag(subscriber, base));
      this.#flushed = end;
    };
    let lines: EncodedLine[] = [];
    let size = 0;
    let at = this.#flushed;
    for (const step of steps) {
      const line = this.#encode(step, true);
      if (size + line.size > PAGE_BYTES && lines.length > 0) {
        deliver(lines, at);
        lines = [];
        size = 0;
      }
      lines.push(line);
      size += line.size;
      at =
        "gap" in step
          ? { epoch: step.gap.epoch, offset: step.gap.until }
          : { epoch: at.epoch, offset: step.entry.offset };
    }
    if (lines.length > 0) deliver(lines, at);
  }

  /** The line of something that is read for those who are behind. */
  encode(step: Step): EncodedLine {
    return this.#encode(step, false);
  }

  #encode(step: Step, keep: boolean): EncodedLine {
    if ("gap" in step) {
      if (keep) this.#tail.clear();
      return gapLine(this.#ch, step.gap);
    }
    const { offset, prev, data, meta } = step.entry;
    const line = messageLine(this.#ch, offset, data, meta);
    if (keep) this.#tail.push(offset, prev, line);
    return line;
  }

  /** A page of what follows. */
  read(after: number): Promise<Page> {
    return this.#deps.broker.read(
      this.#channel,
      { after, limit: PAGE_ENTRIES, bytes: PAGE_BYTES },
      this.#log,
    );
  }
}

/** Whether entries are missing because the log does not keep them. */
function leavesOut(step: Step): boolean {
  return "gap" in step && step.gap.reason === "trimmed";
}
