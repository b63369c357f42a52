/**
 * Offsets are made out of time: milliseconds since 2020 times 4096, plus a sequence. They fit 53 bits until
 * 2089, so every message carries its approximate time for free.
 */
const EPOCH_MS = Date.UTC(2020, 0, 1);
const PER_MS = 4096;

/** The largest offset there can be; "before the end" in reads. */
export const MAX_OFFSET = Number.MAX_SAFE_INTEGER;

/**
 * The next offset after `last`, at wall-clock time `now` (milliseconds since 1970). Strictly increasing even
 * when the clock stands still or steps back.
 */
export function nextOffset(last: number, now: number): number {
  return Math.max((Math.floor(now) - EPOCH_MS) * PER_MS, last + 1);
}

/** The smallest offset an entry appended at `time` (milliseconds since 1970) can have; 0 for times before 2020. */
export function offsetAt(time: number): number {
  return Math.min(Math.max(0, Math.floor(time) - EPOCH_MS) * PER_MS, MAX_OFFSET);
}

/** The approximate time (milliseconds since 1970) at which the entry with this offset was appended. */
export function timeOf(offset: number): number {
  return EPOCH_MS + Math.floor(offset / PER_MS);
}

/** Whether `value` is a whole number that can be an offset: 0 to 2^53 - 1. */
export function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
