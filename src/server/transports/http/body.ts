/** The body of a request, bounded in size and time. */
import {
  FrameError,
  readBinaryLines,
  readTextLines,
  type Clock,
  type Line,
} from "../../../protocol/index.js";
import { MOST_LINES } from "../../../protocol/lines.js";
import type { HttpRequest } from "./exchange.js";

/** The body, or why there is none. */
export type Body = Buffer | "too_big" | "connect_timeout" | "gone";

/** @param limit in bytes @param patience milliseconds that the body may take to arrive */
export function readBody(request: HttpRequest, limit: number, patience: number, clock: Clock): Promise<Body> {
  return new Promise((resolve) => {
    // One buffer that grows: parts of a byte each would hold far more than the body.
    let held: Buffer = Buffer.alloc(0);
    let size = 0;
    const announced = Number(request.headers["content-length"] ?? 0);
    const end = (body: Body): void => {
      clock.clearTimeout(timer);
      request.off("data", onData);
      // The rest of the body is not wanted; the answer closes the connection.
      if (!Buffer.isBuffer(body)) request.resume();
      resolve(body);
    };
    const onData = (part: Buffer): void => {
      const from = size;
      size += part.length;
      if (size > limit) return end("too_big");
      // All of it at once, as nearly always: it need not be copied.
      if (part.length === announced) held = part;
      else if (size > held.length) {
        const grown = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(size, 2 * held.length)));
        grown.set(held.subarray(0, from));
        held = grown;
      }
      if (held !== part) held.set(part, from);
    };
    const timer = clock.setTimeout(() => end("connect_timeout"), patience);
    if (announced > limit) return end("too_big");
    request.on("data", onData);
    request.once("end", () => end(held.subarray(0, size)));
    request.once("error", () => end("gone"));
    request.once("close", () => end("gone"));
  });
}

/**
 * The lines of a body: read as a binary frame where the request says that it is bytes, else as a text frame.
 *
 * @throws {FrameError} when it cannot be read
 */
export function linesOf(request: HttpRequest, body: Buffer): Line[] {
  if (request.headers["content-type"] === "application/octet-stream")
    return readBinaryLines(body, MOST_LINES);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw new FrameError("not UTF-8", { cause });
  }
  return readTextLines(text, MOST_LINES);
}
