/** Makes a room again from its log. */
import type { RoomDef } from "../../../../room/shape.js";
import { Run, type Beginning } from "../run/run.js";
import type { Guard } from "../run/guard.js";
import type { Settings } from "../run/settings.js";
import type { Watching } from "../watch/steps.js";
import type { RoomRecord } from "./read-room.js";
import type { MadeRecord } from "./room-log.js";

/** A stretch without inputs is never longer than this, in ticks; a log that says otherwise is none of ours. */
const MOST_TICKS = 1_000_000;

/**
 * The room as of its newest checkpoint, or from its beginning; and with `keep: "inputs"` all that entered since, and then as far as players may
 * have seen.
 *
 * @throws {RoomFault} `create_failed`, `bad_checkpoint`
 * @throws {RangeError} for a log whose ticks are not in order
 */
export function remake(
  def: RoomDef,
  { rate, keep }: Settings,
  channel: string,
  { seed, match }: MadeRecord,
  { checkpoint, inputs, shown }: Pick<RoomRecord, "checkpoint" | "inputs" | "shown">,
  watching: Watching,
): Run {
  const about = { name: channel, match: Object.fromEntries(match) };
  const beginning: Beginning = checkpoint === undefined ? { seed, about } : { from: checkpoint };
  const run = marked(watching, 0, "create", () => new Run(def, beginning, { guard: guardOf(watching) }));
  if (keep !== "inputs") return run;
  for (const { tick, at, entered } of inputs) {
    // What stands before the checkpoint is kept for replays.
    if (tick <= run.tick) continue;
    stepTo(run, tick - 1, rate, watching);
    if (run.closed !== undefined) break;
    marked(watching, tick, "replay", () => run.step(entered, at));
  }
  stepTo(run, shown, rate, watching);
  return run;
}

/** Each hook is marked as what it is. */
function guardOf({ marks }: Watching): Guard {
  return { within: (run) => run(), calling: (hook) => marks.at(hook) };
}

/** Each step by itself: many of them may take long, and one must not. */
function marked<T>({ marks, of }: Watching, tick: number, step: "create" | "replay", run: () => T): T {
  marks.begin(of, tick, step);
  try {
    return run();
  } finally {
    marks.end();
  }
}

function stepTo(run: Run, tick: number, rate: number, watching: Watching): void {
  if (tick <= run.tick) return;
  if (rate === 0 || tick - run.tick > MOST_TICKS)
    throw new RangeError(`a room's log goes on at tick ${tick + 1}, behind tick ${run.tick}`);
  while (run.tick < tick && run.closed === undefined)
    marked(watching, run.tick + 1, "replay", () => run.step());
}
