import type { ConnectResult, EventFrame, MessageFrame, PartOwner } from "../protocol/index.js";
import type { TidemarkError } from "./errors.js";

/** Who gets the messages of a channel. */
export interface ChannelReceiver extends PartOwner {
  /** @param size how long its line is, about, in bytes or characters */
  readonly message: (message: MessageFrame, size: number) => void;
}

/** What the connection needs of the rest of the client, and tells it. */
export interface Session {
  /** The inside of a connect command with this token. */
  readonly connect: (token: string | undefined) => string;
  readonly online: (result: ConnectResult) => void;
  /** What was sent has been answered, where that is to be waited for. */
  readonly idle: () => void;
  /** The connection is gone. What waits for an answer is told after this. */
  readonly down: () => void;
  /** Who gets the messages with this channel number, if anybody does. */
  readonly channel: (ch: number) => ChannelReceiver | undefined;
  readonly event: (event: Exclude<EventFrame, { event: "goaway" }>) => void;
  /** `id` is the server's name for the connection, or for the last one. */
  readonly status: (status: Status, reason: TidemarkError | undefined, id: string | undefined) => void;
  /** Something went wrong that nobody waits for. */
  readonly error: (error: TidemarkError) => void;
}

/**
 * `connecting`: a connection is being made. `online`: commands are answered. `offline`: waiting before the next try.
 * `closed`: for good, by `close()` or because the server said that coming back is no use.
 */
export type Status = "connecting" | "online" | "offline" | "closed";
