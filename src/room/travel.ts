/**
 * Travel: a room that ends says where its players are to go on. It is its reason to end, so that all hear of it who hear of the end: those who
 * are there, those who come back later, and on whichever server.
 */
const MARK = "→ ";

/** The longest name of a room that one can travel to, in letters: as long as a reason may be. */
export const MOST_DESTINATION = 256 - MARK.length;

/** The reason of a room that ends so. @example travelReason("arena/7") // "→ arena/7" */
export function travelReason(to: string): string {
  return `${MARK}${to}`;
}

/** Where players of a room with this reason are to go on; `undefined`: nowhere, it has just ended. */
export function destinationOf(reason: string | undefined): string | undefined {
  return reason?.startsWith(MARK) === true ? reason.slice(MARK.length) : undefined;
}
