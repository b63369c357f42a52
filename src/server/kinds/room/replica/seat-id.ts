import { createHash } from "node:crypto";

/** 96 bits: nobody finds another one who has the same. */
const LETTERS = 16;

/** Whose a seat is: a user's, by the id that `authenticate` returned, or that of a client, by a secret of its own. */
export type SeatOwner = { readonly user: string } | { readonly secret: string };

/**
 * A name for whoever may have a seat, that tells nothing of the secret: who knows it knows what its seats are called, and cannot have
 * them. For the servers among themselves.
 */
export function ownerKeyOf(owner: SeatOwner): string {
  return hashOf("user" in owner ? ["user", owner.user] : ["secret", owner.secret]);
}

/** The id of a seat, by its room and {@link ownerKeyOf}. */
export function seatIdFor(channel: string, ownerKey: string): string {
  return hashOf([channel, ownerKey]);
}

/**
 * The id of somebody's seat in a room: the same on every node and at every time, and another one in each room. Everybody may know it; it tells
 * nothing of the secret, and nobody can make up one that is another's.
 *
 * @example seatIdOf("arena/1", { user: "ann" }) // 16 letters, digits, - and _
 */
export function seatIdOf(channel: string, owner: SeatOwner): string {
  return seatIdFor(channel, ownerKeyOf(owner));
}

function hashOf(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, LETTERS);
}
