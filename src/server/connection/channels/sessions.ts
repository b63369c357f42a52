/** All of one connection's dealings with channels, by channel, and which channels the server has granted to it. */
import type { OnError } from "../../guard.js";
import { ChannelSession, type SessionOwner } from "./session.js";

/** Whose sessions they are: a connection. */
export interface SessionsOwner {
  /** Something failed that was done for the connection, which ends itself. */
  readonly abandon: OnError;
}

const NONE: ReadonlySet<string> = new Set();

/** There is one for each client: most have one channel, and a map for that would take more than all else in here. */
export class Sessions implements SessionOwner {
  readonly #owner: SessionsOwner;
  /** While there is no more than one, and no map yet. */
  #only: ChannelSession | undefined;
  /** All of them, once there were two. */
  #all: Map<string, ChannelSession> | undefined;
  #granted: Set<string> | undefined;
  /** How many of the sessions are subscribed or about to be. */
  subscribed = 0;

  constructor(owner: SessionsOwner) {
    this.#owner = owner;
  }

  get size(): number {
    if (this.#all !== undefined) return this.#all.size;
    return this.#only === undefined ? 0 : 1;
  }

  /** The session with a channel, where there is one. Channels go by their canonical names, here and below. */
  get(channel: string): ChannelSession | undefined {
    if (this.#all !== undefined) return this.#all.get(channel);
    return this.#only?.channel === channel ? this.#only : undefined;
  }

  has(channel: string): boolean {
    return this.get(channel) !== undefined;
  }

  /** The session with a channel, made where there is none. */
  of(channel: string): ChannelSession {
    return this.get(channel) ?? this.#add(new ChannelSession(this, channel));
  }

  #add(session: ChannelSession): ChannelSession {
    if (this.#all === undefined) {
      if (this.#only === undefined) return (this.#only = session);
      this.#all = new Map([[this.#only.channel, this.#only]]);
      this.#only = undefined;
    }
    this.#all.set(session.channel, session);
    return session;
  }

  /** Drops the session with a channel when there is nothing to remember of it. */
  tidy(channel: string): void {
    if (this.get(channel)?.idle !== true) return;
    if (this.#all === undefined) this.#only = undefined;
    else this.#all.delete(channel);
  }

  /** Drops all of them. */
  clear(): void {
    this.#only = this.#all = undefined;
  }

  /** In the order in which they were made. */
  [Symbol.iterator](): Iterator<ChannelSession> {
    if (this.#all !== undefined) return this.#all.values();
    return (this.#only === undefined ? [] : [this.#only]).values();
  }

  /** Channels that the server has subscribed the connection to, and may again: `allow` is not asked about them. */
  get granted(): ReadonlySet<string> {
    return this.#granted ?? NONE;
  }

  grant(channel: string): void {
    (this.#granted ??= new Set()).add(channel);
  }

  revoke(channel: string): void {
    this.#granted?.delete(channel);
  }

  abandon(error: unknown): void {
    this.#owner.abandon(error);
  }
}
