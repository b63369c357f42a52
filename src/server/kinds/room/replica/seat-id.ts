import { createHash } from "node:crypto";

/** 96 bits: nobody finds another one who has the same. */
const LETTERS = 16;

/** Whose a seat is: a user's, by the id that `authenticate` returned, or that of a client, by a secret of its own. */
export type SeatOwner = { readonly user: string } | { readonly secret: string };

/**
 * The id of somebody's seat in a room: the same on every node and at every time, and another one in each room. Everybody may know it; it tells
 * nothing of the secret, and nobody can make up one that is another's.
 *
 * @example seatIdOf("arena/1", { user: "ann" }) // 16 letters, digits, - and _
 */
export function seatIdOf(channel: string, owner: SeatOwner): string {
  const parts = "user" in owner ? [channel, "user", owner.user] : [channel, "secret", owner.secret];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, LETTERS);
}
