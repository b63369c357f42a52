import type { Broker } from "../../../../broker/index.js";
import type { Logger } from "../../../logger.js";
import type { RoomsDeps } from "../owner/rooms-deps.js";
import { serverClock } from "../../../real-clock.js";
import { partOf, ROOM_NEWS, type RoomPart } from "../../../process-part.js";
import { MARKS_FOLDER } from "./mark-file.js";
import { NO_MARKS } from "./steps.js";
import { Watchdog } from "./watchdog.js";

export interface WatchRoomsOptions {
  readonly broker: Pick<Broker, "otherThread">;
  readonly log: Logger;
  /** Milliseconds that a step may stand still; false: for ever. */
  readonly stall: number | false;
}

/** What a node is given so that a room cannot take it, and then the others, with it. */
export interface RoomWatch extends Required<Pick<RoomsDeps, "marks" | "marked" | "onMarked">> {
  close(): void;
}

/**
 * Watches over this process, for a node that owns rooms or has players in them. To be made where there are rooms, and in a process
 * of its own: what stands still ends all of it.
 *
 * @example const watch = watchRooms({ broker, log, stall: 2000 }); const rooms = new Rooms({ …, ...watch });
 */
export function watchRooms({ broker, log, stall }: WatchRoomsOptions): RoomWatch {
  const part = partOf(process.env);
  const watchdog = stall === false ? undefined : begin(broker, stall, part, log);
  return {
    marks: watchdog?.marks ?? NO_MARKS,
    marked: part === "worker" ? "none" : part === "helper" ? "only" : "alone",
    onMarked: () => {
      if (part === "worker" && process.connected) process.send?.(ROOM_NEWS);
    },
    close: () => watchdog?.close(),
  };
}

function begin(
  { otherThread: entry }: Pick<Broker, "otherThread">,
  stall: number,
  part: RoomPart,
  log: Logger,
): Watchdog {
  const folder = process.env[MARKS_FOLDER];
  // A helper has one room, which is suspected: what it costs does not matter.
  return new Watchdog({ stall, entry, folder, isAlwaysClose: part === "helper", log, clock: serverClock });
}
