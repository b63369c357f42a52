/** What a node knows of slots for those whose changes depend on them: as it was read, or as the log has answered. */
import type {
  Broker,
  Changed,
  Condition,
  Payload,
  SlotsOptions,
  SlotsPage,
} from "../../../../broker/index.js";
import { CONFLICT_BYTES } from "../../../../broker/index.js";
import { judge } from "../../../../broker/log/judge.js";
import type { Cursor } from "../../../../protocol/index.js";
import type { ReadLimit } from "../../../feed/read-limit.js";

/** What a slot holds, and since when it is known to hold that: it had not changed after `at`. */
export interface Known {
  readonly data: Payload | undefined;
  readonly at: Cursor;
  /** Where it was read. */
  readonly read?: { readonly offset: number; readonly page: SlotsPage };
}

/** The most slots that one call reads. */
const MOST_READ = 1000;

/** Reads what slots hold. Rejects with the broker's error. */
export async function readKnown(
  broker: Broker,
  limit: ReadLimit,
  channel: string,
  slots: readonly string[],
  options: SlotsOptions,
): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  for (let from = 0; from < slots.length; from += MOST_READ) {
    const some = slots.slice(from, from + MOST_READ);
    const page = await limit.run(() => broker.readSlots(channel, { slots: some }, options));
    const at = cursorOf(page);
    for (const slot of some) known.set(slot, { data: undefined, at, read: { offset: 0, page } });
    for (const { offset, changes = [] } of page.entries)
      for (const { slot, data } of changes) known.set(slot, { data, at, read: { offset, page } });
  }
  return known;
}

/** The place of which a page tells. */
export function cursorOf({ epochs, head }: SlotsPage): Cursor {
  return { epoch: epochs.at(-1)?.epoch ?? "", offset: head };
}

/** What must not have happened meanwhile: to any of these slots. */
export function unchanged(slots: readonly string[], known: ReadonlyMap<string, Known>): Condition[] {
  return slots.flatMap((slot) => {
    const at = known.get(slot)?.at;
    return at === undefined ? [] : [{ slot, unchangedSince: at }];
  });
}

/**
 * What a publisher is told whose own conditions do not hold, as far as that is certain by what was read of their slots; `undefined`
 * where they may hold. Only those of a publisher are asked of here, so each is a cursor or `absent`.
 */
export function conflictOf(
  conditions: readonly Condition[],
  known: ReadonlyMap<string, Known>,
): Changed | undefined {
  const failed = conditions.find((condition) => fails(condition, known.get(condition.slot)));
  const at = failed && known.get(failed.slot)?.at;
  if (at === undefined) return undefined;
  const now = new Map<string, Payload | undefined>();
  let left = CONFLICT_BYTES;
  for (const { slot } of conditions) {
    const data = known.get(slot)?.data;
    const size = Buffer.byteLength(slot) + (data === undefined ? 0 : Buffer.byteLength(data));
    if (now.has(slot) || size > left) continue;
    left -= size;
    now.set(slot, data);
  }
  return { error: "conflict", at, now };
}

function fails({ unchangedSince }: Condition, known: Known | undefined): boolean {
  if (known?.read === undefined) return false;
  const { offset, page } = known.read;
  if (typeof unchangedSince === "object") {
    const standing = judge(unchangedSince, page);
    if (standing === "epoch" || standing === "rollback") return true;
    if (standing === "ahead") return false;
    return offset === 0 ? unchangedSince.offset < page.floor : offset > unchangedSince.offset;
  }
  // What is due counts as absent, and which of the slots are due a page does not tell.
  return unchangedSince === "absent" && known.data !== undefined && page.due !== 0;
}
