/** What rooms are called that `find` makes: everything before the last part is the name that was asked for. */
import { listChannel } from "../../../../room/match.js";

/** Rooms whose last part begins so are listed and filled; in no other spelling of a name does one begin so by accident. */
const LISTED = "~";
/** 90 random bits. */
const LETTERS = 15;

/** The last part of the name of a new room. @param random 22 letters, see `Random.id` */
export function listedId(random: string): string {
  return LISTED + random.slice(0, LETTERS);
}

/** A channel's name, cut before its last part. */
export function splitName(channel: string): { readonly name: string; readonly id: string } | undefined {
  const at = channel.lastIndexOf("/");
  return at <= 0 ? undefined : { name: channel.slice(0, at), id: channel.slice(at + 1) };
}

/**
 * Where a room is listed, and how.
 *
 * @param names the `match` of its shape
 * @param match what it was made for
 * @returns undefined for one that is not listed: it has another name, or was not made for a whole match
 */
export function listOf(
  channel: string,
  names: readonly string[],
  match: ReadonlyMap<string, string>,
): { readonly list: string; readonly id: string } | undefined {
  const split = splitName(channel);
  if (split === undefined || !split.id.startsWith(LISTED) || split.id.length !== LISTED.length + LETTERS)
    return undefined;
  if (names.some((name) => !match.has(name))) return undefined;
  try {
    return { list: listChannel(split.name, names, Object.fromEntries(match)), id: split.id };
  } catch {
    // Whoever made it said what no match can be.
    return undefined;
  }
}
