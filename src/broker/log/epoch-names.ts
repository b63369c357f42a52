/**
 * What epochs are called. The first one of a log has a name before anything is in it. Nobody keeps anything for such a
 * log, so its epoch follows from what the store knows anyway: which incarnation it is, and how many logs it has forgotten
 * whose names fall together with this one's. So asking creates nothing, and yet a name that was told is good until the
 * first entry takes it over; it is another one when the store may have lost data, and when a log of that name was there
 * meanwhile and has gone.
 */
import type { Random } from "../../protocol/index.js";

/** Letters of an epoch's name; 48 bits keep a cursor short and two lives of a log apart. */
export const EPOCH_LETTERS = 8;
/** What names are made of; six bits a letter. */
export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BITS_A_LETTER = 6;

/** A name for an epoch that begins where data may have been lost: unlike all others. */
export function randomEpoch(random: Random): string {
  return random.id().slice(0, EPOCH_LETTERS);
}

/** The epoch of a channel's log that has no entries, where `forgotten` logs of its group have gone. */
export function firstEpoch(incarnation: string, forgotten: number, channel: string): string {
  const text = `${incarnation} ${forgotten} ${channel}`;
  // Nobody gains by names that fall together, but by accident they must not; two sums of 24 bits each make it as rare as
  // with random names.
  const sums = [sumOf(text, 0x9e3779b1), sumOf(text, 0x85ebca77)];
  let name = "";
  for (let i = 0; i < EPOCH_LETTERS; i++) {
    const sum = sums[i % 2] as number;
    name += LETTERS.charAt((sum >>> ((i >> 1) * BITS_A_LETTER)) & (LETTERS.length - 1));
  }
  return name;
}

/** A hash of 32 bits, each of which depends on each letter. */
function sumOf(text: string, seed: number): number {
  let sum = seed;
  for (let i = 0; i < text.length; i++) {
    sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
    sum ^= sum >>> 15;
  }
  sum = Math.imul(sum ^ (sum >>> 16), 0x7feb352d);
  sum = Math.imul(sum ^ (sum >>> 15), 0x846ca68b);
  return sum ^ (sum >>> 16);
}
