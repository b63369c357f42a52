/**
 * What one room knows: the messages of its log as far as they are here, gaps between them, and what this user
 * wrote that is not in the log yet. Plain data, no DOM and no network.
 */
import { amend, Amendments, targetOf, type Amended, type Amendment, type Change } from "./amendments.js";
import type { Content } from "./content.js";
import type { GapReason } from "./gaps.js";
import { Outgoing, type Sending } from "./outgoing.js";

/** A message in the log. */
export interface Message extends Content {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly name: string;
  /** The sender's id; undefined for somebody without a token. */
  readonly from: string | undefined;
  /** What the sender's page called it. */
  readonly key: string | undefined;
}

/** A message of this user's on its way. */
export type Pending = Content & Sending;

/** A change of this user's on its way. */
export type PendingChange = Sending & { readonly change: Change };

export type Entry =
  | {
      readonly kind: "message";
      readonly message: Message;
      readonly era: number;
      /** Which log it is of: after a gap of reason `epoch` offsets mean other messages. */
      readonly log: number;
    }
  | { readonly kind: "gap"; readonly reason: GapReason; readonly era: number };

/** What is before the oldest message here: more, nothing, or messages that are no longer kept. */
export type Before = "more" | "beginning" | "trimmed";

export class Timeline {
  /** This user's id. */
  readonly me: string;
  #entries: Entry[] = [];
  readonly #pending = new Outgoing<Pending>();
  readonly #changes = new Outgoing<PendingChange>();
  #amendments = new Amendments();
  /** Every offset since the last gap, so that a message that arrives by two ways is shown once. */
  readonly #offsets = new Set<number>();
  /** Keys of this user's messages that are here: a message sent again after a doubt is shown once. */
  readonly #ownKeys = new Set<string>();
  #before: Before = "more";
  /** How many gaps there were: behind one, an offset may come again. */
  #era = 0;
  #log = 0;
  /** The oldest offset that came, of whatever kind. */
  #oldest: number | undefined;

  constructor(me: string) {
    this.me = me;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get pending(): readonly Pending[] {
    return this.#pending.all;
  }

  get pendingChanges(): readonly PendingChange[] {
    return this.#changes.all;
  }

  /** Which log it is: after a gap of reason `epoch` offsets mean other messages. */
  get log(): number {
    return this.#log;
  }

  get before(): Before {
    return this.#before;
  }

  /** The oldest offset here, be it of a message or of a change; undefined while there is none. */
  get oldest(): number | undefined {
    return this.#oldest;
  }

  /** The newest message; undefined while there is none. */
  get newest(): Message | undefined {
    const entry = this.#entries.findLast(({ kind }) => kind === "message");
    return entry?.kind === "message" ? entry.message : undefined;
  }

  isOwn(message: Pick<Message, "from">): boolean {
    return message.from === this.me;
  }

  /** The message with this offset, of the log that there is now. */
  find(offset: number): Message | undefined {
    for (const entry of this.#entries) {
      if (entry.kind === "message" && entry.message.offset === offset && entry.log === this.#log)
        return entry.message;
    }
    return undefined;
  }

  /** A message as it is to be shown; what this user did to it counts at once. */
  amended(message: Message, log = this.#log): Amended {
    // An earlier log's messages stay as they were: nobody can change them any more.
    if (log !== this.#log) return amend(message, message.from, []);
    const own = this.#changes.all
      .filter(({ change, state }) => targetOf(change) === message.offset && state !== "failed")
      .map(({ change, time }) => ({ change, time, from: this.me, name: "" }));
    return amend(message, message.from, [...this.#amendments.about(message.offset), ...own]);
  }

  /** What this user did to a message, and the server has not confirmed. */
  changesOf(offset: number): readonly PendingChange[] {
    return this.#changes.all.filter(({ change }) => targetOf(change) === offset);
  }

  /** Whether a message can be changed: it must be in the log that there is now. */
  canChange(log: number): boolean {
    return log === this.#log;
  }

  /** A message or a change came in, live or while catching up. False if it was here already. */
  receive(item: Message | Amendment): boolean {
    if (!this.#isNew(item)) return false;
    this.#oldest = Math.min(this.#oldest ?? Infinity, item.offset);
    if ("change" in item) {
      this.#amendments.add(item);
      return true;
    }
    let place = this.#entries.length;
    for (; place > 0; place--) {
      const entry = this.#entries[place - 1];
      // Nothing that comes after a gap belongs above it.
      if (entry?.kind !== "message" || entry.message.offset < item.offset) break;
    }
    this.#entries.splice(place, 0, this.#entry(item));
    return true;
  }

  /** A page of history, oldest first. It goes above everything that is here. */
  prepend(page: readonly (Message | Amendment)[], before: Before): void {
    const older = page.filter((item) => this.#isNew(item));
    if (page.length > 0)
      this.#oldest = Math.min(this.#oldest ?? Infinity, ...page.map(({ offset }) => offset));
    const entries: Entry[] = [];
    for (const item of older) {
      if ("change" in item) this.#amendments.add(item);
      else entries.push(this.#entry(item));
    }
    this.#entries = [...entries, ...this.#entries];
    this.#before = before;
  }

  /** The server says that messages are missing before what comes next; it goes on after `until`. */
  gap(until: number, reason: GapReason): void {
    if (reason === "rollback") {
      this.#entries = this.#entries.filter((entry) => !isAfter(entry, until));
      this.#amendments.keep(({ offset }) => offset <= until);
    }
    if (reason === "epoch") {
      this.#amendments = new Amendments();
      this.#log++;
    }
    // Two in a row say no more than one.
    if (this.#entries.at(-1)?.kind === "gap") this.#entries.pop();
    this.#entries.push({ kind: "gap", reason, era: ++this.#era });
    this.#offsets.clear();
    this.#pending.gap(until, reason);
    this.#changes.gap(until, reason);
  }

  /** This user wrote something: it shows at once. */
  write(key: string, content: Content, time: number): void {
    this.#pending.add({ ...content, key, time, state: "sending" });
  }

  /** This user changed something: that shows at once too. */
  change(key: string, change: Change, time: number): void {
    this.#changes.add({ change, key, time, state: "sending" });
  }

  /** The publish was acknowledged; its message may be here already, or come later. */
  stored(key: string, offset: number): void {
    for (const list of [this.#pending, this.#changes]) list.stored(key, offset);
  }

  failed(key: string, problem: string): void {
    for (const list of [this.#pending, this.#changes]) list.failed(key, problem);
  }

  /** Back to sending; returns what to send, or undefined if there is no such message. */
  retry(key: string): Pending | undefined {
    return this.#pending.retry(key);
  }

  /** The same for a change. */
  retryChange(key: string): PendingChange | undefined {
    return this.#changes.retry(key);
  }

  discard(key: string): void {
    for (const list of [this.#pending, this.#changes]) list.discard(key);
  }

  /** Keeps the newest `count` entries, so that a page that is open for weeks does not grow for weeks. */
  forgetOldest(count: number): void {
    const gone = this.#entries.splice(0, Math.max(0, this.#entries.length - count));
    if (gone.length === 0) return;
    for (const entry of gone) {
      if (entry.kind === "gap") continue;
      if (entry.message.key !== undefined) this.#ownKeys.delete(entry.message.key);
    }
    const first = this.#entries.find(({ kind }) => kind === "message");
    this.#oldest = first?.kind === "message" ? first.message.offset : undefined;
    const limit = this.#oldest ?? Infinity;
    // What changes a message comes after it: nothing that is kept loses anything.
    this.#amendments.keep(({ offset }) => offset >= limit);
    for (const offset of this.#offsets) if (offset < limit) this.#offsets.delete(offset);
    this.#before = "more";
  }

  #entry(message: Message): Entry {
    return { kind: "message", message, era: this.#era, log: this.#log };
  }

  /** Whether this is the first time it is seen; what was pending under its key is over then. */
  #isNew(item: Message | Amendment): boolean {
    if (this.#offsets.has(item.offset)) return false;
    this.#offsets.add(item.offset);
    if (item.key === undefined || !this.isOwn(item)) return true;
    this.discard(item.key);
    // A change that is there twice changes nothing twice.
    if ("change" in item) return true;
    if (this.#ownKeys.has(item.key)) return false;
    this.#ownKeys.add(item.key);
    return true;
  }
}

function isAfter(entry: Entry, offset: number): boolean {
  return entry.kind === "message" && entry.message.offset > offset;
}
