/** A writer of a channel of keys, whose changes make each map that has a part of them, or an older one, tell so by itself. */
import type { StateHandle } from "tidemark/state";
import type { Random } from "tidemark/protocol";
import { ACCOUNTS, EACH } from "./viewer.js";

/** How many of its own keys it leaves. */
const KEPT = 20;
/** Of so many changes one is a transfer. */
const TRANSFER_EVERY = 5;

/** What a writer was told of its changes. */
export interface Ledger {
  readonly acknowledged: number;
  /** Keys that were set, and that it has not tried to delete. */
  readonly there: readonly string[];
  /** Keys that were deleted. */
  readonly gone: readonly string[];
  /** The number of its pair that was acknowledged last, */
  readonly least: number;
  /** and the one that it tried last. */
  readonly most: number;
  readonly refusals: Readonly<Record<string, number>>;
}

export class Writer {
  readonly #name: string;
  readonly #handle: StateHandle;
  readonly #random: Random;
  readonly #unanswered = new Set<Promise<void>>();
  #number = 0;
  #least = 0;
  #acknowledged = 0;
  /** Its keys that may be there, oldest first. */
  #living: string[] = [];
  readonly #there = new Set<string>();
  /** Keys that it has tried to delete: whether those are there is not known before that is answered. */
  readonly #tried = new Set<string>();
  readonly #gone = new Set<string>();
  readonly #refusals = new Map<string, number>();
  /** The place of the change that was acknowledged last. */
  cursor = "";

  /** @param name unique, also over processes */
  constructor(name: string, handle: StateHandle, random: Random) {
    this.#name = name;
    this.#handle = handle;
    this.#random = random;
  }

  /** Puts something into the accounts, unless somebody has; resolves when that is so. */
  async open(): Promise<void> {
    const set = Object.fromEntries(ACCOUNTS.map((account) => [account, EACH]));
    await this.#handle.change({ set, if: { absent: ACCOUNTS } }).catch(() => {});
  }

  /** Makes the next change; resolves when that is answered. */
  next(): Promise<void> {
    const done = (this.#number + 1) % TRANSFER_EVERY === 0 ? this.#transfer() : undefined;
    const answered = Promise.all([this.#change(), done]).then(() => {});
    this.#unanswered.add(answered);
    return answered.then(() => void this.#unanswered.delete(answered));
  }

  /** Resolves when all is answered. */
  async rest(): Promise<void> {
    await Promise.all(this.#unanswered);
  }

  ledger(): Ledger {
    return {
      acknowledged: this.#acknowledged,
      there: [...this.#there],
      gone: [...this.#gone],
      least: this.#least,
      most: this.#number,
      refusals: Object.fromEntries(this.#refusals),
    };
  }

  async #change(): Promise<void> {
    const number = ++this.#number;
    const key = `log/${this.#name}/${number}`;
    const pair = `pair/${this.#name}`;
    const old = this.#living.slice(0, Math.max(0, this.#living.length - KEPT));
    this.#living.push(key);
    for (const one of old) {
      this.#there.delete(one);
      this.#tried.add(one);
    }
    const set = { [`${pair}/left`]: number, [`${pair}/right`]: number, [key]: number };
    try {
      const { cursor } = await this.#handle.change({ set, ...(old.length > 0 && { delete: old }) });
      this.cursor = cursor;
      this.#acknowledged++;
      this.#least = number;
      if (!this.#tried.has(key)) this.#there.add(key);
      for (const one of old) this.#gone.add(one);
      const deleted = new Set(old);
      this.#living = this.#living.filter((one) => !deleted.has(one));
    } catch (error) {
      this.#refused(error);
    }
  }

  /** Puts something from one account into another, if nobody else has touched them. */
  async #transfer(): Promise<void> {
    const pick = (): string => ACCOUNTS[Math.floor(this.#random.float() * ACCOUNTS.length)] ?? "";
    const [from, to] = [pick(), pick()];
    const { map } = this.#handle;
    const [of, by] = [map.get(from) as number | undefined, map.get(to) as number | undefined];
    if (from === to || of === undefined || by === undefined) return;
    const set = { [from]: of - 1, [to]: by + 1 };
    try {
      ({ cursor: this.cursor } = await this.#handle.change({ set, if: { keys: [from, to] } }));
      this.#acknowledged++;
    } catch (error) {
      this.#refused(error);
    }
  }

  #refused(error: unknown): void {
    const { code } = error as { code: string };
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
  }
}
