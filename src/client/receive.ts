import { decodeServer, readBinaryLines, splitTextLines } from "../protocol/index.js";
import { fromReply } from "./errors.js";
import type { Session } from "./session.js";
import type { Wire } from "./wire.js";

/**
 * Reads a frame and gives each of its lines to whom it is for. What a frame's first lines lead to can be the end of the
 * connection they came on: then the others are for nobody.
 *
 * @param leave takes how long the server has asked to stay
 * @param here whether the connection is there
 * @throws {FrameError} where it is malformed
 */
export function receive(
  frame: string | Uint8Array,
  session: Session,
  wire: Wire,
  leave: (after: unknown) => void,
  here: () => boolean,
): void {
  for (const line of typeof frame === "string" ? splitTextLines(frame) : readBinaryLines(frame)) {
    const { message, event, id, ok, error } = decodeServer(line);
    if (message) session.message(message);
    else if (event?.event === "goaway") leave(event.after);
    else if (event) session.event(event);
    else if (id !== undefined) wire.answer(id, error, ok);
    else if (error) session.error(fromReply(error));
    if (!here()) return;
  }
}
