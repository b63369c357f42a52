import {
  DUE_REST_MS,
  EMPTY_MS,
  type Changed,
  type ChangesDraft,
  type ChangesEntry,
  type SlotsFrom,
  type SlotsKeeping,
  type SlotsOptions,
  type SlotsPage,
} from "../slots-contract.js";
import { KeyMemory } from "../log/key-memory.js";
import { LogState, type ReigningStore } from "../log/log-state.js";
import type { Moment } from "../log/moment.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import { Appending, withEpoch } from "../log/slots/appending.js";
import { SlotMap } from "../log/slots/slot-map.js";

/** What became of the drafts, and the entries that are new in the log, as followers are told. */
export interface SlotsAppend {
  readonly outcomes: Changed[];
  readonly entries: ChangesEntry[];
}

/** What a log asks its store for when the store may have lost data. */
export interface Incarnation {
  readonly name: string;
  readonly newEpochName: () => string;
}

/** One channel's log that is kept by slots, as a data structure: it has no clock, no followers and no name. */
export class SlotsLog {
  #state: LogState<KeyMemory>;
  #slots = new SlotMap();
  #usedAt: number;
  #dedupe = 0;
  #keeping: Pick<SlotsKeeping, "graves" | "keepFor"> = { graves: {} };

  constructor(incarnation: string, epoch: string, now: Moment, maxKeys: number) {
    const start = { head: 0, epochs: [{ epoch, base: 0 }], incarnation };
    this.#state = new LogState(start, new KeyMemory(maxKeys, now.steady), now.steady);
    this.#usedAt = now.steady;
  }

  /** The epoch being written. */
  get epoch(): string {
    return this.#state.epoch;
  }

  /** The offset of the newest entry ever appended; 0 when there was none. */
  get head(): number {
    return this.#state.head;
  }

  /** Appends in one step: see `Broker.change`. */
  change(
    drafts: readonly ChangesDraft[],
    options: SlotsOptions,
    now: Moment,
    { name, newEpochName }: Incarnation,
  ): SlotsAppend {
    this.#use(options, now);
    this.#state.enter(name, newEpochName, now);
    const contents = new Appending(this.#slots, this.#state, drafts, options.keeping, now);
    const outcomes = this.#state.append(drafts, options, now, name, newEpochName, contents);
    this.expire(now);
    return { outcomes: withEpoch(outcomes, this.epoch), entries: contents.entries };
  }

  /** Reads a page: see `Broker.readSlots`. */
  read(from: SlotsFrom, options: SlotsOptions, now: Moment, { name, newEpochName }: Incarnation): SlotsPage {
    this.#use(options, now);
    this.#state.enter(name, newEpochName, now);
    const slots = this.#slots;
    // Those that are too many, or too large, go with the next change: a read takes nothing from anybody but time.
    const { age } = options.keeping.graves;
    if (age !== undefined) slots.dropGraves({ age }, now.wall);
    const { head, epochs, begun } = this.#state;
    const entries = this.#entries(from, now);
    const page = { entries, floor: slots.floor, head, epochs };
    const { nextDue } = slots;
    if (nextDue === undefined) return page;
    return { ...page, due: Math.max(0, nextDue - now.wall, begun + DUE_REST_MS - now.steady) };
  }

  /** Carries out a step of who wants to write alone. */
  reign(step: ReignStep, options: SlotsOptions, now: Moment, store: ReigningStore): ReignAnswer {
    this.#use(options, now);
    return this.#state.decideReign(step, now, store);
  }

  /** Lets go of tombstones and keys whose time is over, as the latest caller's options have it. */
  expire(now: Moment): void {
    this.#state.keys.turn(now.steady, this.#dedupe);
    this.#slots.dropGraves(this.#keeping.graves, now.wall);
  }

  /** Whether the log may be dropped: not while somebody reigns over it. */
  isIdle(now: Moment): boolean {
    if (this.#state.isReigned(now)) return false;
    const { keepFor = Infinity } = this.#keeping;
    const life = this.#slots.count > 0 ? keepFor : Math.min(keepFor, EMPTY_MS);
    return now.steady - this.#usedAt > Math.max(this.#dedupe, life);
  }

  /** An independent copy, such as a replica would have at this moment. */
  clone(): SlotsLog {
    const copy = new SlotsLog("", "", { wall: 0, steady: this.#usedAt }, 0);
    copy.#state = new LogState(this.#state, this.#state.keys.clone(), this.#state.begun);
    copy.#slots = this.#slots.clone();
    copy.#dedupe = this.#dedupe;
    copy.#keeping = this.#keeping;
    return copy;
  }

  #entries(from: SlotsFrom, now: Moment): ChangesEntry[] {
    const slots = this.#slots;
    if ("slots" in from) return slots.of(from.slots);
    if ("after" in from) return slots.after(from.after, from.limit, from.bytes);
    return now.steady - this.#state.begun < DUE_REST_MS ? [] : slots.of(slots.due(now.wall, from.due));
  }

  #use({ keeping, dedupe }: SlotsOptions, now: Moment): void {
    this.#usedAt = now.steady;
    this.#dedupe = dedupe;
    this.#keeping = keeping;
  }
}
