/**
 * What one room knows: the messages of its log as far as they are here, gaps between them, and what this user
 * wrote that is not in the log yet. Plain data, no DOM and no network.
 */
import type { GapReason } from "./gaps.js";

/** A message in the log. */
export interface Message {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly text: string;
  readonly name: string;
  /** The sender's id; undefined for somebody without a token. */
  readonly from: string | undefined;
  /** What the sender's page called it. */
  readonly key: string | undefined;
}

/** A message of this user's on its way. `stored` means: in the log, only its coming back is not here yet. */
export interface Pending {
  readonly key: string;
  readonly text: string;
  readonly time: number;
  readonly state: "sending" | "stored" | "failed";
  /** Its place in the log, once it is stored. */
  readonly offset?: number;
  /** Why it failed, as a sentence. */
  readonly problem?: string;
}

export type Entry =
  | { readonly kind: "message"; readonly message: Message; readonly era: number }
  | { readonly kind: "gap"; readonly reason: GapReason; readonly era: number };

/** What is before the oldest message here: more, nothing, or messages that are no longer kept. */
export type Before = "more" | "beginning" | "trimmed";

const LOST = "The server lost this message.";

export class Timeline {
  readonly #me: string;
  #entries: Entry[] = [];
  #pending: Pending[] = [];
  /** Every offset since the last gap, so that a message that arrives by two ways is shown once. */
  readonly #offsets = new Set<number>();
  /** Keys of this user's messages that are here: a message sent again after a doubt is shown once. */
  readonly #ownKeys = new Set<string>();
  #before: Before = "more";
  /** How many gaps there were: behind one, an offset may come again. */
  #era = 0;

  /** @param me this user's id */
  constructor(me: string) {
    this.#me = me;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  get before(): Before {
    return this.#before;
  }

  /** The oldest offset here; undefined while there is none. */
  get oldest(): number | undefined {
    for (const entry of this.#entries) if (entry.kind === "message") return entry.message.offset;
    return undefined;
  }

  isOwn(message: Message): boolean {
    return message.from === this.#me;
  }

  /** A message came in, live or while catching up. False if it was here already. */
  receive(message: Message): boolean {
    if (!this.#isNew(message)) return false;
    let place = this.#entries.length;
    for (; place > 0; place--) {
      const entry = this.#entries[place - 1];
      // Nothing that comes after a gap belongs above it.
      if (entry?.kind !== "message" || entry.message.offset < message.offset) break;
    }
    this.#entries.splice(place, 0, { kind: "message", message, era: this.#era });
    return true;
  }

  /** A page of history, oldest first. It goes above everything that is here. */
  prepend(messages: readonly Message[], before: Before): void {
    const older = messages.filter((message) => this.#isNew(message));
    this.#entries = [
      ...older.map((message): Entry => ({ kind: "message", message, era: this.#era })),
      ...this.#entries,
    ];
    this.#before = before;
  }

  /** The server says that messages are missing before what comes next; it goes on after `until`. */
  gap(until: number, reason: GapReason): void {
    if (reason === "rollback") this.#entries = this.#entries.filter((entry) => !isAfter(entry, until));
    // Two in a row say no more than one.
    if (this.#entries.at(-1)?.kind === "gap") this.#entries.pop();
    this.#entries.push({ kind: "gap", reason, era: ++this.#era });
    this.#offsets.clear();
    this.#pending = this.#pending.flatMap((pending) => {
      if (pending.state !== "stored" || (pending.offset ?? 0) > until) return [pending];
      // It is in the log no more. If that is because it was lost, its author can say it again.
      return reason === "trimmed" ? [] : [{ ...pending, state: "failed", problem: LOST }];
    });
  }

  /** This user wrote something: it shows at once. */
  write(key: string, text: string, time: number): void {
    this.#pending.push({ key, text, time, state: "sending" });
  }

  /** The publish was acknowledged; its message may be here already, or come later. */
  stored(key: string, offset: number): void {
    this.#change(key, (pending) => ({ ...pending, state: "stored", offset }));
  }

  failed(key: string, problem: string): void {
    this.#change(key, (pending) => ({ ...pending, state: "failed", problem }));
  }

  /** Back to sending; returns what to send, or undefined if there is no such message. */
  retry(key: string): Pending | undefined {
    this.#change(key, ({ text, time }) => ({ key, text, time, state: "sending" }));
    return this.#pending.find((pending) => pending.key === key);
  }

  discard(key: string): void {
    this.#pending = this.#pending.filter((pending) => pending.key !== key);
  }

  /** Keeps the newest `count` entries, so that a page that is open for weeks does not grow for weeks. */
  forgetOldest(count: number): void {
    const gone = this.#entries.splice(0, Math.max(0, this.#entries.length - count));
    if (gone.length === 0) return;
    for (const entry of gone) {
      if (entry.kind === "gap") continue;
      this.#offsets.delete(entry.message.offset);
      if (entry.message.key !== undefined) this.#ownKeys.delete(entry.message.key);
    }
    this.#before = "more";
  }

  /** Whether this is the first time it is seen; what was pending under its key is over then. */
  #isNew(message: Message): boolean {
    if (this.#offsets.has(message.offset)) return false;
    this.#offsets.add(message.offset);
    if (message.key === undefined || !this.isOwn(message)) return true;
    this.discard(message.key);
    if (this.#ownKeys.has(message.key)) return false;
    this.#ownKeys.add(message.key);
    return true;
  }

  #change(key: string, change: (pending: Pending) => Pending): void {
    this.#pending = this.#pending.map((pending) => (pending.key === key ? change(pending) : pending));
  }
}

function isAfter(entry: Entry, offset: number): boolean {
  return entry.kind === "message" && entry.message.offset > offset;
}
