/**
 * What a log is called before anything is in it. Nobody keeps anything for such a log, so its epoch follows from what
 * the store knows anyway: which incarnation it is, and how many logs it has forgotten whose names fall together with
 * this one's. So asking creates nothing, and yet a name that was told is good until the first entry takes it over; it
 * is another one when the store may have lost data, and when a log of that name was there meanwhile and has gone.
 */
/** Names that fall together share a count; one number each bounds what forgotten logs leave behind. */
const GROUPS = 65_536;
/** Letters of an epoch's name; 48 bits keep a cursor short and two lives of a log apart. */
const EPOCH_LETTERS = 8;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BITS_A_LETTER = 6;

/** The group of a channel, 0 to 65,535: a hash of its name. */
export function groupOf(channel: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < channel.length; i++) hash = Math.imul(hash ^ channel.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (GROUPS - 1);
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

/** Counts what a store forgets. */
export class ForgottenLogs {
  readonly #counts = new Map<number, number>();

  /** `counts` by group, as an earlier process left them. */
  constructor(counts: Iterable<readonly [group: number, count: number]> = []) {
    for (const [group, count] of counts) this.#counts.set(group, count);
  }

  /** How many logs of a channel's group have gone. */
  count(channel: string): number {
    return this.#counts.get(groupOf(channel)) ?? 0;
  }

  /** A log that had entries has gone: cursors of it, and those from before it, must not fit what comes next. */
  add(channel: string): void {
    this.#counts.set(groupOf(channel), this.count(channel) + 1);
  }
}
