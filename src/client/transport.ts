/** The ways to a server. */
export type TransportName = "websocket" | "stream" | "poll";

/** What a transport tells its connection. It MUST NOT call any before the factory has returned, nor after `close`. */
export interface TransportEvents {
  open(): void;
  /**
   * A frame of one or more lines, text or binary. `aside`: it came another way than the messages, and is no sign that
   * those would come.
   */
  frame(frame: string | Uint8Array, aside?: boolean): void;
  /** One-way only: the answer to the last connect command has ended in good order. */
  over(): void;
  /** One-way only: what was sent has been answered. */
  idle(): void;
  /** The better transport works, which was tried beside this one, and nothing is unanswered here. `adopt` hands it over. */
  better(adopt: (events: TransportEvents) => Transport): void;
  /** It is over, or never came to be; a WebSocket close code, the peer's reason, and what the platform says about it. */
  close(code: number, reason: string, cause?: unknown): void;
}

/** A link. It MUST carry frames in order, and die as a whole. */
export interface Transport {
  /** Takes a frame after `open`. MUST NOT throw; drops the frame when the link is gone. */
  send(frame: string | Uint8Array): void;
  /**
   * Ends it without further events being needed; MAY be called at any time, more than once. `goodbye`: for good, so
   * that the server does not wait for this client to come back.
   */
  close(goodbye?: boolean): void;
  /**
   * Only on a one-way transport: messages come as the answer to a connect command, and another connect command takes
   * the place of the last one; other commands go by themselves, and what was given as one frame goes in one request. Says
   * whether all of those have been answered.
   */
  readonly idle?: (() => boolean) | undefined;
}

/**
 * Begins to open a link. `better` is the transport that would rather be used.
 *
 * @throws when the URL can never be opened, such as `ws:` on a page that was loaded over `https:`
 */
export type TransportFactory = (
  url: string,
  events: TransportEvents,
  name: TransportName,
  better?: TransportName,
) => Transport;
