/**
 * What a node holds of a room under one reign: the tables, and who has a seat, as of the newest tick that it knows everything of. Ticks
 * stand on the one before; where one is missing it stays where it is until the owner has sent a keyframe. It never guesses.
 */
import { FrameError } from "../../../../protocol/index.js";
import type { Table } from "../../../../room/column.js";
import { Replica } from "../../../../room/replica.js";
import type { Stores } from "../../../../room/tables.js";
import type { Keyframe } from "../messages.js";
import { freezeJson } from "../run/json-value.js";
import type { ShownSeat, TickMessage } from "../tick-message.js";

/** So many ticks are kept while a keyframe is waited for. */
export const MOST_KEPT = 32;

/** What a message has come to: ticks that were reached by it, oldest first. Their changes are in the tables. */
export type Reached = readonly TickMessage[];

const NOTHING: Reached = [];

export class Track {
  readonly reign: string;
  readonly stores: Stores;
  /** In the order of joining. */
  readonly seats = new Map<string, ShownSeat>();
  /** `undefined` in a room that has no tables. */
  readonly #replica: Replica | undefined;
  #tick = -1;
  /** The newest tick that it has heard of. */
  #newest = -1;
  /** Ticks that do not follow yet, in their order. */
  #kept: TickMessage[] = [];

  constructor(reign: string, state: Readonly<Record<string, Table>>) {
    this.reign = reign;
    this.#replica = Object.keys(state).length > 0 ? new Replica(state) : undefined;
    this.stores = this.#replica?.stores ?? [];
  }

  /** The tick that it is at; -1 before the first keyframe. */
  get tick(): number {
    return this.#tick;
  }

  /** Whether it knows that it lacks something: a keyframe is to be asked for. */
  get hasHole(): boolean {
    return this.#tick < this.#newest || this.#tick < 0;
  }

  /**
   * A tick of this reign has come: the next one, one that it has, or one that is to be kept. Hot: once a tick.
   *
   * @throws {FrameError} for one whose changes cannot be read; it has a hole then
   */
  take(message: TickMessage): Reached {
    const { prev, tick } = message;
    if (message.reign !== this.reign || tick <= this.#tick) return NOTHING;
    this.#newest = Math.max(this.#newest, tick);
    if (prev === this.#tick && this.#kept.length === 0) {
      this.#apply(message);
      return [message];
    }
    this.#keep(message);
    return this.#follow([]);
  }

  /** The owner says that it is at this tick. */
  alive(tick: number): void {
    this.#newest = Math.max(this.#newest, tick);
  }

  /**
   * A keyframe of this reign has come. Ticks that were kept up to it are in it, and only what happened in them is left to tell.
   *
   * @returns undefined where it is of no use: of a tick before the one that it is at
   * @throws {FrameError} for one that cannot be read; it is as if there had never been any then
   */
  takeKeyframe({ tick, seats, bytes }: Keyframe): Reached | undefined {
    if (tick < this.#tick || (tick === this.#tick && !this.hasHole)) return undefined;
    this.#within(() => {
      this.#replica?.apply(bytes);
      if (this.#replica !== undefined && this.#replica.tick !== tick)
        throw new FrameError(`no keyframe of tick ${tick}`);
    });
    const reached = this.#kept.filter((one) => one.tick <= tick && one.tick > this.#tick);
    this.#kept = this.#kept.filter((one) => one.tick > tick);
    this.#tick = tick;
    this.#newest = Math.max(this.#newest, tick);
    this.seats.clear();
    for (const seat of seats) this.#seat(seat);
    return this.#follow(reached);
  }

  /** Takes those that follow now. */
  #follow(reached: TickMessage[]): Reached {
    for (let next = this.#kept[0]; next !== undefined && next.prev <= this.#tick; next = this.#kept[0]) {
      this.#kept.shift();
      if (next.tick <= this.#tick || next.prev !== this.#tick) continue;
      this.#apply(next);
      reached.push(next);
    }
    return reached;
  }

  #keep(message: TickMessage): void {
    const kept = this.#kept;
    let place = kept.length;
    while (place > 0 && (kept[place - 1]?.tick ?? -1) > message.tick) place--;
    if (kept[place - 1]?.tick === message.tick) return;
    kept.splice(place, 0, message);
    if (kept.length > MOST_KEPT) kept.shift();
  }

  #apply({ tick, change, came, went, here }: TickMessage): void {
    this.#within(() => {
      if (this.#replica !== undefined && this.#replica.apply(change) !== "applied")
        throw new FrameError(`tick ${tick} does not follow tick ${this.#tick}`);
    });
    this.#tick = tick;
    for (const { seat } of went) this.seats.delete(seat);
    for (const seat of came) this.#seat(seat);
    for (const [id, isHere] of here) {
      const seat = this.seats.get(id);
      if (seat !== undefined) this.seats.set(id, Object.freeze({ ...seat, here: isHere }));
    }
  }

  /** A seat as views are given it, which can be any code's. */
  #seat({ id, user, join, here }: ShownSeat): void {
    const seat = { id, user: freezeJson(user)?.value, join: freezeJson(join)?.value, here };
    this.seats.set(id, Object.freeze(seat));
  }

  /** Where it fails the tables are nothing, and so is the place that it is at. */
  #within(apply: () => void): void {
    try {
      apply();
    } catch (error) {
      this.#tick = -1;
      throw error;
    }
  }
}
