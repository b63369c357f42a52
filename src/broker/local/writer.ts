/**
 * The one writer of a directory. It decides about every append in memory, has the disk take it, and only then tells
 * anybody. Who is present and who holds which lease is in its memory alone: it ends with the nodes it belongs to.
 */
import type { Random } from "../../protocol/index.js";
import type { Appended, Durability, LogOptions } from "../contract.js";
import type { Changed, SlotsOptions } from "../slots-contract.js";
import { randomEpoch } from "../log/epoch-names.js";
import type { ReigningStore } from "../log/log-state.js";
import type { Moment } from "../log/moment.js";
import { isOfSlots } from "../log/of-slots.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import { LeaseTable } from "../memory/lease-table.js";
import { NodeDirectory } from "../memory/node-directory.js";
import { Catalog } from "./catalog.js";
import type { Changes } from "./changes.js";
import { DiskGate, type DiskGateOptions } from "./disk-gate.js";
import type { Batch } from "./disk-log.js";
import { Doubts, doubtOf } from "./doubts.js";
import { Eraser } from "./eraser.js";
import { GroupCommit } from "./group-commit.js";
import type { LinkEvents, NodeName } from "./link.js";
import { News } from "./news.js";
import { packEntries } from "./slots/changes-codec.js";
import type { ChangesBatch } from "./slots/disk-slots.js";
import { WriterLogs } from "./writer-logs.js";
import { WrittenChannels, type WrittenChannel, type WrittenLog } from "./written-channels.js";

export interface WriterOptions extends DiskGateOptions {
  readonly random: Random;
  readonly durability: Durability;
  readonly maxKeys: number;
  /** Milliseconds for which a log without entries is kept after its last use. */
  readonly idle: number;
  /** Told of silent workers, and of what goes wrong where nobody waits for it. */
  readonly onError: (error: unknown) => void;
}

const SWEEP_MS = 1000;
/** Logs that a sweep looks at. */
const SWEPT_AT_ONCE = 256;
/** How long an unused log stays in memory, in milliseconds. */
const UNLOAD_MS = 60_000;

export class Writer {
  readonly durability: Durability;
  readonly leases: LeaseTable;
  readonly nodes: NodeDirectory;
  /** Who follows them and who is present is done with them directly. */
  readonly channels: WrittenChannels;
  readonly #options: WriterOptions;
  readonly #gate: DiskGate;
  readonly #doubts: Doubts;
  readonly #commit: GroupCommit;
  #eraser: Eraser;
  #logs: WriterLogs;
  #dirty = new Set<WrittenChannel>();
  #underWay = new Set<WrittenChannel>();
  #news = new News();
  readonly #current: ReigningStore;
  #nodes = 0;
  #closed = false;

  constructor(options: WriterOptions) {
    const { env, clock, random, owned } = options;
    this.#options = options;
    this.#current = {
      name: owned.incarnation,
      newEpochName: () => randomEpoch(random),
      newToken: () => random.id(),
    };
    this.channels = new WrittenChannels(clock);
    this.#gate = new DiskGate(options);
    this.#doubts = new Doubts(this.#now());
    this.durability = options.durability;
    this.leases = new LeaseTable(clock, random);
    this.nodes = new NodeDirectory(options.onError);
    this.#commit = new GroupCommit(env, {
      closing: (changes) => this.#closing(changes),
      failed: (error) => this.#failed(error),
      mayWrite: (changes) => this.#gate.mayWrite(changes),
    });
    [this.#eraser, this.#logs] = this.#open();
    this.#logs.catalog.announce();
    this.#sweepLater();
  }

  /** The store's: another one where it may have lost data. */
  get incarnation(): string {
    return this.#current.name;
  }

  /** A node of this process, or the near end of one in another. Returns its number. */
  add(events: LinkEvents, { id, version }: NodeName): number {
    const node = ++this.#nodes;
    this.nodes.add(node, { id, version, load: {}, since: this.#options.clock.now() });
    this.nodes.listen(node, (text) => events.text(text));
    return node;
  }

  /** Hot path. Throws the log's errors; `done` and `fail` come when the disk has spoken. */
  append(
    name: string,
    batch: Batch,
    options: LogOptions,
    done: (outcomes: Appended[]) => void,
    fail: (error: Error) => void,
  ): void {
    const now = this.#now();
    const channel = this.channels.of(name);
    const log = this.#logs.ofEntries(channel, now);
    const { name: incarnation, newEpochName } = this.#current;
    const { outcomes, records } = log.append(batch, options, now, incarnation, newEpochName);
    this.#dirty.add(channel);
    this.#news.add(channel, log, records);
    this.#commit.wait(() => done(outcomes), fail);
  }

  /** As {@link append}, to a log that is kept by slots. */
  change(
    name: string,
    batch: ChangesBatch,
    options: SlotsOptions,
    done: (outcomes: Changed[]) => void,
    fail: (error: Error) => void,
  ): void {
    const now = this.#now();
    const channel = this.channels.of(name);
    const log = this.#logs.ofSlots(channel, now);
    this.#dirty.add(channel);
    // Also where it throws: it may have opened an epoch by then.
    this.#commit.schedule();
    const { outcomes, entries } = log.change(batch, options, now, this.#current);
    // Whoever follows later need not be told.
    if (entries.length > 0 && channel.followers.size > 0)
      this.#news.add(channel, log, [packEntries(entries)]);
    this.#commit.wait(() => done(outcomes), fail);
  }

  open(
    name: string,
    options: LogOptions | SlotsOptions,
    done: () => void,
    fail: (error: Error) => void,
  ): void {
    const now = this.#now();
    const channel = this.channels.of(name);
    const log = this.#logs.use(channel, now);
    if (isOfSlots(options)) {
      if (log?.by === "slots") log.use(options, now, this.#current);
    } else if (log?.by === "entries") log.use(options, now);
    if (log !== undefined) this.#dirty.add(channel);
    this.#commit.wait(done, fail);
  }

  /** Carries out a step of who wants to write alone. Who takes a reign makes the log that is not there. */
  reign(
    name: string,
    step: ReignStep,
    options: LogOptions | SlotsOptions,
    done: (answer: ReignAnswer) => void,
    fail: (error: Error) => void,
  ): void {
    const now = this.#now();
    const channel = this.channels.of(name);
    const answer = this.#reign(channel, step, options, now);
    this.#dirty.add(channel);
    // Nobody is told of what the disk has not: a writer that has lost its directory must not say that somebody reigns.
    this.#commit.wait(() => done(answer), fail);
  }

  /** A subscriber has that cursor. */
  doubt(name: string, epoch: string, offset: number): void {
    const now = this.#now();
    const channel = this.channels.of(name);
    const log = this.#logs.find(channel, now);
    if (log === undefined || !this.#doubts.isNew(name, log, epoch, offset, now)) return;
    log.doubt();
    this.#dirty.add(channel);
    this.#commit.schedule();
    this.report(doubtOf(name, offset));
  }

  /** A node is gone: it hears nothing more, its members leave at once and its leases are free. */
  drop(node: number, events: LinkEvents): void {
    this.channels.drop(node, events);
    this.nodes.silence(node);
    this.nodes.drop(node);
    this.leases.drop(node);
  }

  /** Tells the operator. */
  report(error: Error): void {
    this.#options.onError(error);
  }

  /** Frees what processes that ended held of the table of readers. */
  clearReaders(): void {
    if (!this.#closed) this.#options.env.root.readerCheck();
  }

  /** Resolves when everything that was begun is on the disk. */
  idle(): Promise<void> {
    return this.#commit.idle();
  }

  /** Lets what was begun come to its end; later calls fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#commit.close();
  }

  #open(): [Eraser, WriterLogs] {
    const { env, owned, maxKeys } = this.#options;
    const eraser = new Eraser(env);
    const catalog = new Catalog({ env, eraser, commit: this.#commit, maxKeys }, owned.incarnation);
    return [eraser, new WriterLogs(catalog)];
  }

  #reign(
    channel: WrittenChannel,
    step: ReignStep,
    options: LogOptions | SlotsOptions,
    now: Moment,
  ): ReignAnswer {
    const takes = step.do === "take";
    if (isOfSlots(options)) {
      const log = takes ? this.#logs.ofSlots(channel, now) : this.#logs.use(channel, now);
      return log?.by === "slots" ? log.reign(step, options, now, this.#current) : "none";
    }
    const log = takes ? this.#logs.ofEntries(channel, now) : this.#logs.use(channel, now);
    return log?.by === "entries" ? log.reign(step, options, now, this.#current) : "none";
  }

  #closing(changes: Changes): () => void {
    const now = this.#now();
    const [news, dirty, committed] = [this.#news, this.#dirty, this.#logs.closing()];
    this.#news = new News();
    this.#dirty = new Set();
    this.#underWay = dirty;
    const heads = new Map<WrittenLog, number>();
    for (const { log } of dirty) {
      if (log === undefined) continue;
      log.save(now);
      heads.set(log, log.head);
    }
    const mark = this.#eraser.mark;
    const writes = changes.size > 0;
    if (writes) this.#logs.catalog.announceWith(changes);
    return () => {
      if (writes) this.#attempt(() => this.#gate.wrote());
      this.#underWay = new Set();
      for (const [log, head] of heads) log.committed(head);
      committed();
      news.tell();
      this.#eraser.committed(mark);
      if (!this.#eraser.isReady) return;
      this.#eraser.step(this.#commit.changes);
      this.#commit.schedule();
    };
  }

  /** Does what nobody waits for: what goes wrong is the operator's to know, and ends nothing. */
  #attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Nothing of it was seen by anybody: the logs go on from what is on the disk. */
  #failed(error: unknown): void {
    for (const channel of this.channels.all()) channel.log = undefined;
    this.#dirty = new Set();
    this.#underWay = new Set();
    this.#news = new News();
    this.#logs.failed();
    this.#attempt(() => ([this.#eraser, this.#logs] = this.#open()));
    this.#gate.failed(error);
  }

  #sweepLater(): void {
    this.#options.clock.setTimeout(() => {
      if (this.#closed) return;
      this.#attempt(() => this.#sweep());
      this.#sweepLater();
    }, SWEEP_MS);
  }

  #sweep(): void {
    const { idle } = this.#options;
    const now = this.#now();
    const { changes } = this.#commit;
    for (const name of this.#logs.catalog.next(SWEPT_AT_ONCE, now, idle)) {
      const channel = this.channels.of(name);
      // Sweeping is no use: it must not keep the log in memory.
      const log = this.#logs.find(channel, now);
      const { followers, presence } = channel;
      if (log === undefined) continue;
      if (
        log.isIdle(now, idle) &&
        followers.size === 0 &&
        presence?.isIdle !== false &&
        !this.#isBusy(channel)
      ) {
        this.#logs.erase(channel, log);
      } else if (log.expire(now)) this.#dirty.add(channel);
    }
    if (changes.size > 0 || this.#eraser.isReady) {
      this.#eraser.step(changes);
      this.#commit.schedule();
    }
    this.#forget(now);
  }

  /** Lets go of what is in memory for nothing. */
  #forget(now: Moment): void {
    for (const channel of this.channels.all()) {
      if (now.steady - channel.usedAt > UNLOAD_MS && !this.#isBusy(channel)) this.#unload(channel, now);
      this.channels.letGoOfUnused(channel);
    }
  }

  /** Nothing that retention dropped stays behind. */
  #unload(channel: WrittenChannel, now: Moment): void {
    if (channel.log?.expire(now) !== true) {
      channel.log = undefined;
      return;
    }
    this.#dirty.add(channel);
    this.#commit.schedule();
  }

  /** Whether memory is ahead of the disk. */
  #isBusy(channel: WrittenChannel): boolean {
    return this.#dirty.has(channel) || this.#underWay.has(channel);
  }

  #now(): Moment {
    const { clock } = this.#options;
    return { wall: clock.now(), steady: clock.monotonic() };
  }
}
