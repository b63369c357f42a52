import type { Deflate } from "./deflate/deflate.js";
import type { Reading } from "./reading.js";
import type { SocketReader } from "./socket-reader.js";

/** How an upgraded socket is used. */
export interface SocketOptions {
  /** Bytes of an incoming message, over which the connection is closed with 1009. */
  readonly most: number;
  /** Whether frames go past Node's stream layer, where they can. */
  readonly direct: boolean;
  /** What bounds reading. Without it only a message's length is bounded: for peers that are told to go at once. */
  readonly reading?: Reading;
  /** The socket's reader, where it is read already. */
  readonly reader?: SocketReader | undefined;
  /** What compresses and inflates, where both sides have agreed to that. */
  readonly deflate?: Deflate | undefined;
}
