import type { Retain } from "../../contract.js";
import { EMPTY_MS, type SlotsKeeping } from "../../slots-contract.js";

/** What the disk holds of a log that is kept by slots, besides its rows and what all logs have. */
export interface SlotsMeta {
  /** How many tombstones there are, and how many bytes of names. */
  readonly graves: number;
  readonly graveBytes: number;
  /** The newest tombstone that was dropped; 0 where none was. */
  readonly floor: number;
  /** When the newest epoch began, in wall time. */
  readonly begunAt: number;
  /** Of the last call's options. */
  readonly keeping: Pick<SlotsKeeping, "graves" | "keepFor">;
}

/** As it lies in the channel's JSON; numbers without an end are left out. */
export interface PackedSlots {
  g: number;
  y: number;
  f: number;
  b: number;
  /** Count, bytes and age of tombstones that are kept; `null` where there is no limit. */
  k: readonly [count: number | null, bytes: number | null, age: number | null];
  l?: number | null;
}

export function packSlots({ graves, graveBytes, floor, begunAt, keeping }: SlotsMeta): PackedSlots {
  const { count = null, bytes = null, age = null } = keeping.graves;
  return {
    g: graves,
    y: graveBytes,
    f: floor,
    b: begunAt,
    k: [count, bytes, age],
    l: keeping.keepFor ?? null,
  };
}

export function unpackSlots({ g, y, f, b, k: [count, bytes, age], l }: PackedSlots): SlotsMeta {
  const graves: Retain = {
    ...(count !== null && { count }),
    ...(bytes !== null && { bytes }),
    ...(age !== null && { age }),
  };
  const keeping = l == null ? { graves } : { graves, keepFor: l };
  return { graves: g, graveBytes: y, floor: f, begunAt: b, keeping };
}

/** A log in use is noted as such at least this often, in milliseconds. */
const MOST_UNTOUCHED_MS = 600_000;
/** However short it may live: noting it is a transaction. */
const LEAST_UNTOUCHED_MS = 1000;

/** How old the note of a log's last use may be at most, in milliseconds, where it is read. */
export function untouchedFor({ keepFor = Infinity }: Pick<SlotsKeeping, "keepFor">): number {
  return Math.min(MOST_UNTOUCHED_MS, Math.max(LEAST_UNTOUCHED_MS, keepFor / 4));
}

/**
 * Milliseconds after the last noted use when a log may go.
 *
 * @param count how many of its slots hold something
 */
export function lifeOf(count: number, dedupe: number, keeping: Pick<SlotsKeeping, "keepFor">): number {
  const { keepFor = Infinity } = keeping;
  const life = count > 0 ? keepFor : Math.min(keepFor, EMPTY_MS);
  // Who reads need not have it noted each time.
  return Math.max(dedupe, life) + untouchedFor(keeping);
}
