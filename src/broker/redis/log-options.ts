/** What the calls of a log make of its options. */
import type { LogOptions } from "../contract.js";
import type { SlotsOptions } from "../slots-contract.js";
import { keepsAnything } from "../log/retain.js";
import type { EpochNames } from "./epoch-names.js";

/**
 * Every log lives at least this long after its last use: 24 hours. The names of logs that are not there rest on it, see
 * `lua/log-keys.lua`.
 */
export const LEAST_LIFE_MS = 86_400_000;

export interface LogCallsOptions {
  readonly epochNames: EpochNames;
  readonly maxKeys: number;
  /**
   * Milliseconds without use after which a log ends whose entries have no age to reach, {@link LEAST_LIFE_MS} at least;
   * for ever without.
   */
  readonly idle: number | undefined;
}

/**
 * Milliseconds that a log lives after its last use: as long as its entries and keys are promised to last. 0 is for ever
 * as long as it keeps entries; without any it lives like the others.
 */
export function lifeOf({ keeping, dedupe }: LogOptions, idle: number | undefined): number {
  const { retain } = keeping;
  const least = Math.max(LEAST_LIFE_MS, 2 * dedupe, retain?.age ?? 0);
  const unaged = keepsAnything(retain) && retain?.age === undefined;
  if (!unaged) return Math.ceil(least);
  return idle === undefined ? 0 : Math.ceil(Math.max(LEAST_LIFE_MS, idle, 2 * dedupe));
}

/**
 * The same of a log that is kept by slots, while some of them hold something; 0 is for ever. Without any it lives like logs
 * without entries: longer than `EMPTY_MS`, so that no name of its epochs is given again.
 */
export function lifeOfSlots({ keeping: { keepFor }, dedupe }: SlotsOptions): number {
  return keepFor === undefined ? 0 : Math.ceil(Math.max(LEAST_LIFE_MS, 2 * dedupe, keepFor));
}
