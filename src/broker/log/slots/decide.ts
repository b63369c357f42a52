/**
 * What a draft does to a log that is kept by slots: decided once, for every broker that decides in this process. What it
 * has to know of the slots it asks for.
 */
import type { Cursor } from "../../../protocol/index.js";
import type { Payload } from "../../contract.js";
import {
  CONFLICT_BYTES,
  type Change,
  type ChangesDraft,
  type Condition,
  type Refused,
  type SlotsKeeping,
} from "../../slots-contract.js";
import { judge, type LogPlace } from "../judge.js";
import { sizeOfSlot } from "./slot-map.js";

/** The newest entry of a slot, as far as a decision has to know it. */
export interface SlotState {
  readonly entry: { readonly offset: number };
  /** `undefined`: a tombstone. */
  readonly data: Payload | undefined;
  /** When it is due, in milliseconds of wall time; `Infinity`: never. */
  readonly due: number;
  /** Bytes of its name and payload, where they are known already. */
  readonly size?: number;
}

/** The slots of a log at one moment. */
export interface Slots {
  get(slot: string): SlotState | undefined;
  /** How many hold something, and how many bytes those are. */
  readonly count: number;
  readonly bytes: number;
}

export interface SlotsMoment extends LogPlace {
  readonly slots: Slots;
  /** The time that what is due is compared with, in milliseconds of wall time; `-Infinity` where nothing may be due yet. */
  readonly dueBy: number;
}

/** What is to be done. */
export type Decision =
  /** The changes enter the log under the next offset. */
  | { readonly do: "append"; readonly changes: readonly Change[]; readonly renewed: readonly Change[] }
  /** All is as it is to be: nothing enters the log. `offset` is that of the newest entry of its slots. */
  | { readonly do: "renew"; readonly offset: number; readonly renewed: readonly Change[] }
  | { readonly do: "refuse"; readonly outcome: Refused };

/** Decides about a draft whose key is new. */
export function decide(draft: ChangesDraft, moment: SlotsMoment, { most }: SlotsKeeping): Decision {
  const refusal = refusalOf(draft.if ?? [], moment);
  if (refusal !== undefined) return { do: "refuse", outcome: refusal };
  const { slots } = moment;
  const changes: Change[] = [];
  const renewed: Change[] = [];
  let offset = 0;
  let { count, bytes } = slots;
  for (const change of draft.changes) {
    const held = slots.get(change.slot);
    offset = Math.max(offset, held?.entry.offset ?? 0);
    if (isSame(held?.data, change.data)) {
      renewed.push(change);
      continue;
    }
    changes.push(change);
    if (held?.data !== undefined) {
      count--;
      bytes -= held.size ?? sizeOfSlot(change.slot, held.data);
    }
    if (change.data !== undefined) {
      count++;
      bytes += sizeOfSlot(change.slot, change.data);
    }
  }
  if (changes.length === 0) return { do: "renew", offset, renewed };
  // Whoever makes it smaller is let, also where it has more than it may: limits can have been lowered.
  if (count > most.count && count > slots.count) return full("count");
  if (bytes > most.bytes && bytes > slots.bytes) return full("bytes");
  return { do: "append", changes, renewed };
}

function full(limit: "count" | "bytes"): Decision {
  return { do: "refuse", outcome: { error: "log_full", limit } };
}

/** Why the conditions keep a draft out; `undefined` where all of them hold. */
function refusalOf(conditions: readonly Condition[], moment: SlotsMoment): Refused | undefined {
  let holds = true;
  for (const condition of conditions) {
    const { unchangedSince } = condition;
    if (typeof unchangedSince === "object" && judge(unchangedSince, moment) === "ahead") {
      return { error: "cursor_ahead" };
    }
    holds &&= holdsFor(condition, moment);
  }
  if (holds) return undefined;
  const at = { epoch: moment.epochs.at(-1)?.epoch ?? "", offset: moment.head };
  return { error: "conflict", at, now: presentValues(conditions, moment.slots) };
}

function holdsFor({ slot, unchangedSince }: Condition, moment: SlotsMoment): boolean {
  const held = moment.slots.get(slot);
  const isDue = held?.data !== undefined && held.due <= moment.dueBy;
  if (unchangedSince === "due") return isDue;
  if (unchangedSince === "absent") return held?.data === undefined || isDue;
  return isUnchangedSince(unchangedSince, held, moment);
}

function isUnchangedSince(cursor: Cursor, held: SlotState | undefined, moment: SlotsMoment): boolean {
  const standing = judge(cursor, moment);
  if (standing === "epoch" || standing === "rollback") return false;
  // What is there says when it came, however old the cursor is. Of what is not there only the floor tells.
  return held === undefined ? cursor.offset >= moment.floor : held.entry.offset <= cursor.offset;
}

function presentValues(
  conditions: readonly Condition[],
  slots: Slots,
): ReadonlyMap<string, Payload | undefined> {
  const values = new Map<string, Payload | undefined>();
  let left = CONFLICT_BYTES;
  for (const { slot } of conditions) {
    const data = slots.get(slot)?.data;
    const size = sizeOfSlot(slot, data);
    if (values.has(slot) || size > left) continue;
    left -= size;
    values.set(slot, data);
  }
  return values;
}

function isSame(one: Payload | undefined, other: Payload | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object") return false;
  return Buffer.compare(one, other) === 0;
}
