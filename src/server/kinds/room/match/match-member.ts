/** A node as a player of one room that matches: it tells of the rooms that it owns, and asks for places. */
import type { Clock, Timer } from "../../../../protocol/index.js";
import { TidemarkError } from "../../../errors.js";
import { detach, guarded, type OnError } from "../../../guard.js";
import type { Joining } from "../replica/joining.js";
import type { Player } from "../replica/player.js";
import type { RoomPlace } from "../replica/room-place.js";
import { seatIdOf } from "../replica/seat-id.js";
import type { Reached } from "../replica/track.js";
import { MatchOutbox } from "./outbox.js";
import { GIVEN, encodeSaid, readGiven, type Failure, type Given, type RoomReport } from "./said.js";

/** How long an answer is waited for, in milliseconds: longer than it takes that another node goes on with the room. */
export const PATIENCE_MS = 8000;
/** How long before it is asked again, since what is told may be lost. */
const AGAIN_MS = 500;
/** So many inputs are on their way at most. */
const MOST_AHEAD = 4;
/** An input in so many milliseconds, in the long run, and so many of them at once: less than a player may. */
const GAP_MS = 30;
const BURST = 16;
/** How long before what could not be said is tried again, in milliseconds, */
const RETRY_MS = 250;
/** and a seat that could not be had. */
const REJOIN_MS = 1000;

/** The room that matches, on this node. */
export interface MatchPlace {
  readonly place: Pick<RoomPlace, "join" | "beginning" | "reached">;
  /** It is not needed any more. */
  release(): void;
}

export interface MemberDeps {
  readonly clock: Clock;
  readonly channel: string;
  readonly node: string;
  /** A name that nobody else has. */
  readonly client: string;
  readonly opened: MatchPlace;
  readonly onError: OnError;
}

interface Wishing {
  readonly key: string;
  readonly fresh: string | undefined;
  readonly resolve: (given: Given | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly until: number;
  askedAt: number;
}

export class MatchMember {
  readonly #deps: MemberDeps;
  readonly #outbox = new MatchOutbox();
  readonly #seat: string;
  readonly #wishes = new Map<number, Wishing>();
  readonly #stop: () => void;
  #rooms: readonly RoomReport[] = [];
  #player: Player | undefined;
  #reign: string | undefined;
  #isJoining = false;
  #isClosed = false;
  /** The number of the newest input, and of the newest question. */
  #n = 0;
  #asked = 0;
  /** When an input may be sent again, if none had been sent before. */
  #mayAt = 0;
  #timer: Timer;
  #timerAt = Infinity;

  constructor(deps: MemberDeps) {
    this.#deps = deps;
    this.#seat = seatIdOf(deps.channel, { user: deps.node });
    this.#reign = this.#newest;
    this.#stop = deps.opened.place.reached.add(guarded((reached) => this.#hear(reached), deps.onError));
  }

  /** Whether somebody has been let to make the room. */
  get isThere(): boolean {
    return this.#newest !== undefined;
  }

  /** Whether nobody waits for an answer, and there is nothing to be said. */
  get isIdle(): boolean {
    return this.#wishes.size === 0 && this.#rooms.length === 0 && this.#outbox.isEmpty;
  }

  /**
   * Asks for a place. Rejects with why the room that matches cannot be had.
   *
   * @param key see `ownerKeyOf`
   * @param fresh what a new room is to be called; undefined: there is to be none
   * @returns undefined where there was no answer in time
   */
  wish(key: string, fresh: string | undefined): Promise<Given | undefined> {
    const n = ++this.#asked;
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const now = this.#now;
      this.#wishes.set(n, { key, fresh, resolve, reject, until: now + PATIENCE_MS, askedAt: now });
      this.#outbox.wish([n, key, fresh]);
      this.#wake(AGAIN_MS);
      this.#say();
    });
  }

  /** All listed rooms that this node owns now. */
  report(rooms: readonly RoomReport[]): void {
    this.#rooms = rooms;
    this.#outbox.report(rooms);
    this.#say();
  }

  closed(id: string): void {
    this.#outbox.closed(id);
    this.#say();
  }

  kept(key: string): void {
    this.#outbox.kept(key);
    this.#say();
  }

  failed(failure: Failure): void {
    this.#outbox.failed(failure);
    this.#say();
  }

  /** Gives the seat up; others may own its rooms from now on. */
  close(): void {
    if (this.#isClosed) return;
    const { clock, opened } = this.#deps;
    this.#isClosed = true;
    clock.clearTimeout(this.#timer);
    this.#stop();
    for (const { resolve } of this.#wishes.values()) resolve(undefined);
    this.#wishes.clear();
    const leaving = this.#player?.leave() ?? Promise.resolve();
    const release = (): void => opened.release();
    // Where nobody answers any more, the seat goes with its grace.
    leaving.then(release, release);
  }

  get #now(): number {
    return this.#deps.clock.monotonic();
  }

  get #newest(): string | undefined {
    return this.#deps.opened.place.beginning?.epoch;
  }

  /** Says what there is to say, as far as it may now. */
  #say(): void {
    while (!this.#isClosed && !this.#outbox.isEmpty) {
      const player = this.#player;
      if (player === undefined) return this.#join();
      if (player.edge.size >= MOST_AHEAD) return;
      const now = this.#now;
      this.#mayAt = Math.max(this.#mayAt, now - BURST * GAP_MS);
      if (this.#mayAt > now) return this.#wake(this.#mayAt - now);
      this.#mayAt += GAP_MS;
      this.#n = Math.max(this.#n, player.edge.last) + 1;
      const refused = player.input(this.#n, encodeSaid(this.#outbox.take()));
      if (!(refused instanceof TidemarkError)) continue;
      // What was in it is lost: all is told anew, and who waits for an answer asks again.
      this.#deps.onError(refused);
      this.#tellAnew();
      return this.#wake(RETRY_MS);
    }
  }

  #join(): void {
    if (this.#isJoining || this.#isClosed) return;
    this.#isJoining = true;
    const { opened, client, onError } = this.#deps;
    const joining: Joining = {
      seat: this.#seat,
      client,
      user: null,
      join: null,
      onEnd: () => this.#ended(),
    };
    opened.place.join(joining).then(
      (player) => {
        this.#isJoining = false;
        if (this.#isClosed) {
          detach(player.leave(), onError);
          return;
        }
        this.#player = player;
        this.#n = player.edge.last;
        this.#reign = this.#newest;
        this.#say();
      },
      (error: unknown) => {
        this.#isJoining = false;
        this.#refused(error);
        this.#wake(REJOIN_MS);
      },
    );
  }

  /** There is no seat for this node. Those who wait are told; what there is to tell is told when there is one. */
  #refused(error: unknown): void {
    const wishes = [...this.#wishes.values()];
    this.#wishes.clear();
    this.#outbox.dropWishes();
    if (wishes.length === 0) this.#deps.onError(error);
    for (const { reject } of wishes) reject(error);
  }

  #ended(): void {
    this.#player = undefined;
    this.#tellAnew();
    this.#wake(RETRY_MS);
  }

  /** Something of the room has come. */
  #hear(reached: Reached): void {
    for (const { sends } of reached)
      for (const { event, json, to } of sends) if (event === GIVEN && to === this.#seat) this.#answered(json);
    const reign = this.#newest;
    // Whoever owns it now may have lost what it was told.
    if (reign !== this.#reign) this.#tellAnew();
    this.#reign = reign;
    this.#say();
  }

  #answered(json: string): void {
    for (const given of readGiven(JSON.parse(json))) {
      const [n] = given;
      this.#wishes.get(n)?.resolve(given);
      this.#wishes.delete(n);
    }
  }

  #tellAnew(): void {
    if (this.#rooms.length > 0) this.#outbox.report(this.#rooms);
  }

  /** Looks around in so many milliseconds, if not before. */
  #wake(ms: number): void {
    const { clock } = this.#deps;
    const at = this.#now + ms;
    if (this.#isClosed || at >= this.#timerAt) return;
    clock.clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = clock.setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    this.#timerAt = Infinity;
    const now = this.#now;
    for (const [n, wishing] of this.#wishes) {
      if (wishing.until <= now) {
        this.#wishes.delete(n);
        wishing.resolve(undefined);
      } else if (now - wishing.askedAt >= AGAIN_MS && this.#player?.edge.size === 0) {
        // It was heard, and the answer was not.
        wishing.askedAt = now;
        this.#outbox.wish([n, wishing.key, wishing.fresh]);
      }
    }
    if (this.#wishes.size > 0) this.#wake(AGAIN_MS);
    this.#say();
  }
}
