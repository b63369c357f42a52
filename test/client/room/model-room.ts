/** A room as its players meet it: it takes their inputs by the rules of its runtime, and tells what has changed. */
import { angle, fixed, table, text, u8, type RowOf } from "../../../src/room/columns.js";
import { Frames } from "../../../src/room/frames.js";
import { stepOf } from "../../../src/room/step-of.js";
import { storesOf } from "../../../src/room/tables.js";
import type { Pending } from "../../../src/client/room/inputs.js";

export const RATE = 20;
export const INTERVAL = 1000 / RATE;
/** Units a second. */
export const SPEED = 160;

export const players = table({
  x: fixed(0, 2000, 1 / 8),
  y: fixed(0, 2000, 1 / 8),
  aim: angle,
  hp: u8,
  name: text(16),
});
export type Player = RowOf<typeof players>;

export interface Keys {
  readonly dx: number;
  readonly dy: number;
  readonly aim: number;
}
export const STILL: Keys = { dx: 0, dy: 0, aim: 0 };

export const move = stepOf(players, (row, { dx, dy, aim }: Keys, seconds) => {
  const length = Math.max(1, Math.sqrt(dx * dx + dy * dy));
  row.x = Math.min(1999, Math.max(0, row.x + (dx / length) * SPEED * seconds));
  row.y = Math.min(1999, Math.max(0, row.y + (dy / length) * SPEED * seconds));
  row.aim = aim;
});

export function player(x: number, y: number, more: Partial<Player> = {}): Player {
  return { x, y, aim: 0, hp: 100, name: "", ...more };
}

/**
 * More than so many wait: two are taken; and more than that: the oldest are dropped. With two in place of three, a link whose
 * jitter is as long as a tick has one tick in twenty wait for an input, and one take two.
 */
const FAST = 3;
const MOST = 8;

/** A frame as it is sent. */
export interface Told {
  readonly tick: number;
  readonly bytes: Uint8Array;
}

export class ModelRoom {
  tick = 0;
  readonly players = new Map<string, Player>();
  /** Where the player was after each of its inputs. */
  readonly after = new Map<number, Player>();
  /** How many ticks found no input, and how many took two; how many inputs were dropped. */
  starved = 0;
  doubled = 0;
  dropped = 0;
  /** What the room does beyond the step, each tick, before it is told. */
  code: (room: ModelRoom) => void = () => {};
  readonly #seat: string;
  readonly #step: (player: Player, keys: Keys, seconds: number) => void;
  #waiting: Pending<Keys>[] = [];
  #ack: number;
  readonly #stores = storesOf({ players });
  readonly #frames = new Frames(this.#stores);
  readonly #viewer = this.#frames.viewer();

  /** @param last the number of the newest input that it has had, under an owner before */
  constructor(seat: string, step = move, last = 0) {
    this.#seat = seat;
    this.#step = step;
    this.#ack = last;
  }

  /** The number of the newest input that it has taken. */
  get ack(): number {
    return this.#ack;
  }

  get me(): Player | undefined {
    return this.players.get(this.#seat);
  }

  offer(pending: Pending<Keys>): void {
    this.#waiting.push(pending);
  }

  advance(): void {
    this.tick++;
    while (this.#waiting.length > MOST) {
      this.#ack = this.#waiting.shift()?.number ?? 0;
      this.dropped++;
    }
    const taken = this.#waiting.splice(0, this.#waiting.length > FAST ? 2 : 1);
    if (taken.length === 0) this.starved++;
    if (taken.length === 2) this.doubled++;
    for (const { number, input } of taken) {
      if (this.me) {
        this.#step(this.me, input, 1 / RATE);
        this.after.set(number, { ...this.me });
      }
      this.#ack = number;
    }
    this.code(this);
    for (const store of this.#stores) store.scan(this.players, this.tick);
    const last = taken.at(-1);
    if (this.me && last) this.after.set(last.number, { ...this.me });
  }

  /** The next frame says everything. */
  anew(): void {
    this.#viewer.forget();
  }

  /** What the player is told of the newest tick. */
  frame(): Told {
    const heard = { ack: this.#ack, depth: this.#waiting.length };
    const bytes = this.#frames.frameFor(this.#viewer, "all", heard);
    if (!bytes) throw new Error(`tick ${this.tick} was told`);
    return { tick: this.tick, bytes };
  }
}
