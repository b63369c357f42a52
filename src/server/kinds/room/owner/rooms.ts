import { BrokerError, type Broker } from "../../../../broker/index.js";
import type { Clock, Random, Timer } from "../../../../protocol/index.js";
import type { RoomDef } from "../../../../room/shape.js";
import { detach, guardedClock, guardedLogger, type OnError } from "../../../guard.js";
import type { Logger } from "../../../logger.js";
import type { LetterItem, Place } from "../messages.js";
import type { RoomSignal } from "../tick-message.js";
import { settingsOf } from "../run/settings.js";
import { TickLoad } from "./load.js";
import type { RoomMail } from "./mail.js";
import { Owner, type Gone } from "./owner.js";
import { NOWHERE, Placing, type Placement, type Wanted } from "./placement.js";
import { readNote, takeOver, type Takeover } from "./takeover.js";
import { MARGIN_MS, REIGN_MS, type TenureOptions } from "./tenure.js";

/** So many rooms a node owns unless it is told otherwise. */
export const MOST_ROOMS = 500;
/** How often a node looks which others are there, and says what it has to do, in milliseconds. */
const LOOK_MS = 1000;
/** A node that was not there so many times in a row is gone, and with it its players' connections. */
const MISSED = 5;
/** When to ask again a node that takes no more rooms, in milliseconds. */
const FULL_MS = 1000;
/** So many rooms are handed over at the same time. */
const LEAVING_AT_ONCE = 32;

export interface RoomsDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** This node's, which others of its parts use as well. */
  readonly mail: RoomMail;
  /** The code of a room, by its channel; undefined: none of this node's channels. */
  readonly define: (channel: string) => RoomDef | undefined;
  /** Default: reigns of 3 s, of which owners use all but half a second. */
  readonly times?: TenureOptions;
  /** How many it owns at most. Default: {@link MOST_ROOMS}. */
  readonly most?: number;
  /** Which rooms it takes of those that their last owner may have died of: none, or one while it has no others. Default `alone`. */
  readonly marked?: "alone" | "none";
}

/** Called with each signal of the rooms that this node owns. */
export type OnSignal = (channel: string, signal: RoomSignal) => void;

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
  readonly #load: TickLoad;
  readonly #stop: () => void;
  /** The nodes that have written about rooms of this one, and how many times in a row they were not there. */
  readonly #nodes = new Map<string, number>();
  #listeners: readonly OnSignal[] = [];
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
    this.#load = new TickLoad(deps.clock.monotonic());
    this.#placing = new Placing({
      broker,
      random,
      mail,
      clock: this.#clock,
      ttl: this.#times.ttl,
      takeHere: (channel, wanted) => this.#take(channel, wanted),
    });
    this.#stop = mail.listen((item, from) => this.#read(item, from));
  }

  /** What others are told of this node: how many rooms, and how many milliseconds of a second it spends in their ticks. */
  get load(): { readonly rooms: number; readonly tick: number } {
    return { rooms: this.#owners.size, tick: Math.round(this.#load.perSecond) };
  }

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

  /** Returns the way to stop. */
  watch(onSignal: OnSignal): () => void {
    this.#listeners = [...this.#listeners, onSignal];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== onSignal);
    };
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
        this.#nodes.set(from, 0);
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
    const { broker, define, marked = "alone", log } = this.#deps;
    // One that stands still goes on by itself, if it can.
    if (this.#isClosing || this.#owners.has(channel) || this.#clock.monotonic() < this.#deafUntil)
      return NOWHERE;
    const def = define(channel);
    if (def === undefined) return NOWHERE;
    if (this.#isFull()) return { ...NOWHERE, refused: "room_full", after: FULL_MS };
    const alone = this.#owners.size === 0 && this.#taking.size === 0;
    try {
      const settings = settingsOf(def);
      const request = { channel, def, settings, match, was, alone, mayBeMarked: alone && marked === "alone" };
      const deps = { ...this.#deps, clock: this.#clock, ttl: this.#times.ttl };
      const takeover = await takeOver(deps, { ...request, memory: undefined });
      if (takeover.is !== "taken") return this.#placementOf(takeover, channel);
      if (this.#isClosing) {
        await takeover.reign.release();
        return NOWHERE;
      }
      this.#owners.set(channel, this.#newOwner(channel, def, takeover));
      this.#counted();
      return { ...NOWHERE, owner: broker.node, reign: takeover.record.name, refused: undefined };
    } catch (error) {
      if (!(error instanceof BrokerError)) log.error({ room: channel, error }, "a room cannot be taken over");
      else this.#onError(error);
      return NOWHERE;
    }
  }

  #placementOf(takeover: Exclude<Takeover, { is: "taken" }>, channel: string): Placement {
    switch (takeover.is) {
      case "held": {
        const { node, name } = readNote(takeover.by);
        return { ...NOWHERE, owner: node, reign: name, refused: undefined, after: takeover.left };
      }
      case "closed":
        return { ...NOWHERE, refused: "room_closed", reason: takeover.reason };
      case "other":
        return NOWHERE;
      case "refused": {
        if (takeover.why === "alone") return { ...NOWHERE, refused: "alone" };
        this.#deps.log.error({ room: channel, error: takeover.error }, "a room cannot be made");
        return NOWHERE;
      }
    }
  }

  /** A room that its last owner may have died of must not take others with it. */
  #isFull(): boolean {
    const { most = MOST_ROOMS } = this.#deps;
    if (this.#owners.size + this.#taking.size >= most || this.#load.isBusy) return true;
    return [...this.#owners.values()].some(({ record }) => record !== undefined && record.short > 0);
  }

  #newOwner(channel: string, def: RoomDef, taken: Extract<Takeover, { is: "taken" }>): Owner {
    return new Owner(
      {
        ...this.#deps,
        clock: this.#clock,
        times: this.#times,
        onError: this.#onError,
        onTold: (room, signal) => this.#told(room, signal),
        onSpent: (ms) => this.#load.add(ms),
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

  #told(channel: string, signal: RoomSignal): void {
    for (const listener of this.#listeners) {
      try {
        listener(channel, signal);
      } catch (error) {
        this.#deps.log.error({ room: channel, error }, "an error in the code of rooms");
      }
    }
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
      this.#load.turn(this.#clock.monotonic());
      this.#report();
      detach(this.#lookAround(), this.#onError);
      if (this.#owners.size > 0) this.#lookLater();
    }, LOOK_MS);
  }

  #report(): void {
    this.#deps.broker.report({ ...this.load, ...(this.#isClosing && { closing: 1 }) });
  }

  /** A node that is not there for one look may only have been forgotten, by a broker that was restarted. */
  async #lookAround(): Promise<void> {
    const there = new Set((await this.#deps.broker.nodes()).map(({ id }) => id));
    const gone = new Set<string>();
    for (const [node, missed] of this.#nodes) {
      this.#nodes.set(node, there.has(node) ? 0 : missed + 1);
      if (missed + 1 < MISSED || there.has(node)) continue;
      this.#nodes.delete(node);
      gone.add(node);
    }
    if (gone.size > 0) for (const owner of this.#owners.values()) owner.nodesGone(gone);
  }
}
