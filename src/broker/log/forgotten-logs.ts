/** Names that fall together share a count; one number each bounds what forgotten logs leave behind. */
const GROUPS = 65_536;

/** The group of a channel, 0 to 65,535: a hash of its name. */
export function groupOf(channel: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < channel.length; i++) hash = Math.imul(hash ^ channel.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (GROUPS - 1);
}

/** Counts the logs that a store forgets, by group: the names of epochs rest on it. */
export class ForgottenLogs {
  readonly #counts = new Map<number, number>();
  readonly #stored: (group: number) => number;

  /** `stored` is what an earlier process has counted. */
  constructor(stored: (group: number) => number = () => 0) {
    this.#stored = stored;
  }

  /** How many logs of a channel's group have gone. */
  count(channel: string): number {
    const group = groupOf(channel);
    return this.#counts.get(group) ?? this.#stored(group);
  }

  /** A log that had entries has gone: cursors of it, and those from before it, must not fit what comes next. */
  add(channel: string): void {
    this.#counts.set(groupOf(channel), this.count(channel) + 1);
  }
}
