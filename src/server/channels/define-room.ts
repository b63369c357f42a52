/** A room's definition, as the server works with it. */
import type { RoomDef } from "../../room/shape.js";
import { ROOM } from "../kinds/room/room.js";
import { settingsOf } from "../kinds/room/run/settings.js";
import { define, type ChannelDef } from "./define.js";

/** Nobody publishes to a room: its log is its owner's, and how that is kept is not said here. */
const NO_LOG = { keeping: { by: "entries" }, dedupe: 0 } as const;

/**
 * Takes a room's definition among those of other channels.
 *
 * @throws {RoomFault} where it makes no sense, with a code of its own for each mistake
 */
export function roomChannel(def: RoomDef): ChannelDef {
  // Said now, and not when the first player comes.
  settingsOf(def);
  // Its hooks are asked by the room, and `allow` by those who let players in.
  return { ...define(ROOM, NO_LOG, {}), room: def };
}
