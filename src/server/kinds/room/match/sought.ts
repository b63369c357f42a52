/** What is looked for, once it is known to make sense; and why nothing was found. */
import { listChannel, valueProblem } from "../../../../room/match.js";
import type { RoomDef } from "../../../../room/shape.js";
import { TidemarkError } from "../../../errors.js";

/** When to ask again where there is no room, in milliseconds. */
const FULL_MS = 1000;

/**
 * A value for each name that rooms are matched by.
 *
 * @throws {TidemarkError} `bad_request`
 */
export function matchOf(
  { shape }: RoomDef,
  match: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const names = shape.match;
  for (const [name, value] of Object.entries(match)) {
    const problem = names.includes(name)
      ? valueProblem(value)
      : `is nothing that these rooms are matched by; they are by ${names.join(", ") || "nothing"}`;
    if (problem !== undefined) throw new TidemarkError("bad_request", `match.${name} ${problem}`);
  }
  return new Map(names.map((name) => [name, match[name] ?? ""]));
}

/** The channel of the list. @throws {TidemarkError} `bad_request` where it would have no name */
export function mustHaveList(name: string, { shape }: RoomDef, match: ReadonlyMap<string, string>): string {
  try {
    return listChannel(name, shape.match, Object.fromEntries(match));
  } catch (error) {
    throw new TidemarkError("bad_request", error instanceof Error ? error.message : String(error));
  }
}

export function full(): TidemarkError {
  return new TidemarkError("room_full", "there is no room with a place now, and none can be made", {
    after: FULL_MS,
  });
}

export function noAnswer(): TidemarkError {
  return new TidemarkError("unavailable", "no room could be found in time; asking again is safe");
}
