/** One room, as long as it is open: the channels behind it, and what came over them. */
import type { Client } from "tidemark/client";
import { slowModeOf } from "../limits.js";
import type { ChatApp } from "../server.js";
import { hasReacted, type Change } from "./amendments.js";
import { itemFrom, nameIn, openChat, openTyping } from "./channels.js";
import type { Content } from "./content.js";
import { randomKey, type Identity } from "./identity.js";
import type { Images } from "./images.js";
import { problemOf } from "./problems.js";
import type { ReadPositions } from "./read-positions.js";
import { Reading } from "./reading.js";
import type { StartState } from "./rows.js";
import type { Person } from "./sidebar.js";
import { Timeline, type Pending, type PendingChange } from "./timeline.js";
import { Typists } from "./typists.js";
import { NewLine, unreadIn, type Unread } from "./unread.js";

/** How many messages come at first, and with each page of history. */
const PAGE = 50;
/**
 * Of twice as many messages, this many stay when the reader is at the end; the older ones come again when one
 * scrolls back. More than the server keeps, so that a gap is not forgotten at once with what was above it.
 */
const KEEP = 1500;

export interface RoomEvents {
  /** Something about the room changed. */
  readonly onChange: () => void;
  /** Somebody else's message is new. */
  readonly onNew: () => void;
}

/** What rooms share. */
export interface RoomServices {
  readonly images: Images;
  readonly positions: ReadPositions;
}

export class Room {
  readonly name: string;
  readonly timeline: Timeline;
  readonly reading: Reading;
  /** Where the line "New messages" is. */
  readonly newLine = new NewLine();
  readonly #me: Identity;
  readonly #images: Images;
  readonly #events: RoomEvents;
  readonly #chat: ReturnType<typeof openChat>;
  readonly #typing: ReturnType<typeof openTyping>;
  readonly #typists = new Typists();
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #people: readonly Person[] = [];
  #fetching: "no" | "loading" | "failed" = "no";
  #ready = false;
  #problem = "";
  #closed = false;
  /** When this user's last message entered the log, for slow mode. */
  #lastSaid = 0;

  constructor(rt: Client<ChatApp>, name: string, me: Identity, services: RoomServices, events: RoomEvents) {
    this.name = name;
    this.timeline = new Timeline(me.id);
    this.#me = me;
    this.#images = services.images;
    this.#events = events;
    this.#chat = openChat(rt, name, PAGE);
    this.#typing = openTyping(rt, name);
    this.reading = new Reading(rt, name, me.id, services.positions, events.onChange);
    this.#listen();
  }

  /** Who is here. */
  get people(): readonly Person[] {
    return this.#people;
  }

  /** The names of the others who are typing. */
  get typing(): readonly string[] {
    return this.#typists.names(Date.now());
  }

  /** What to show above the first message. */
  get start(): StartState {
    return this.#fetching === "no" ? this.timeline.before : this.#fetching;
  }

  /** Why the room does not work; empty when it does. */
  get problem(): string {
    return this.#problem;
  }

  get unread(): Unread {
    return unreadIn(this.timeline, this.reading.upTo);
  }

  /** How long one still has to wait in slow mode, in milliseconds. */
  get slowFor(): number {
    return Math.max(0, this.#lastSaid + slowModeOf(this.name) - Date.now());
  }

  send(content: Content): void {
    this.newLine.clear();
    this.#publish({ ...content, key: randomKey(), time: Date.now() });
  }

  /** Changes a message: an edit, a deletion, or a reaction. */
  change(change: Change): void {
    this.#publishChange({ change, key: randomKey(), time: Date.now() });
  }

  /** Puts this user's reaction on a message, or takes it off again. */
  toggleReaction(offset: number, emoji: string): void {
    const message = this.timeline.find(offset);
    if (message === undefined) return;
    const on = !hasReacted(this.timeline.amended(message), emoji, this.#me.id);
    this.change({ react: offset, emoji, on });
  }

  /** Takes over what another room object could not get rid of, as when the user changed their name. */
  takeOver({ pending, pendingChanges }: Pick<Timeline, "pending" | "pendingChanges">): void {
    for (const each of pending) this.#publish(each);
    for (const each of pendingChanges) this.#publishChange(each);
  }

  retry(key: string): void {
    const pending = this.timeline.pending.find((each) => each.key === key);
    if (pending !== undefined) this.#publish(pending);
    const change = this.timeline.pendingChanges.find((each) => each.key === key);
    if (change !== undefined) this.#publishChange(change);
  }

  discard(key: string): void {
    this.timeline.discard(key);
    this.#events.onChange();
  }

  /** Tells the others; when that does not work out, nobody misses it. */
  sayTyping(on: boolean): void {
    this.#typing.publish({ on }).catch(() => undefined);
  }

  /** Whether the reader has the newest messages in sight. */
  looked(): void {
    const newest = this.timeline.newest?.offset;
    if (newest === undefined) return;
    this.newLine.looked();
    this.reading.read(newest);
  }

  /** Fetches the page before the oldest message. Calling it too often, or too early, does nothing. */
  async loadOlder(again = false): Promise<void> {
    if (!this.#ready || this.timeline.before !== "more") return;
    if (this.#fetching === "loading" || (this.#fetching === "failed" && !again)) return;
    this.#fetching = "loading";
    this.#events.onChange();
    try {
      const before = this.timeline.oldest;
      const page = await this.#chat.history({ limit: PAGE, ...(before !== undefined && { before }) });
      const older = page.messages.map(itemFrom);
      this.timeline.prepend(older, page.more ? "more" : page.complete ? "beginning" : "trimmed");
      this.#fetching = "no";
    } catch {
      this.#fetching = "failed";
    }
    if (!this.#closed) this.#events.onChange();
  }

  /** There is a connection again: what failed for want of one may be tried again. */
  online(): void {
    if (this.#fetching === "failed") this.#fetching = "no";
    this.#events.onChange();
  }

  /** Whether something of this user's has not arrived. */
  get busy(): boolean {
    return this.timeline.pending.length + this.timeline.pendingChanges.length > 0;
  }

  /** Lets go of what nobody looks at. */
  forgetOldest(): void {
    if (this.timeline.entries.length > 2 * KEEP) this.timeline.forgetOldest(KEEP);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#typingTimer);
    this.reading.close();
    this.#chat.close();
    this.#typing.close();
  }

  #listen(): void {
    const { onChange, onNew } = this.#events;
    this.#chat.on("message", (arrived) => {
      const item = itemFrom(arrived);
      if (item.from !== undefined) this.#typists.stopped(item.from);
      if (!this.timeline.receive(item)) return;
      if (!("change" in item) && !this.timeline.isOwn(item) && this.#ready) onNew();
      onChange();
    });
    this.#chat.on("gap", ({ until, reason }) => {
      this.timeline.gap(until, reason);
      onChange();
    });
    this.#chat.on("members", (members) => {
      this.#people = members.map(({ id, data }) => ({
        id,
        // Whoever changed their name is still known by the old one for a while.
        name: id === this.#me.id ? this.#me.name : nameIn(data),
      }));
      onChange();
    });
    this.#typing.on("message", ({ from, data }) => {
      if (from === undefined || from === this.#me.id) return;
      this.#typists.heard(from, data.name, data.on, Date.now());
      this.#typingChanged();
    });
    for (const trouble of ["error", "unsubscribed"] as const) {
      this.#chat.on(trouble, ({ message }) => {
        this.#problem = `This room does not work: ${message}`;
        onChange();
      });
    }
    void this.#chat.ready.then(
      () => {
        this.#ready = true;
        this.#problem = "";
        onChange();
      },
      () => undefined,
    );
  }

  #publish(message: Omit<Pending, "state">): void {
    const { key, time, text, image, thread, mentions } = message;
    const content = { text, image, thread, mentions };
    if (this.timeline.retry(key) === undefined) this.timeline.write(key, content, time);
    // Beside the message, not before it: who gets the message first waits for the image.
    if (image !== undefined) this.#images.send(this.#me.id, image.key).catch(() => undefined);
    this.#finish(key, this.#chat.publish({ ...sayable(content), key }), () => {
      this.#lastSaid = Date.now();
    });
  }

  #publishChange({ change, key, time }: Omit<PendingChange, "state">): void {
    if (this.timeline.retryChange(key) === undefined) this.timeline.change(key, change, time);
    this.#finish(key, this.#chat.publish({ ...sayableChange(change), key }));
  }

  #finish(key: string, published: Promise<{ offset: number }>, onStored = (): void => undefined): void {
    published
      .then(({ offset }) => {
        this.timeline.stored(key, offset);
        onStored();
      })
      .catch((error: unknown) => this.timeline.failed(key, problemOf(error)))
      .finally(() => this.#events.onChange());
    this.#events.onChange();
  }

  /** Shows who types now, and again when the next of them expires. */
  #typingChanged(): void {
    clearTimeout(this.#typingTimer);
    const wait = this.#typists.expiresIn(Date.now());
    if (wait !== undefined) this.#typingTimer = setTimeout(() => this.#typingChanged(), wait);
    this.#events.onChange();
  }
}

/** The server's schema wants lists that can be changed, and is given copies. */
function sayable({ mentions, ...content }: Content) {
  return { ...content, ...(mentions !== undefined && { mentions: [...mentions] }) };
}

function sayableChange(change: Change) {
  return "edit" in change ? { ...change, mentions: [...(change.mentions ?? [])] } : change;
}
