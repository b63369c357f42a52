import type { ThreadWriter } from "../../../../broker/index.js";
import { encodeStuck, roomLogOptions, STUCK, type StuckRecord } from "../owner/room-log.js";
import type { WatchedReign } from "./steps.js";

/**
 * Says in a room's log, under its last reign, that its owner has ended in the middle of its code (R9). Whoever says so first is the
 * one: again is the same.
 *
 * @returns whether the log says it; not where another one reigns already
 */
export async function markStuck(
  writer: Pick<ThreadWriter, "change">,
  { room, reign, held }: WatchedReign,
  stuck: StuckRecord,
): Promise<boolean> {
  if (held === undefined) return false;
  const draft = {
    key: { scope: `room/${reign}/watch`, id: 1, print: 0 },
    reign: held.token,
    changes: [{ slot: STUCK, data: encodeStuck(stuck) }],
  };
  const [outcome] = await writer.change(room, [draft], roomLogOptions());
  return outcome !== undefined && "offset" in outcome;
}
