import { BrokerError } from "../../../../broker/index.js";
import type { Clock, Timer } from "../../../../protocol/index.js";
import type { RoomDef } from "../../../../room/shape.js";
import { detach, guardedClock, guardedLogger, type OnError } from "../../../guard.js";
import type { LetterItem, Place } from "../messages.js";
import { settingsOf } from "../run/settings.js";
import { NO_MARKS, type Watched } from "../watch/steps.js";
import { Listeners, type OnSignal } from "./listeners.js";
import { placementOf } from "./not-taken.js";
import { NodesSeen } from "./nodes-seen.js";
import { Owner, type Gone } from "./owner.js";
import { NOWHERE, Placing, type Placement, type Wanted } from "./placement.js";
import { reviveRoom, type Revived } from "./revive.js";
import { MOST_ROOMS, type RoomsDeps } from "./rooms-deps.js";
import { RoomsTally, type RoomsStats } from "./rooms-tally.js";
import { takeOver, type Takeover } from "./takeover.js";
import { MARGIN_MS, REIGN_MS, type TenureOptions } from "./tenure.js";

/** How often a node looks which others are there, and says what it has to do, in milliseconds. */
const LOOK_MS = 1000;
/** When to ask again a node that takes no more rooms, in milliseconds. */
const FULL_MS = 1000;
/** So many rooms are handed over at the same time. */
const LEAVING_AT_ONCE = 32;

/**
 * The rooms that this node owns, and its part in finding owners for others.
 *
 * @example
 * const rooms = new Rooms({ broker, clock, random, log, mail, define });
 * const { owner } = await rooms.place("arena/1", { match: new Map([["mode", "ffa"]]) });
 */
export class Rooms {
  readonly #deps: RoomsDeps;
  readonly #clock: Clock;
  readonly #onError: OnError;
  readonly #times: TenureOptions;
  readonly #owners = new Map<string, Owner>();
  readonly #taking = new Map<string, Promise<Placement>>();
  readonly #placing: Placing;
  readonly #tally: RoomsTally;
  readonly #stop: () => void;
  readonly #nodes = new NodesSeen();
  readonly #listeners: Listeners;
  /** It does not hear what it says itself: until then it takes nothing. */
  #deafUntil = -Infinity;
  #isClosing = false;
  #look: Timer;

  constructor(deps: RoomsDeps) {
    const { broker, random, mail } = deps;
    const log = guardedLogger(deps.log);
    this.#deps = { ...deps, log };
    this.#onError = (error) => this.#deps.log.warn({ error }, "a call about rooms failed");
    this.#clock = guardedClock(deps.clock, (error) => log.error({ error }, "an error in the code of rooms"));
    this.#times = deps.times ?? { ttl: REIGN_MS, margin: MARGIN_MS };
    this.#listeners = new Listeners((room, error) =>
      log.error({ room, error }, "an error in the code of rooms"),
    );
    this.#tally = new RoomsTally(deps.clock.monotonic());
    this.#placing = new Placing({
      broker,
      random,
      mail,
      clock: this.#clock,
      ttl: this.#times.ttl,
      takeHere: (channel, wanted) => this.#take(channel, wanted),
    });
    this.#stop = mail.listen((item, from) => this.#read(item, from));
    // Nobody may take it for another node until it owns something.
    if (deps.marked === "only") this.#report();
  }

  /** What others are told of this node: how many rooms, and how many milliseconds of a second it spends in their ticks. */
  get load(): { readonly rooms: number; readonly tick: number } {
    return { rooms: this.#owners.size, tick: Math.round(this.#tally.load.perSecond) };
  }

  /** What its operators are told: what there is now, and what was counted since it began. */
  get stats(): RoomsStats {
    return this.#tally.stats(this.#owners.values());
  }

  /** The rooms that this node owns; those that stand still as well. */
  [Symbol.iterator](): Iterator<Owner> {
    return this.#owners.values();
  }

  /** What steps are marked with, of a room that this node owns under that reign. */
  readonly watchedOf = (channel: string, reign: string): Watched | undefined => {
    const watched = this.#owners.get(channel)?.watched;
    return watched?.reign === reign ? watched : undefined;
  };

  /** A room that this node owns. */
  get(channel: string): Owner | undefined {
    return this.#owners.get(channel);
  }

  /** All rooms that this node owns, and is good for. */
  *owned(): IterableIterator<Owner> {
    for (const owner of this.#owners.values()) if (owner.reign !== undefined) yield owner;
  }

  /**
   * The node that owns a room; where none does, one that takes it from now on. Rejects with the broker's error.
   *
   * @param wanted.was a reign that is silent: its end is waited for, at most twice as long as one lasts
   */
  place(channel: string, wanted: Wanted = {}): Promise<Placement> {
    const own = this.#own(channel);
    return own === undefined ? this.#placing.place(channel, wanted) : Promise.resolve(own);
  }

  /** Lifts what keeps a room from being taken over, see {@link reviveRoom}. Rejects with the broker's error. */
  async revive(channel: string): Promise<Revived> {
    if ((await this.#owners.get(channel)?.vouch()) === true) return "revived";
    return reviveRoom({ ...this.#deps, ttl: this.#times.ttl }, channel);
  }

  /** Returns the way to stop. */
  watch(onSignal: OnSignal): () => void {
    return this.#listeners.add(onSignal);
  }

  /** Hands all rooms over to other nodes, each in a moment of its own; resolves when this one owns none. It takes none from now on. */
  async drain(): Promise<void> {
    this.#isClosing = true;
    this.#report();
    await Promise.allSettled(this.#taking.values());
    const owners = [...this.#owners.values()];
    const handNext = async (): Promise<void> => {
      for (let owner = owners.pop(); owner !== undefined; owner = owners.pop()) await this.#handOver(owner);
    };
    await Promise.all(Array.from({ length: LEAVING_AT_ONCE }, handNext));
  }

  /** Lets go of everything at once, as the end of the process would: nothing is saved. See {@link drain}. */
  close(): void {
    this.#isClosing = true;
    this.#clock.clearTimeout(this.#look);
    this.#placing.close();
    this.#stop();
    for (const owner of this.#owners.values()) owner.drop();
    this.#owners.clear();
  }

  #read(item: LetterItem, from: string): void {
    switch (item.is) {
      case "batch": {
        this.#nodes.heardOf(from);
        const owner = this.#owners.get(item.channel);
        if (owner === undefined)
          this.#deps.mail.post(from, { is: "moved", channel: item.channel, reign: undefined });
        else owner.takeIn(item, from);
        return;
      }
      case "place":
        return detach(this.#answer(item, from), this.#onError);
      case "placed":
        return this.#placing.placed(item);
      case "handover":
        return detach(this.#take(item.channel, { was: item.reign }), this.#onError);
      case "survived":
        return this.#owners.get(item.channel)?.survived(item.reign);
      // For those on this node who have players.
      case "answer":
      case "keyframe":
      case "taken":
      case "moved":
        return;
    }
  }

  async #answer({ id, channel, match, was }: Place, from: string): Promise<void> {
    const placement = await this.#take(channel, { match, ...(was !== undefined && { was }) });
    this.#deps.mail.post(from, { is: "placed", id, channel, ...placement });
  }

  #own(channel: string): Placement | undefined {
    const reign = this.#owners.get(channel)?.reign;
    return reign === undefined
      ? undefined
      : { ...NOWHERE, owner: this.#deps.broker.node, reign, refused: undefined };
  }

  /** Takes a room, or says whose it is. Never rejects. */
  #take(channel: string, wanted: Wanted): Promise<Placement> {
    const own = this.#own(channel);
    if (own !== undefined) return Promise.resolve(own);
    let taking = this.#taking.get(channel);
    if (taking === undefined) {
      taking = this.#takeNow(channel, wanted).finally(() => this.#taking.delete(channel));
      this.#taking.set(channel, taking);
    }
    return taking;
  }

  async #takeNow(channel: string, { match = new Map(), was }: Wanted): Promise<Placement> {
    const { broker, define, log } = this.#deps;
    // One that stands still goes on by itself, if it can.
    if (this.#isClosing || this.#owners.has(channel) || this.#clock.monotonic() < this.#deafUntil)
      return NOWHERE;
    const def = define(channel);
    if (def === undefined) return NOWHERE;
    if (this.#isFull()) return { ...NOWHERE, refused: "room_full", after: FULL_MS };
    const alone = this.#owners.size === 0 && this.#taking.size === 0;
    try {
      const settings = settingsOf(def);
      const request = { channel, def, settings, match, was, alone, mayBeMarked: this.#mayBeMarked(alone) };
      const deps = { ...this.#deps, clock: this.#clock, ttl: this.#times.ttl };
      const takeover = await takeOver(deps, { ...request, memory: undefined });
      if (takeover.is !== "taken") return this.#notTaken(takeover, channel);
      if (this.#isClosing) {
        await takeover.reign.release();
        return NOWHERE;
      }
      this.#owners.set(channel, this.#newOwner(channel, def, takeover));
      this.#tally.taken(takeover);
      this.#counted();
      return { ...NOWHERE, owner: broker.node, reign: takeover.record.name, refused: undefined };
    } catch (error) {
      if (!(error instanceof BrokerError)) log.error({ room: channel, error }, "a room cannot be taken over");
      else this.#onError(error);
      return NOWHERE;
    }
  }

  #notTaken(takeover: Exclude<Takeover, { is: "taken" }>, channel: string): Placement {
    if (takeover.is === "refused" && takeover.why === "alone") this.#deps.onMarked?.(channel);
    if (takeover.is === "refused" && takeover.why === "broken")
      this.#deps.log.error({ room: channel, error: takeover.error }, "a room cannot be made");
    return placementOf(takeover);
  }

  /** A room that its last owner may have died of must not take others with it. */
  #isFull(): boolean {
    const { most = MOST_ROOMS, marked } = this.#deps;
    if (marked === "only") return this.#isTried();
    if (this.#owners.size + this.#taking.size >= most || this.#tally.load.isBusy) return true;
    return [...this.#owners.values()].some(({ record }) => record !== undefined && record.short > 0);
  }

  #mayBeMarked(alone: boolean): boolean | "must" {
    const { marked = "alone" } = this.#deps;
    switch (marked) {
      case "only":
        return "must";
      case "none":
        return false;
      case "alone":
        return alone;
    }
  }

  /** Whether a helper has its hands full: with one room at a time. One that has proved itself makes place for the next. */
  #isTried(): boolean {
    for (const owner of this.#owners.values())
      if (owner.record?.short === 0) detach(this.#handOver(owner), this.#onError);
    return this.#owners.size + this.#taking.size > 0;
  }

  #newOwner(channel: string, def: RoomDef, taken: Extract<Takeover, { is: "taken" }>): Owner {
    return new Owner(
      {
        ...this.#deps,
        clock: this.#clock,
        times: this.#times,
        marks: this.#deps.marks ?? NO_MARKS,
        onError: this.#onError,
        onTold: (room, signal) => this.#listeners.tell(room, signal),
        onTurn: (turn) => this.#tally.add(turn),
      },
      {
        channel,
        def,
        settings: taken.run.settings,
        isAlone: () => this.#owners.size === 1 && this.#taking.size === 0,
        onGone: (why) => this.#gone(channel, why),
      },
      taken,
    );
  }

  #gone(channel: string, why: Gone): void {
    this.#owners.delete(channel);
    if (why === "deaf") this.#deafUntil = this.#clock.monotonic() + 2 * this.#times.ttl;
    this.#counted();
  }

  /** How many there are has changed. */
  #counted(): void {
    if (this.#owners.size > 1) for (const owner of this.#owners.values()) owner.notAlone();
    this.#report();
    if (this.#look === undefined && this.#owners.size > 0 && !this.#isClosing) this.#lookLater();
  }

  async #handOver(owner: Owner): Promise<void> {
    const { mail } = this.#deps;
    const { reign, channel } = owner;
    const next = await this.#placing.nextFor().catch(() => undefined);
    await owner.leave(next);
    if (next !== undefined && reign !== undefined) mail.post(next, { is: "handover", channel, reign });
  }

  #lookLater(): void {
    this.#look = this.#clock.setTimeout(() => {
      this.#look = undefined;
      this.#tally.load.turn(this.#clock.monotonic());
      this.#report();
      detach(this.#lookAround(), this.#onError);
      if (this.#owners.size > 0) this.#lookLater();
    }, LOOK_MS);
  }

  #report(): void {
    const { broker, marked } = this.#deps;
    const what = { ...(this.#isClosing && { closing: 1 }), ...(marked === "only" && { helper: 1 }) };
    broker.report({ ...this.load, ...what });
  }

  async #lookAround(): Promise<void> {
    const gone = this.#nodes.gone(new Set((await this.#deps.broker.nodes()).map(({ id }) => id)));
    if (gone.size > 0) for (const owner of this.#owners.values()) owner.nodesGone(gone);
  }
}
