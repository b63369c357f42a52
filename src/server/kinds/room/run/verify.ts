/** Whether a room that is made again goes the same way: one tick, run twice. */
import type { RoomDef } from "../../../../room/shape.js";
import type { Entering } from "./entering.js";
import { fault } from "./faults.js";
import { Run, type RunOptions } from "./run.js";
import type { LiveState } from "./world.js";

/** A tick that was made. */
export interface MadeTick {
  /** The checkpoint before it. */
  readonly before: Uint8Array;
  readonly entered: readonly Entering[];
  /** In a room without a rate: the milliseconds of its time. */
  readonly at?: number;
}

/**
 * Makes a tick again from the checkpoint before it, and compares. A hook that keeps something outside of the room, or looks at
 * something outside of it, is found by this.
 *
 * @param run the room, behind that tick
 * @throws {RoomFault} `diverged`, with the first thing that is not the same
 */
export function verifyTick(
  def: RoomDef,
  run: Run,
  { before, entered, at }: MadeTick,
  options: RunOptions = {},
): void {
  const again = new Run(def, { from: before }, options);
  again.step(entered, at);
  if (isEqual(again.checkpoint(), run.checkpoint())) return;
  const difference =
    differenceOf(run.state, again.state) ?? "timers, seats, the past or random numbers are others";
  throw fault("diverged", `tick ${run.tick} came out in another way when it was made again: ${difference}`);
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function differenceOf(first: LiveState, again: LiveState): string | undefined {
  for (const [table, rows] of Object.entries(first)) {
    const others = again[table];
    if (others === undefined) continue;
    for (const [key, row] of rows) {
      const other = others.get(key);
      if (other === undefined) return `${table} has no ${key}`;
      for (const [column, value] of Object.entries(row))
        if (!Object.is(value, other[column]))
          return `${column} of ${key} in ${table} is ${String(other[column])}, and was ${String(value)}`;
    }
    const more = [...others.keys()].find((key) => !rows.has(key));
    if (more !== undefined) return `${table} has ${more}`;
    if ([...others.keys()].join() !== [...rows.keys()].join())
      return `the rows of ${table} are in another order`;
  }
  return undefined;
}
