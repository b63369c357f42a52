/** One room, as long as it is open: the channels behind it, and what came over them. */
import type { Client } from "tidemark/client";
import type { ChatApp } from "../server.js";
import { messageFrom, nameIn, openChat, openTyping } from "./channels.js";
import { randomKey, type Identity } from "./identity.js";
import { problemOf } from "./problems.js";
import type { StartState } from "./rows.js";
import type { Person } from "./sidebar.js";
import { Timeline, type Pending } from "./timeline.js";
import { Typists } from "./typists.js";

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

export class Room {
  readonly name: string;
  readonly timeline: Timeline;
  readonly #me: Identity;
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

  constructor(rt: Client<ChatApp>, name: string, me: Identity, events: RoomEvents) {
    this.name = name;
    this.timeline = new Timeline(me.id);
    this.#me = me;
    this.#events = events;
    this.#chat = openChat(rt, name, PAGE);
    this.#typing = openTyping(rt, name);
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

  send(text: string): void {
    this.#publish({ key: randomKey(), text, time: Date.now() });
  }

  /** Takes over what another room object could not get rid of, as when the user changed their name. */
  takeOver(pending: readonly Pending[]): void {
    for (const { key, text, time } of pending) this.#publish({ key, text, time });
  }

  retry(key: string): void {
    const pending = this.timeline.pending.find((each) => each.key === key);
    if (pending !== undefined) this.#publish(pending);
  }

  discard(key: string): void {
    this.timeline.discard(key);
    this.#events.onChange();
  }

  /** Tells the others; when that does not work out, nobody misses it. */
  sayTyping(on: boolean): void {
    this.#typing.publish({ on }).catch(() => undefined);
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
      const older = page.messages.map(messageFrom);
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
    return this.timeline.pending.length > 0;
  }

  /** Lets go of what nobody looks at. */
  forgetOldest(): void {
    if (this.timeline.entries.length > 2 * KEEP) this.timeline.forgetOldest(KEEP);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#typingTimer);
    this.#chat.close();
    this.#typing.close();
  }

  #listen(): void {
    const { onChange, onNew } = this.#events;
    this.#chat.on("message", (arrived) => {
      const message = messageFrom(arrived);
      if (message.from !== undefined) this.#typists.stopped(message.from);
      if (!this.timeline.receive(message)) return;
      if (!this.timeline.isOwn(message) && this.#ready) onNew();
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

  #publish({ key, text, time }: Pick<Pending, "key" | "text" | "time">): void {
    if (this.timeline.retry(key) === undefined) this.timeline.write(key, text, time);
    this.#chat
      .publish({ text, key })
      .then(({ offset }) => this.timeline.stored(key, offset))
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
