/** Why something could not be done with a room, as the application and operators are told. */
import type { ErrorCode } from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";
import type { AskedOwner } from "../kinds/room/owner-asks.js";
import { closedError } from "../kinds/room/replica/join-error.js";

/** When to ask again where all servers are full of rooms, in milliseconds. */
const AGAIN_MS = 1000;

/**
 * What is `answered` was answered with something else than that it was done.
 *
 * @param refused the code for what the owner refuses
 */
export function whyNot(channel: string, asked: AskedOwner, refused: ErrorCode = "not_found"): TidemarkError {
  const room = JSON.stringify(channel);
  switch (asked.is) {
    case "closed":
      return closedError(asked.reason);
    case "none":
      return new TidemarkError("not_found", `there is no room ${room}: nobody has made it`);
    case "stopped":
      return new TidemarkError("unavailable", `no server runs ${room} now`);
    case "silent": {
      const node = asked.status.reign?.node ?? "";
      return new TidemarkError("unavailable", `the server ${node} that runs ${room} did not answer in time`);
    }
    case "refused": {
      const { refused: why, after = AGAIN_MS } = asked.placement;
      if (why === "room_full")
        return new TidemarkError("room_full", "no server takes more rooms now", { after });
      const reason =
        why === "alone"
          ? "its last server seems to have died of it, and it waits for one without other rooms"
          : "no server takes it now";
      return new TidemarkError("unavailable", `${room} does not run: ${reason}`);
    }
    case "answered": {
      const { code, reason = code } = asked.answer;
      if (code === "refused") return new TidemarkError(refused, `${room}: ${reason}`);
      if (code === "bad_request")
        return new TidemarkError(
          "unavailable",
          `the server ${asked.by.node} that runs ${room} is of an older version: ${reason}`,
        );
      return new TidemarkError("unavailable", `${room}: ${reason}`);
    }
  }
}
