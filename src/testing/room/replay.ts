import type { Parts } from "../../room/hooks.js";
import type { RoomDefinition } from "../../room/shape.js";
import { decodeEntry } from "../../server/kinds/room/run/entries.js";
import { globalsGuard } from "../../server/kinds/room/run/real-guard.js";
import { Run } from "../../server/kinds/room/run/run.js";
import type { RoomLog, RoomLogFrom } from "./log.js";

/**
 * Makes a room again from its log, and returns it as bytes. They are the same as those of the room itself, in any process: that is
 * what a room's survival rests on, so this one line belongs into the tests of each.
 *
 * @throws {RoomFault} `bad_entry` or `bad_checkpoint` for a log that was not written by a room
 * @example expect(replay(Arena, run.log)).toEqual(run.bytes);
 */
export function replay<P extends Parts, User>(
  { def }: RoomDefinition<P, User>,
  log: RoomLog | RoomLogFrom,
): Uint8Array {
  const run = new Run(def, log, { guard: globalsGuard, strict: true });
  const entries = new Map(log.entries.map(decodeEntry).map((entry) => [entry.tick, entry]));
  while (run.tick < log.ticks) {
    const entry = entries.get(run.tick + 1);
    run.step(entry?.entered, entry?.at);
  }
  return run.checkpoint();
}
