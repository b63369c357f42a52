/**
 * Mends what hints have left out: reads on from where the feed is until it is at the head of its log. One read at a time,
 * however many ask for it meanwhile.
 */
import type { Page } from "../../broker/index.js";
import type { Clock, Cursor } from "../../protocol/index.js";
import { detach } from "../guard.js";
import type { LogKind, Reading, Step } from "../kinds/kind.js";
import type { ClockWatch } from "./clock-watch.js";
import type { Log } from "./log.js";
import { RETRY_MS } from "./retry.js";

/** The feed that is mended. */
export interface Mended {
  readonly closed: boolean;
  /** Where the log is, as far as the feed knows. */
  readonly known: Cursor;
  /** Takes the steps, which follow `known`, and is at the reading's cursor then. They go out at the end of the turn. */
  goOn(reading: Reading): void;
}

export interface RepairDeps {
  readonly clock: Clock;
  /** Told of reads that failed; they are tried again. */
  readonly onError: (error: unknown, channel: string) => void;
  /** Shown where the log is. */
  readonly clocks?: ClockWatch;
}

export class Repair {
  readonly #feed: Mended;
  readonly #kind: LogKind;
  readonly #log: Log;
  readonly #deps: RepairDeps;
  #running = false;
  #again = false;
  /** Set while it is known that a hint was lost: those that follow it cannot help. */
  #hole = false;
  #onHole: (() => void) | undefined;
  #onFlushed: (() => void) | undefined;

  constructor(feed: Mended, kind: LogKind, log: Log, deps: RepairDeps) {
    this.#feed = feed;
    this.#kind = kind;
    this.#log = log;
    this.#deps = deps;
  }

  /** Whether a read was postponed, or asked for while another one was under way. */
  get due(): boolean {
    return this.#again;
  }

  /** Something has to be mended, but not yet; it is `due` until then. */
  postpone(): void {
    this.#again = true;
  }

  /** A hint was lost. */
  onHole(): void {
    this.#hole = true;
    this.#onHole?.();
    this.start();
  }

  /** What the feed took has gone out. */
  onFlushed(): void {
    const resume = this.#onFlushed;
    this.#onFlushed = undefined;
    resume?.();
  }

  /** Compares with the broker's head, and reads what is missing. */
  start(): void {
    detach(this.#run(), (error) => this.#deps.onError(error, this.#log.channel));
  }

  async #run(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    do {
      this.#again = false;
      try {
        await this.#readOnce();
      } catch (error) {
        this.#deps.onError(error, this.#log.channel);
        this.#deps.clock.setTimeout(() => this.#feed.closed || this.start(), RETRY_MS);
        break;
      }
      // A feed that has closed reads no more; and stays taken, so that nobody begins again.
      if (this.#feed.closed) return;
    } while (this.#again);
    this.#running = false;
  }

  async #readOnce(): Promise<void> {
    const feed = this.#feed;
    const read = await this.#log.readAfter(feed.known.offset);
    if (feed.closed) return;
    this.#deps.clocks?.look(this.#log.channel, read.head);
    let reading = this.#unseen(read);
    if (!this.#hole && reading?.steps.some(leavesOut)) {
      // A check that met an append: what the log does not keep any more is about to be brought by its hint. Then the
      // same read is judged again; another one might meet another append.
      await this.#hints();
      if (feed.closed || this.#hole) return;
      reading = this.#unseen(read);
    }
    if (reading === undefined) {
      this.#again = true;
      return;
    }
    const { standing } = reading;
    this.#hole = false;
    feed.goOn(reading);
    if (standing === "more") {
      this.#again = true;
      // However far behind this node is, it holds one page of what it missed, not all of it.
      await this.#flushed();
    }
  }

  /** Time for hints that are on their way; over at once when one has been lost. */
  #hints(): Promise<void> {
    return new Promise((resolve) => {
      this.#onHole = resolve;
      this.#deps.clock.setTimeout(resolve, RETRY_MS);
    });
  }

  #flushed(): Promise<void> {
    return new Promise((resolve) => (this.#onFlushed = resolve));
  }

  /** What a page has beyond what hints have brought since; `undefined` when they have gone on beyond its end. */
  #unseen(page: Page): Reading | undefined {
    const { known } = this.#feed;
    const entries = page.entries.filter((entry) => entry.offset > known.offset);
    const gone = page.entries.length > 0 && entries.length === 0 && page.head > known.offset;
    return gone ? undefined : this.#kind.readOn(known, { ...page, entries });
  }
}

/** Whether entries are missing because the log does not keep them. */
function leavesOut(step: Step): boolean {
  return "gap" in step && step.gap.reason === "trimmed";
}
