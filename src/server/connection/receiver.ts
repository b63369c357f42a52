/** What a transport tells the connection behind it: what has come over it, and when it closes. */
import type { OnError } from "../guard.js";

export interface Receiver {
  /**
   * Something came, whatever it is: told before what it is. Where it answers a ping, `pinged` is when that was sent, on
   * the monotonic clock: all that comes from here on was sent after it.
   */
  alive(pinged?: number): void;
  /**
   * A text frame: valid UTF-8, from `from` up to `to` in bytes that are overwritten afterwards. `ascii` says whether all of
   * it is ASCII.
   */
  receiveText(bytes: Buffer, from: number, to: number, ascii: boolean): void;
  receiveBinary(frame: Uint8Array): void;
  /** A frame came that brings no message: a ping, a pong, a fragment that is not the last. */
  receiveNothing(): void;
  /** A message has been under way for too long: the peer is to be told so, and to go. */
  unfinished(reason: string): void;
  /**
   * The transport has closed. `said` is true when the peer said goodbye, rather than vanished. For `least` milliseconds the
   * peer is expected to come back by itself; 0 unless that is given.
   */
  transportClosed(reason: string, said: boolean, least?: number): void;
  /** Something failed while it was read: the connection ends itself. Must not throw. */
  readonly abandon: OnError;
}

/** Where nobody is told any more. */
export const NOBODY: Receiver = {
  receiveText() {},
  receiveBinary() {},
  receiveNothing() {},
  alive() {},
  unfinished() {},
  transportClosed() {},
  abandon() {},
};
