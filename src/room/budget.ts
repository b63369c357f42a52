/**
 * Frames of a limited size: what is nearest and was not told for longest goes first, the rest waits. Nothing is sorted: rows are
 * put into buckets by urgency, and these are emptied from the most urgent one on.
 */
import type { ByteWriter } from "./byte-writer.js";
import { NOTHING, type Fragments } from "./fragments.js";
import type { Box, Grid } from "./grid.js";
import type { Lists } from "./sections.js";
import type { Seen } from "./viewer.js";

const BUCKETS = 64;
const END = -1;
/** No update has fewer bytes. */
const LEAST = 3;
/** Rings around the middle of a view: the inner quarter, the inner half, the rest. */
const RINGS = 3;

/** What is to be told to whom. `grid` is left out where nothing is nearer than something else. */
export interface Plan {
  readonly fragments: Fragments;
  readonly lists: Lists;
  readonly seen: Seen;
  readonly grid: Grid | undefined;
  /** What the viewer sees. */
  readonly box: Box;
}

export class Budget {
  /** The first place of each bucket, and which one follows a place. */
  readonly #heads = new Int32Array(BUCKETS);
  #next = new Int32Array(0);

  /** Lets in as many of those that would come as fit, the nearest first, and one at least; the others come later. Says how many bytes they take. */
  admit(plan: Plan, budget: number): number {
    const { fragments, lists } = plan;
    const { enters, enterCount } = lists;
    if (enterCount === 0) return 0;
    const parts = fragments.enters();
    let admitted = 0;
    let bytes = 0;
    for (let ring = 0; ring < RINGS; ring++)
      for (let i = admitted; i < enterCount; i++) {
        const id = enters[i] as number;
        if (ringOf(plan, id) !== ring) continue;
        const size = fragments.enter(parts, id);
        if (admitted > 0 && bytes + size > budget) continue;
        bytes += size;
        enters[i] = enters[admitted] as number;
        enters[admitted++] = id;
      }
    lists.enterCount = admitted;
    return bytes;
  }

  /** Writes as many updates as fit, and one at least; says how many, and notes who was told. */
  spend(to: ByteWriter, plan: Plan, budget: number): number {
    const { fragments, lists, seen } = plan;
    const { tick, history } = fragments;
    const told = seen.toldFor(history.entities.capacity);
    this.#fill(plan, told);
    let left = budget;
    let updates = 0;
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--)
      for (let i = this.#heads[bucket] as number; i !== END; i = this.#next[i] as number) {
        if (updates > 0 && left < LEAST) return updates;
        const id = lists.stays[i] as number;
        const since = told[id] as number;
        const from = history.holds(since) ? since : NOTHING;
        const parts = fragments.since(from);
        const size = fragments.update(parts, id, from);
        if (updates > 0 && size > left) continue;
        told[id] = tick;
        // It may be again what it was.
        if (size === 0) continue;
        fragments.copy(to, parts, id);
        left -= size;
        updates++;
      }
    return updates;
  }

  /** Notes of all that a viewer was just told of that it was. */
  note({ fragments, lists, seen }: Plan): void {
    const told = seen.toldFor(fragments.history.entities.capacity);
    for (let i = 0; i < lists.enterCount; i++) told[lists.enters[i] as number] = fragments.tick;
  }

  /** Puts rows that may have changed into buckets. Hot: once per viewer and row that it sees. */
  #fill({ fragments, lists, grid, box }: Plan, told: Float64Array): void {
    const { tick } = fragments;
    const { changed } = fragments.history.entities;
    const { stays, stayCount } = lists;
    const heads = this.#heads.fill(END);
    if (this.#next.length < stayCount) this.#next = new Int32Array(2 * stayCount);
    const next = this.#next;
    // Who is first in a bucket is another one in each tick, so that nobody always comes too late.
    const turned = stayCount === 0 ? 0 : tick % stayCount;
    for (let place = 0; place < stayCount; place++) {
      const i = place + turned < stayCount ? place + turned : place + turned - stayCount;
      const id = stays[i] as number;
      const since = told[id] as number;
      if ((changed[id] as number) <= since) {
        told[id] = tick;
        continue;
      }
      const ring = grid === undefined ? 1 : ringAt(box, grid.xs[id] as number, grid.ys[id] as number);
      const urgency = (4 * (tick - since)) >> ring;
      const bucket = urgency < BUCKETS ? urgency : BUCKETS - 1;
      next[i] = heads[bucket] as number;
      heads[bucket] = i;
    }
  }
}

function ringOf({ grid, box }: Plan, id: number): number {
  return grid === undefined ? 1 : ringAt(box, grid.xs[id] as number, grid.ys[id] as number);
}

function ringAt(box: Box, atX: number, atY: number): number {
  const x = offCentre(atX, box.left, box.right);
  const y = offCentre(atY, box.top, box.bottom);
  const away = x > y ? x : y;
  return away <= 0.25 ? 0 : away <= 0.5 ? 1 : 2;
}

/** How far from the middle of a stretch, where its ends are at 1. */
function offCentre(at: number, low: number, high: number): number {
  return Math.abs(at - (low + high) / 2) / ((high - low) / 2);
}
