/** Who is typing. Nobody has to say that they stopped: what is not said again expires. */

/** How often a page says that its user is typing, in milliseconds. */
export const TYPING_EVERY_MS = 2000;
/** How long that is believed: one lost message does not make the line flicker. */
export const TYPING_EXPIRES_MS = 5000;

export class Typists {
  readonly #since = new Map<string, { name: string; until: number }>();

  /** Somebody said that they are typing, or no longer. */
  heard(id: string, name: string, on: boolean, now: number): void {
    if (on) this.#since.set(id, { name, until: now + TYPING_EXPIRES_MS });
    else this.#since.delete(id);
  }

  /** Their message is here, or they left. */
  stopped(id: string): void {
    this.#since.delete(id);
  }

  /** The names of those who are typing, those who began first coming first. */
  names(now: number): string[] {
    for (const [id, { until }] of this.#since) if (until <= now) this.#since.delete(id);
    return [...this.#since.values()].map(({ name }) => name);
  }

  /** Milliseconds until somebody expires; undefined when nobody is typing. */
  expiresIn(now: number): number | undefined {
    if (this.#since.size === 0) return undefined;
    const next = Math.min(...[...this.#since.values()].map(({ until }) => until));
    return Math.max(0, next - now);
  }
}

/**
 * The line under the messages.
 *
 * @example typingText(["Ann", "Bob"]) // "Ann and Bob are typing…"
 */
export function typingText(names: readonly string[]): string {
  const [first, second, third] = names;
  if (first === undefined) return "";
  if (second === undefined) return `${first} is typing…`;
  if (third === undefined) return `${first} and ${second} are typing…`;
  if (names.length === 3) return `${first}, ${second} and ${third} are typing…`;
  return `${first}, ${second} and ${names.length - 2} others are typing…`;
}
