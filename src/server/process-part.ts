/** Which part a process has among those of one server, as whoever began it says: see `src/workers`. */

/** Set by whoever looks after a process: which part it has, see {@link RoomPart}. */
export const ROOM_PART = "TIDEMARK_ROOMS";

/**
 * - `alone`: nobody looks after it: a marked room is taken while there is no other
 * - `worker`: it leaves marked rooms to a helper
 * - `helper`: it takes marked rooms, one after the other, and no others; nobody's connections either
 */
export type RoomPart = "alone" | "worker" | "helper";

export function partOf(env: NodeJS.ProcessEnv): RoomPart {
  const part = env[ROOM_PART];
  return part === "worker" || part === "helper" ? part : "alone";
}

export function isHelper(env: NodeJS.ProcessEnv): boolean {
  return partOf(env) === "helper";
}

/** Where a helper listens: it is there for rooms that may end it, and has nobody's connections. */
export const HELPER_PORT = { port: 0, host: "127.0.0.1" };

/** What a worker says to whoever looks after it, over the channel that Node gives them. */
export interface RoomNews {
  readonly tidemark: "a room is marked";
}

export const ROOM_NEWS: RoomNews = { tidemark: "a room is marked" };

export function isRoomNews(message: unknown): message is RoomNews {
  return (
    typeof message === "object" &&
    message !== null &&
    "tidemark" in message &&
    message.tidemark === ROOM_NEWS.tidemark
  );
}
