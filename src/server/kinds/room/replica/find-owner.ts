import type { Rooms } from "../owner/rooms.js";
import type { Players } from "./players.js";
import type { FoundReign } from "./reigns.js";

export interface OwnerSought {
  readonly channel: string;
  /** For a room that nobody has made yet. */
  readonly match: ReadonlyMap<string, string>;
  /** The newest reign that is known here. */
  readonly reign: FoundReign | undefined;
}

/**
 * Finds a node that owns a room, or takes it; who waits to join a room that nobody can have is told so. Whether there is one. Rejects with
 * the broker's error.
 */
export async function findOwner(
  rooms: Pick<Rooms, "place">,
  { channel, match, reign }: OwnerSought,
  players: Pick<Players, "refuse">,
): Promise<boolean> {
  const was = reign === undefined || reign.released ? {} : { was: reign.name };
  const { owner, refused, reason, after } = await rooms.place(channel, { match, ...was });
  if (refused === "room_full" || refused === "room_closed") players.refuse(refused, { reason, after });
  return owner !== undefined;
}
