/**
 * A channel's log that is kept by slots, as this node has it: its memory, complete up to a place. Hints carry it on; a hole in them
 * is mended by a walk from where it stands, and what cannot be mended is read anew from 0.
 */
import {
  BrokerError,
  type ChangesEntry,
  type ChangesHint,
  type Epoch,
  type SlotsPage,
} from "../../../broker/index.js";
import { judge, type LogPlace } from "../../../broker/log/judge.js";
import type { Clock, Cursor } from "../../../protocol/index.js";
import { detach } from "../../guard.js";
import type { SlotsKind, SlotsMemory, Walk, WalkStep } from "../../kinds/slots-kind.js";
import type { ClockWatch } from "../clock-watch.js";
import { RETRY_MS } from "../retry.js";
import { Comparisons } from "./comparisons.js";
import type { SlotsLog } from "./slots-log.js";

/** Who serves what a replica has. */
export interface ReplicaOwner {
  /** It has gone on, in the same epoch. */
  onMoved(): void;
  /** Its epoch is another one, or all of it was read anew: whoever was told something of it is to be judged. */
  onChanged(): void;
  /** It was compared with the broker, and nothing was missing. */
  onChecked(): void;
  /** In so many milliseconds the next slot is due. */
  onDue(ms: number): void;
}

export interface ReplicaDeps {
  readonly clock: Clock;
  /** Told of reads that failed; they are tried again. */
  readonly onError: (error: unknown, channel: string) => void;
  /** Shown where the log is. */
  readonly clocks?: ClockWatch;
}

export class Replica {
  readonly memory: SlotsMemory;
  readonly #kind: SlotsKind;
  readonly #log: SlotsLog;
  readonly #owner: ReplicaOwner;
  readonly #deps: ReplicaDeps;
  #epochs: readonly Epoch[] = [];
  /** Under way: then hints are kept by it. */
  #walk: Walk | undefined;
  /** Where it reads on. */
  #after = 0;
  /** Whether the memory is whole: nobody is served from it before. */
  #ready = false;
  #isChecking = false;
  #checkAgain = false;
  /** How often it was asked to compare, and up to which of those it has. */
  #asked = 0;
  #checked = 0;
  readonly #comparisons = new Comparisons();
  #closed = false;

  constructor(kind: SlotsKind, log: SlotsLog, memory: SlotsMemory, owner: ReplicaOwner, deps: ReplicaDeps) {
    this.#kind = kind;
    this.#log = log;
    this.memory = memory;
    this.#owner = owner;
    this.#deps = deps;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Where the memory is complete up to. */
  get cursor(): Cursor {
    return { epoch: this.#epoch, offset: this.memory.head };
  }

  /** What cursors are judged by. */
  get place(): LogPlace {
    const { head, floor } = this.memory;
    return { epochs: this.#epochs, head, floor };
  }

  /** Reads all there is; hints must be coming in already. Rejects with the broker's error; it is then of no use. */
  async open(): Promise<void> {
    this.#begin(0);
    await this.#walkOn(true);
  }

  /** Reads what has come since, as `open` does. */
  async catchUp(): Promise<void> {
    if (this.#walk !== undefined) return;
    this.#begin(this.memory.head);
    await this.#walkOn(true);
  }

  close(): void {
    this.#closed = true;
    this.#comparisons.fail(closed());
  }

  /**
   * Compares with the broker's head, and mends what is missing. What the broker says to a question that was under way already
   * may be of a time before this.
   *
   * @returns a number that {@link checked} has reached once that has been done
   */
  check(): number {
    const number = ++this.#asked;
    if (this.#closed) return number;
    if (this.#walk !== undefined || this.#isChecking) {
      this.#checkAgain = true;
      return number;
    }
    this.#isChecking = true;
    detach(this.#compare(), (error) => this.#deps.onError(error, this.#log.channel));
    return number;
  }

  /** Resolves once it holds all that the broker had acknowledged before this call. Rejects with the broker's error. */
  async upToDate(): Promise<void> {
    if (this.#closed) throw closed();
    await this.#comparisons.until(this.check());
  }

  /** Up to which call of `check` the broker was asked after it. */
  get checked(): number {
    return this.#checked;
  }

  /** Hot path: once per append, not per subscriber. */
  onChanges({ epoch, entries }: ChangesHint): void {
    if (this.#closed) return;
    if (this.#walk !== undefined) return this.#keep(entries, epoch);
    if (!this.#ready) return;
    if (epoch !== this.#epoch) return void this.check();
    const { memory } = this;
    const before = memory.head;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as ChangesEntry;
      if (entry.offset <= memory.head) continue;
      if (entry.prev !== memory.head || entry.changes === undefined) {
        this.#mend(entries.slice(i), epoch);
        break;
      }
      memory.push(entry);
    }
    if (memory.head > before) this.#owner.onMoved();
  }

  get #epoch(): string {
    return this.#epochs.at(-1)?.epoch ?? "";
  }

  #keep(entries: readonly ChangesEntry[], epoch: string): void {
    for (const entry of entries) this.#walk?.hint(entry, epoch);
  }

  #begin(from: number): void {
    this.#walk = this.#kind.walk(from);
    this.#after = from;
  }

  /** Something is missing behind the head. Those hints are of what comes behind that. */
  #mend(entries: readonly ChangesEntry[] = [], epoch = ""): void {
    this.#begin(this.memory.head);
    this.#keep(entries, epoch);
    detach(this.#walkOn(false), (error) => this.#deps.onError(error, this.#log.channel));
  }

  /** What the memory holds is not what the log holds: all is read anew. */
  #anew(): void {
    this.#ready = false;
    this.memory.clear();
    this.#begin(0);
  }

  /** @param opening whether a read that fails is its end; otherwise it is tried again */
  async #walkOn(opening: boolean): Promise<void> {
    for (;;) {
      const asked = this.#asked;
      const page = await this.#page(opening);
      if (this.#closed || page === undefined) return;
      const step = this.#judge(page);
      if (step === "stale") await this.#pause();
      else if (step.go === "on") this.#after = step.after;
      else if (step.go === "again") this.#anew();
      else {
        this.#checked = asked;
        return this.#ended(step, page);
      }
      if (this.#closed) return;
    }
  }

  async #page(opening: boolean): Promise<SlotsPage | undefined> {
    for (;;) {
      try {
        return await this.#log.readAfter(this.#after);
      } catch (error) {
        if (opening) throw error;
        this.#failed(error);
      }
      await this.#pause();
      if (this.#closed) return undefined;
    }
  }

  /** What a page makes of the walk. `stale`: it is of a time before what the memory has already. */
  #judge(page: SlotsPage): WalkStep | "stale" {
    const walk = this.#walk as Walk;
    if (!this.#ready) return walk.page(page);
    const standing = judge(this.cursor, { epochs: page.epochs, head: page.head, floor: 0 });
    if (standing === "ahead") return "stale";
    return standing === "on" || standing === "failover" ? walk.page(page) : { go: "again" };
  }

  #ended(walked: Extract<WalkStep, { go: "ended" }>, { epochs, due }: SlotsPage): void {
    const rest = this.#walk?.rest ?? [];
    const before = this.cursor;
    const isNew = !this.#ready;
    this.memory.take(walked);
    this.#epochs = epochs;
    this.#walk = undefined;
    this.#ready = true;
    this.#deps.clocks?.look(this.#log.channel, this.memory.head);
    if (isNew || before.epoch !== this.#epoch) this.#owner.onChanged();
    else if (this.memory.head > before.offset) this.#owner.onMoved();
    if (due !== undefined) this.#owner.onDue(due);
    if (rest.length > 0) this.onChanges({ epoch: this.#epoch, entries: rest });
    this.#compared();
    this.#goOnChecking();
  }

  async #compare(): Promise<void> {
    try {
      const asked = this.#asked;
      const page = await this.#log.readAfter(this.memory.head);
      if (this.#closed || this.#walk !== undefined) return;
      const isSame = page.epochs.at(-1)?.epoch === this.#epoch;
      if (!isSame || page.head > this.memory.head) return this.#mend();
      if (page.due !== undefined) this.#owner.onDue(page.due);
      this.#checked = asked;
      this.#compared();
    } catch (error) {
      this.#failed(error);
      this.#deps.clock.setTimeout(() => this.check(), RETRY_MS);
    } finally {
      this.#isChecking = false;
      this.#goOnChecking();
    }
  }

  #compared(): void {
    this.#owner.onChecked();
    this.#comparisons.done(this.#checked);
  }

  /** It is tried again; whoever waits for it does not wait for that. */
  #failed(error: unknown): void {
    this.#deps.onError(error, this.#log.channel);
    this.#comparisons.fail(error);
  }

  #goOnChecking(): void {
    if (!this.#checkAgain || this.#walk !== undefined || this.#isChecking) return;
    this.#checkAgain = false;
    this.check();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#deps.clock.setTimeout(resolve, RETRY_MS));
  }
}

function closed(): BrokerError {
  return new BrokerError("closed", "the channel was closed here");
}
