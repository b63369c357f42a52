import type { Fields, TableChange } from "./moving.js";

/** How much longer than the way there and back a row is waited for, in milliseconds: inputs wait for their ticks. */
const MARGIN_MS = 250;
/** How long one that has gone is kept from being shown as it was when it was told of, in milliseconds. */
const GONE_MS = 1000;

interface Spawn<R> {
  readonly row: R;
  readonly since: number;
  /** Whether the room has it; no longer has. */
  state: "awaited" | "told" | "gone";
  goneAt: number;
}

/** How rows are shown that the room has not told of. */
export interface SpawnsOptions<R> {
  /**
   * Moves a row as the room does, by so many seconds; each painted frame. With it a row is shown so, ahead of what the room
   * has told, until the room takes it away. Without it a row stands still, and is the room's as soon as that can be shown.
   */
  readonly step?: (row: R, seconds: number) => void;
  /** Milliseconds. Default 250. */
  readonly margin?: number;
}

/**
 * Rows that a player's own inputs make, shown before the room has told of them: a shot, a wall. Each has the key that the
 * room will give it, which both sides make of what both know, such as the seat and a number in the input. One that has
 * not come after the way there and back and a margin is taken away again.
 *
 * @example
 * const shots = new Spawns<Shot>({ step: fly });
 * shots.add(`${seat}-${input.shot}`, { ...mine, aim }, now); // with the input
 * shots.receive(frame.tables.shots, now); // each frame
 * shots.show(rows, now, clock.rtt); // each painted frame, into the rows of the table as they are told
 */
export class Spawns<R extends Fields = Fields> {
  readonly #options: SpawnsOptions<R>;
  readonly #spawns = new Map<string, Spawn<R>>();
  #at = Number.NaN;

  constructor(options: SpawnsOptions<R> = {}) {
    this.#options = options;
  }

  /** Shows a row, which is changed from now on. One whose key there is already is left alone. */
  add(key: string, row: R, now: number): void {
    if (!this.#spawns.has(key)) this.#spawns.set(key, { row, since: now, state: "awaited", goneAt: 0 });
  }

  /**
   * Takes what a frame says of the table.
   *
   * @param change undefined where it says nothing
   * @param whole whether it says all that is seen: the first frame does, and the first one after a gap
   */
  receive(change: TableChange<R> | undefined, now: number, whole = false): void {
    const goes = (spawn: Spawn<R> | undefined): void => {
      if (spawn?.state !== "told") return;
      spawn.state = "gone";
      spawn.goneAt = now;
    };
    if (whole) this.#spawns.forEach(goes);
    if (!change) return;
    for (const key of change.leaves) goes(this.#spawns.get(key));
    for (const key of change.enters.keys()) {
      const spawn = this.#spawns.get(key);
      if (spawn) spawn.state = "told";
    }
  }

  /**
   * Puts the rows into a map that holds, of the table's rows, those which the room has told.
   *
   * @param rows the same map each time, in which other rows than these are written anew
   * @param rtt milliseconds
   */
  show(rows: Map<string, R>, now: number, rtt: number): void {
    const { step, margin = MARGIN_MS } = this.#options;
    const since = this.#at;
    this.#at = now;
    for (const [key, spawn] of this.#spawns) {
      const { row, state } = spawn;
      const isThere = rows.has(key) && rows.get(key) !== row;
      const isOver =
        (state === "awaited" && now > spawn.since + rtt + margin) ||
        (state === "told" && !step && isThere) ||
        (state === "gone" && now > spawn.goneAt + GONE_MS);
      if (isOver) this.#spawns.delete(key);
      if (state === "gone" || (isOver && !isThere)) rows.delete(key);
      else if (!isOver) {
        const seconds = (now - Math.max(spawn.since, since)) / 1000;
        if (seconds > 0) step?.(row, seconds);
        rows.set(key, row);
      }
    }
  }
}
