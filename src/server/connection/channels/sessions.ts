/** All of one connection's dealings with channels, by channel, and which channels the server has granted to it. */
import type { OnError } from "../../guard.js";
import type { TokenBucket } from "../limits/rate.js";
import { ChannelSession, type SessionOwner } from "./session.js";
import type { Visit } from "./visit.js";

/** Whose sessions they are: a connection. */
export interface SessionsOwner {
  /** Something failed that was done for the connection, which ends itself. */
  readonly abandon: OnError;
}

const NONE: ReadonlySet<string> = new Set();
/** So many numbers of rooms are remembered in which the connection has no seat any more. */
const MOST_PAST = 64;

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
  /** How many seats the connection has in rooms, or is about to have. */
  seats = 0;
  /** The secret that makes the seats of a client without a user, where it was said in the connect command. */
  secret: string | undefined;
  /** Over HTTP: how many refused inputs are told of. */
  refusals: TokenBucket | undefined;
  /** By the room's number: where the connection plays; undefined where it has played. Made when it does. */
  #seated: Map<number, Visit | undefined> | undefined;

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

  /** Inputs of this number are this visit's from here on. */
  seatedOn(ch: number, visit: Visit): void {
    this.#seated ??= new Map();
    this.#seated.delete(ch);
    this.#seated.set(ch, visit);
  }

  /** The visit has ended: what is on its way is passed over, since its client cannot know yet. */
  unseated(ch: number, visit: Visit): void {
    const seated = this.#seated;
    if (seated?.get(ch) !== visit) return;
    seated.delete(ch);
    seated.set(ch, undefined);
    if (seated.size <= this.seats + MOST_PAST) return;
    for (const [past, other] of seated) {
      if (other !== undefined) continue;
      seated.delete(past);
      return;
    }
  }

  /** Where the connection plays by that number; `past` where it has played, `undefined` where it never has. Hot: once an input. */
  visitOf(ch: number): Visit | "past" | undefined {
    const visit = this.#seated?.get(ch);
    return visit ?? (this.#seated?.has(ch) === true ? "past" : undefined);
  }

  abandon(error: unknown): void {
    this.#owner.abandon(error);
  }
}
