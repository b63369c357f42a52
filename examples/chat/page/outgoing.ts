/** What this user did and the log does not show yet: sending, failed, or stored and not come back. */
import type { GapReason } from "./gaps.js";

/** The state of one thing. `stored` means: in the log, only its coming back is not here yet. */
export interface Sending {
  readonly key: string;
  readonly time: number;
  readonly state: "sending" | "stored" | "failed";
  /** Its place in the log, once it is stored. */
  readonly offset?: number | undefined;
  /** Why it failed, as a sentence. */
  readonly problem?: string | undefined;
}

const LOST = "The server lost this message.";

export class Outgoing<Item extends Sending> {
  #items: Item[] = [];

  get all(): readonly Item[] {
    return this.#items;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  stored(key: string, offset: number): void {
    this.#change(key, (item) => ({ ...item, state: "stored", offset }));
  }

  failed(key: string, problem: string): void {
    this.#change(key, (item) => ({ ...item, state: "failed", problem }));
  }

  /** Back to sending; returns what to send, or undefined if there is no such thing. */
  retry(key: string): Item | undefined {
    this.#change(key, (item) => ({ ...item, state: "sending", offset: undefined, problem: undefined }));
    return this.#items.find((item) => item.key === key);
  }

  discard(key: string): void {
    this.#items = this.#items.filter((item) => item.key !== key);
  }

  /** The log goes on after `until`: what was stored before that will not come any more. */
  gap(until: number, reason: GapReason): void {
    this.#items = this.#items.flatMap((item) => {
      if (item.state !== "stored" || (item.offset ?? 0) > until) return [item];
      // It is in the log no more. If that is because it was lost, its author can do it again.
      return reason === "trimmed" ? [] : [{ ...item, state: "failed", problem: LOST }];
    });
  }

  #change(key: string, change: (item: Item) => Item): void {
    this.#items = this.#items.map((item) => (item.key === key ? change(item) : item));
  }
}
