/** What a transport tells its connection. Nothing is called before the factory has returned, and nothing after `close`. */
export interface TransportEvents {
  open(): void;
  /** A frame of one or more lines, text or binary. */
  frame(frame: string | Uint8Array): void;
  /** It is over, or never came to be; a WebSocket close code and the peer's reason. */
  close(code: number, reason: string): void;
}

/** A two-way link that carries frames in order and dies as a whole. */
export interface Transport {
  /** Takes a frame after `open`; never throws, and drops the frame when the link is gone. */
  send(frame: string | Uint8Array): void;
  /** Ends it without further events being needed; may be called at any time, more than once. */
  close(): void;
}

/**
 * Begins to open a link.
 *
 * @throws when the URL can never be opened, such as `ws:` on a page that was loaded over `https:`
 */
export type TransportFactory = (url: string, events: TransportEvents) => Transport;
