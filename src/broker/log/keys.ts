import type { Draft, Key } from "../contract.js";

/** What deciding about an append has to know of a draft. What is in it is for whoever keeps it. */
export type KeyedDraft = Pick<Draft, "key" | "within" | "reign">;

/** What looking up a key gives when it is no offset. Offsets are greater than 0. */
export const NEW = 0;
export const CONFLICT = -1;
export const UNKNOWN = -2;

/** Which keys one log has seen. Times and windows are milliseconds of steady time. */
export interface Keys {
  /** Forgets what is older than `window`. Comes before every other use. */
  turn(now: number, window: number): void;
  /** Whether the keys of all these drafts can be remembered. */
  hasRoomFor(drafts: readonly KeyedDraft[]): boolean;
  /** The offset that the key was appended at, or one of {@link NEW}, {@link CONFLICT} and {@link UNKNOWN}. */
  find(key: Key, now: number, window: number): number;
  /** Remembers a key that {@link find} called new. */
  remember(key: Key, offset: number, now: number): void;
}
