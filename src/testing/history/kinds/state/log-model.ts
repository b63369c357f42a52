/** One channel's log by keys as the history tells of it: what it added up to at every place, lost ones included. */
import type { Place, StateEvent } from "../../events.js";
import { hashOf, minus, plus } from "./digest.js";
import { VIEW_NAMES, isSeen } from "./views.js";

type Changed = StateEvent & { is: "change" };

/** What the log was at one offset. */
export interface Moment {
  readonly offset: number;
  readonly epoch: string;
  /** When it came, on the history's clock. */
  readonly time: number;
  readonly id: string | undefined;
  /** By view. */
  readonly digests: Readonly<Record<string, number>>;
  /** The sum of all accounts. */
  readonly sum: number;
  /** How many keys were deleted up to here. */
  readonly deletes: number;
  /** What it changed, and what the log was before. */
  readonly changes: Changed["changes"];
  /** The broker has lost it. */
  void: boolean;
}

interface EpochModel {
  readonly base: number;
  readonly parent: string | undefined;
}

const NOTHING: Moment = {
  offset: 0,
  epoch: "",
  time: -Infinity,
  id: undefined,
  digests: Object.fromEntries(VIEW_NAMES.map((name) => [name, 0])),
  sum: 0,
  deletes: 0,
  changes: [],
  void: false,
};

export class StateLog {
  readonly channel: string;
  /** The log as it is, oldest first. */
  readonly #line: Moment[] = [];
  readonly #byPlace = new Map<string, Moment>();
  readonly #byId = new Map<string, Moment[]>();
  readonly #epochs = new Map<string, EpochModel>();
  /** What the log holds, with the offset of each key's last change; deleted ones have no text. */
  #slots = new Map<string, { readonly text: string | null; readonly offset: number }>();
  #epoch = "";
  /** The highest floor that a page has said. */
  floor = 0;
  losses = 0;

  constructor(channel: string) {
    this.channel = channel;
  }

  get now(): Moment {
    return this.#line.at(-1) ?? NOTHING;
  }

  get epoch(): string {
    return this.#epoch;
  }

  get slots(): ReadonlyMap<string, { readonly text: string | null; readonly offset: number }> {
    return this.#slots;
  }

  slot(slot: string): { readonly text: string | null; readonly offset: number } | undefined {
    return this.#slots.get(slot);
  }

  entriesOf(id: string): readonly Moment[] {
    return this.#byId.get(id) ?? [];
  }

  openEpoch({ epoch, base, parent }: StateEvent & { is: "epoch" }): void {
    if (!this.#epochs.has(epoch)) this.#epochs.set(epoch, { base, parent });
    this.#epoch = epoch;
  }

  append({ offset, epoch, id, changes }: Changed, time: number): Moment {
    const before = this.now;
    const digests = { ...before.digests };
    let { sum, deletes } = before;
    for (const { slot, text } of changes) {
      const held = this.#slots.get(slot)?.text ?? null;
      // What changes nothing takes no part in the entry.
      if (held === text) continue;
      for (const view of VIEW_NAMES) {
        if (!isSeen(view, slot)) continue;
        if (held !== null) digests[view] = minus(digests[view] ?? 0, hashOf(slot, held));
        if (text !== null) digests[view] = plus(digests[view] ?? 0, hashOf(slot, text));
      }
      if (slot.startsWith("acct/")) sum += amountOf(text) - amountOf(held);
      if (text === null) deletes++;
      this.#slots.set(slot, { text, offset });
    }
    const moment = { offset, epoch, time, id, digests, sum, deletes, changes, void: false };
    this.#line.push(moment);
    this.#byPlace.set(`${epoch}:${offset}`, moment);
    if (id !== undefined) this.#byId.set(id, [...this.entriesOf(id), moment]);
    return moment;
  }

  /** Everything behind `head` is gone. */
  lose(head: number): void {
    this.losses++;
    for (let last = this.#line.at(-1); last !== undefined && last.offset > head; last = this.#line.at(-1)) {
      last.void = true;
      this.#line.pop();
    }
    this.#slots = new Map();
    for (const { offset, changes } of this.#line) {
      for (const { slot, text } of changes)
        if ((this.#slots.get(slot)?.text ?? null) !== text) this.#slots.set(slot, { text, offset });
    }
  }

  /** What the log was since that time, the newest first, and what it was then. */
  since(time: number): Moment[] {
    const first = this.#line.findLastIndex((moment) => moment.time <= time);
    const since = this.#line.slice(Math.max(0, first)).reverse();
    return first < 0 ? [...since, NOTHING] : since;
  }

  /** What the log was at a place; `undefined` where it never was there. */
  at({ epoch, offset }: Place): Moment | undefined {
    if (offset === 0) return NOTHING;
    for (let name: string | undefined = epoch; name !== undefined;) {
      const known: EpochModel | undefined = this.#epochs.get(name);
      if (known === undefined) return undefined;
      if (offset > known.base) return this.#byPlace.get(`${name}:${offset}`);
      name = known.parent;
    }
    return undefined;
  }

  /** Whether the log as it is goes on from that place. */
  stands(place: Place): boolean {
    const moment = this.at(place);
    return moment !== undefined && !moment.void && this.lists(place.epoch);
  }

  /** Whether the log as it is knows that epoch. */
  lists(epoch: string): boolean {
    for (
      let name: string | undefined = this.#epoch;
      name !== undefined;
      name = this.#epochs.get(name)?.parent
    )
      if (name === epoch) return true;
    return false;
  }
}

function amountOf(text: string | null): number {
  const value: unknown = text === null ? 0 : JSON.parse(text);
  return typeof value === "number" ? value : 0;
}
