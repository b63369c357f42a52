import { destinationOf } from "../../../../room/travel.js";
import { TidemarkError } from "../../../errors.js";
import type { Answer } from "../messages.js";

/** When somebody who found a room full may try again, where nobody knows better, in milliseconds. */
const AGAIN_MS = 1000;

/**
 * Why somebody did not get a seat, as clients are told.
 *
 * @param answer undefined: there was none in time
 * @param after milliseconds after which a full room, or a node full of rooms, may have a place
 */
export function joinError(
  answer: Pick<Answer, "code" | "reason"> | undefined,
  after = AGAIN_MS,
): TidemarkError {
  switch (answer?.code) {
    case "room_full":
      return new TidemarkError("room_full", "all seats of this room are taken", { retry: true, after });
    case "room_closed":
      return closedError(answer.reason);
    case "refused":
      return new TidemarkError("forbidden", answer.reason ?? "the room lets you not in");
    case "bad_request":
      return new TidemarkError(
        "bad_request",
        answer.reason ?? "the room does not understand who wants to join",
      );
    case "ok":
    case "room_moved":
    case "unavailable":
    case undefined:
      return new TidemarkError("unavailable", "the room did not answer in time; joining again is safe");
  }
}

export function closedError(reason: string | undefined): TidemarkError {
  const to = destinationOf(reason);
  if (to !== undefined)
    return new TidemarkError(
      "room_moved",
      `the room has ended, and its players go on in ${JSON.stringify(to)}`,
      {
        details: { to },
      },
    );
  return new TidemarkError(
    "room_closed",
    reason === undefined ? "the room has ended" : `the room has ended: ${reason}`,
  );
}
