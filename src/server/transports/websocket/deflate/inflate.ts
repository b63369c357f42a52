/** From a message that its peer has compressed to what is in it. */
import { constants, inflateRawSync } from "node:zlib";
import { NOT_UTF8, TOO_LONG } from "../rfc6455.js";

/** The end of every compressed message, which is not sent: RFC 7692 (7.2.2). */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
/** What zlib says of bytes that nothing was compressed to. */
const UNREADABLE: readonly unknown[] = ["Z_DATA_ERROR", "Z_BUF_ERROR", "Z_NEED_DICT"];

/**
 * The message, or the close code for who has sent this: 1007 where it cannot be inflated, 1009 where there is more in it than
 * `most` bytes. No more than these, and 16 KiB, are ever made of it.
 *
 * @throws where the failure is not the peer's
 */
export function inflate(bytes: Uint8Array, most: number): Buffer | number {
  try {
    return inflateRawSync(Buffer.concat([bytes, TAIL]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: Math.max(1, most),
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") return TOO_LONG;
    if (UNREADABLE.includes(code)) return NOT_UTF8;
    throw error;
  }
}
