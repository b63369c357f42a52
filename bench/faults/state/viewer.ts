/**
 * A viewer of a channel of keys that is never shown what cannot be. What writers put there (see `writer.ts`) says so by itself:
 * one's pair of keys always holds the same number, which only grows; a key that was deleted is never set again; and what
 * the accounts hold together never changes.
 */
import type { StateHandle } from "tidemark/state";

/** What all accounts hold together. */
export const ACCOUNTS = Array.from({ length: 8 }, (_, i) => `sum/${i}`);
export const EACH = 100;
/** Gaps behind which a log may be without what was seen. */
const LOSSES = new Set(["rollback", "epoch"]);

/** A handle, and which keys it sees; all where there is nothing said. */
export interface Watched {
  readonly name: string;
  readonly handle: StateHandle;
  readonly wants: (key: string) => boolean;
  /** Whether it is told of each change as it is made. */
  readonly isPrompt: boolean;
}

export class Viewer {
  readonly name: string;
  readonly handle: StateHandle;
  readonly isPrompt: boolean;
  readonly #wants: (key: string) => boolean;
  readonly #say: (problem: string) => void;
  readonly #now: () => number;
  /** The number of each pair. */
  readonly #numbers = new Map<string, number>();
  readonly #held = new Set<string>();
  readonly #deleted = new Set<string>();
  /** When it was told something. */
  readonly #times: number[] = [];
  /** It was told of a loss, and not yet anew what there is. */
  #mayLack = false;
  /** Values that ran backwards, without a gap that would say so. */
  backwards = 0;
  /** Changes of which it was shown a half, keys that came back, and what else cannot be. */
  wrong = 0;
  /** Keys that it was shown to have changed. */
  applied = 0;
  /** How many gaps it was told, by their reasons. */
  readonly gaps = new Map<string, number>();

  constructor(
    { name, handle, wants, isPrompt }: Watched,
    say: (problem: string) => void,
    now: () => number = Date.now,
  ) {
    this.name = name;
    this.handle = handle;
    this.isPrompt = isPrompt;
    this.#wants = wants;
    this.#say = (problem) => say(`${name}: ${problem}`);
    this.#now = now;
    handle.on("changes", ({ changed, full }) => this.#look(changed, full));
    handle.on("gap", ({ reason }) => {
      this.#times.push(this.#now());
      this.gaps.set(reason, (this.gaps.get(reason) ?? 0) + 1);
      this.#mayLack ||= LOSSES.has(reason);
    });
    for (const event of ["error", "unsubscribed"] as const)
      handle.on(event, ({ code, message }) => this.#complain(`${event}: ${code}: ${message}`));
  }

  /** How often it was told something. */
  get told(): number {
    return this.#times.length;
  }

  /** What it should hold of all that there is. */
  of(truth: ReadonlyMap<string, unknown>): Map<string, unknown> {
    return new Map([...truth].filter(([key]) => this.#wants(key)));
  }

  /** How it differs from what it should hold; `undefined` where it does not. */
  differs(truth: ReadonlyMap<string, unknown>): string | undefined {
    const { map } = this.handle;
    const due = this.of(truth);
    for (const [key, value] of due)
      if (map.get(key) !== value) return `${key} is ${text(map.get(key))}, and not ${text(value)}`;
    for (const key of map.keys()) if (!due.has(key)) return `${key} is there, and should not be`;
    return undefined;
  }

  /** The longest time in which it was told nothing, in the window after a moment; `undefined` where it was never told anything. */
  longestPause(from: number, window: number): number | undefined {
    let [before, longest] = [from, undefined as number | undefined];
    for (const time of this.#times) {
      if (time < from) continue;
      if (before <= from + window) longest = Math.max(longest ?? 0, time - before);
      before = time;
    }
    return longest;
  }

  #look(changed: ReadonlySet<string>, full: boolean): void {
    const { map } = this.handle;
    this.#times.push(this.#now());
    this.applied += changed.size;
    const mayLack = this.#mayLack;
    if (full) {
      this.#mayLack = false;
      if (mayLack) this.#deleted.clear();
    }
    let isSumTouched = false;
    for (const key of changed) {
      if (!this.#wants(key)) this.#complain(`${key} is none of its keys`);
      isSumTouched ||= key.startsWith("sum/");
      const [, pair, side] = /^(pair\/.*)\/(left|right)$/.exec(key) ?? [];
      if (pair !== undefined) {
        if (side === "left" || !this.#wants(`${pair}/left`)) this.#numberOf(pair, map, mayLack);
        else if (map.get(`${pair}/left`) !== map.get(key)) this.#half(pair, map);
      } else if (key.startsWith("log/")) this.#keyOf(key, map.has(key));
    }
    if (isSumTouched && ACCOUNTS.every((account) => map.has(account))) {
      const sum = ACCOUNTS.reduce((all, account) => all + (map.get(account) as number), 0);
      if (sum !== EACH * ACCOUNTS.length) this.#complain(`the accounts hold ${sum} together`);
    }
  }

  #numberOf(pair: string, map: ReadonlyMap<string, unknown>, mayLack: boolean): void {
    const [left, right] = [map.get(`${pair}/left`), map.get(`${pair}/right`)];
    const seesBoth = this.#wants(`${pair}/left`) && this.#wants(`${pair}/right`);
    if (seesBoth && left !== right) this.#half(pair, map);
    const number = Number(left ?? right ?? 0);
    const before = this.#numbers.get(pair) ?? 0;
    if (number < before && !mayLack) {
      this.backwards++;
      this.#say(`${pair} ran backwards, from ${before} to ${number}, and no gap said so`);
    }
    this.#numbers.set(pair, number);
  }

  #half(pair: string, map: ReadonlyMap<string, unknown>): void {
    const [left, right] = [map.get(`${pair}/left`), map.get(`${pair}/right`)];
    this.#complain(`half of a change: ${pair} is ${text(left)} and ${text(right)}`);
  }

  #keyOf(key: string, isThere: boolean): void {
    if (isThere) {
      if (this.#deleted.has(key)) this.#complain(`${key} was deleted, and is back`);
      this.#held.add(key);
    } else if (this.#held.delete(key)) this.#deleted.add(key);
  }

  #complain(problem: string): void {
    this.wrong++;
    this.#say(problem);
  }
}

function text(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
