import {
  type PartOwner,
  type ServerFrame,
  decodeServer,
  joinPart,
  splitBinaryLines,
  splitTextLines,
} from "../protocol/index.js";
import { fromReply } from "./errors.js";
import type { Session } from "./session.js";
import type { Wire } from "./wire.js";

/**
 * Reads a frame and gives each of its lines to whom it is for; what comes in parts, when it is whole. What a frame's first
 * lines lead to can be the end of the connection they came on: then the others are for nobody.
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
  const ownerOf = (value: unknown): PartOwner | undefined =>
    Array.isArray(value) ? session.channel(value[0] as number) : wire.pending((value as ServerFrame).id);

  const lines = typeof frame === "string" ? splitTextLines(frame) : splitBinaryLines(frame);
  for (const part of lines) {
    const line = joinPart(part, ownerOf);
    if (!line) continue;
    const { message, event, id, ok, error } = decodeServer(line);
    if (message) session.channel(message[0])?.message(message, frame.length / lines.length);
    else if (event?.event === "goaway") leave(event.after);
    else if (event) session.event(event);
    else if (id !== undefined) wire.answer(id, error, ok);
    else if (error) session.error(fromReply(error));
    if (!here()) return;
  }
}
