/** What somebody says who wants to find a room, read from the fields of a command. */
import { readMatch, readSecret } from "./decode-play.js";
import type { FieldReader } from "./field-reader.js";
import type { FindCommand } from "./room-frames.js";

/** The longest code, in UTF-16 units: what is longer than one may be is nobody's. */
const MOST_CODE = 32;

export function readFind(read: FieldReader): FindCommand {
  const name = read.channel("find");
  const secret = readSecret(read);
  const isPrivate = read.get("private");
  const code = read.text("code", 1, MOST_CODE);
  const match = read.get("match");
  if (isPrivate !== undefined && typeof isPrivate !== "boolean")
    return read.fail("private must be true or false");
  if (isPrivate === true && code !== undefined) return read.fail("private and code exclude each other");
  return {
    name,
    match: match === undefined ? {} : readMatch(read, match),
    ...(secret !== undefined && { secret }),
    how: code === undefined ? (isPrivate === true ? "private" : "fill") : { code },
  };
}
