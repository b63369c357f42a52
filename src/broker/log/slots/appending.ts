import {
  DUE_REST_MS,
  MOST_HINTED_BYTES,
  type Change,
  type Changed,
  type ChangesDraft,
  type ChangesEntry,
  type Refused,
  type SlotsKeeping,
} from "../../slots-contract.js";
import type { LogContents, LogState } from "../log-state.js";
import type { Appended } from "../../values.js";
import type { Moment } from "../moment.js";
import { decide, type Decision, type Slots } from "./decide.js";
import { sizeOfSlot, type EntryHead } from "./slot-map.js";

/** The slots of a log, wherever they are kept. Times are milliseconds of wall time. */
export interface SlotStore extends Slots {
  /** The newest tombstone that was dropped; 0 where none was. */
  readonly floor: number;
  /**
   * Puts an entry in, which is newer than all before it. Its times to live begin at `wall`.
   *
   * @returns the changes as they are kept, for whoever is told of them
   */
  push(entry: EntryHead, changes: readonly Change[], wall: number): readonly Change[];
  /** Sets times to live anew, or ends them, of slots that hold what they are to hold. */
  renew(changes: readonly Change[], wall: number): void;
}

/** What becomes of a draft that does not enter. */
export type Instead = Refused | { readonly offset: number; readonly duplicate: false; readonly same: true };

/** Drafts of one call on their way into a log that is kept by slots: what each does is decided when its turn has come. */
export class Appending implements LogContents<Instead> {
  /** What is new in the log, as followers are told. */
  readonly entries: ChangesEntry[] = [];
  readonly #slots: SlotStore;
  readonly #state: LogState;
  readonly #drafts: readonly ChangesDraft[];
  readonly #keeping: SlotsKeeping;
  readonly #now: Moment;
  #decision: Extract<Decision, { do: "append" }> | undefined;

  constructor(
    slots: SlotStore,
    state: LogState,
    drafts: readonly ChangesDraft[],
    keeping: SlotsKeeping,
    now: Moment,
  ) {
    this.#slots = slots;
    this.#state = state;
    this.#drafts = drafts;
    this.#keeping = keeping;
    this.#now = now;
  }

  admit(index: number): Instead | undefined {
    const slots = this.#slots;
    const { epochs, head, begun } = this.#state;
    const { wall, steady } = this.#now;
    const draft = this.#drafts[index] as ChangesDraft;
    const dueBy = steady - begun >= DUE_REST_MS ? wall : -Infinity;
    const decision = decide(draft, { slots, epochs, head, floor: slots.floor, dueBy }, this.#keeping);
    if (decision.do === "refuse") return decision.outcome;
    // Under its key a retry has to be known, and a log in which nothing was ever has no place to name: there it enters.
    if (decision.do === "renew" && head > 0) {
      slots.renew(decision.renewed, wall);
      return { offset: decision.offset || head, duplicate: false, same: true };
    }
    this.#decision =
      decision.do === "append" ? decision : { do: "append", changes: draft.changes, renewed: [] };
    return undefined;
  }

  entered(index: number, offset: number, prev: number): void {
    const { meta, quiet = false } = this.#drafts[index] as ChangesDraft;
    const { changes, renewed } = this.#decision as Extract<Decision, { do: "append" }>;
    const news = this.#slots.push({ offset, prev, meta }, changes, this.#now.wall);
    this.#slots.renew(renewed, this.#now.wall);
    const place = meta === undefined ? { offset, prev } : { offset, prev, meta };
    const isBare = quiet || sizeOf(changes) > MOST_HINTED_BYTES;
    this.entries.push(isBare ? place : { ...place, changes: news });
  }
}

/** The outcomes as they are told, in the epoch that was being written when they were decided. */
export function withEpoch(outcomes: readonly (Appended | Instead)[], epoch: string): Changed[] {
  return outcomes.map((outcome) => ("offset" in outcome ? { ...outcome, epoch } : outcome));
}

function sizeOf(changes: readonly Change[]): number {
  let size = 0;
  for (const { slot, data } of changes) size += sizeOfSlot(slot, data);
  return size;
}
