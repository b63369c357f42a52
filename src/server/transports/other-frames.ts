/** Frames that are rare - fragments, closes, and all that is wrong - are left to `ws`, which knows what to say of them. */
import { Receiver as WsReceiver } from "ws";
import { kept } from "./socket-reader.js";
import type { FrameOwner } from "./whole-frames.js";

/** What `ws` exports and its types do not know. */
declare module "ws" {
  /** Reads a stream of frames: each `write` emits what was complete before it returns. */
  export class Receiver {
    /** A stream, of which this is all that is used. */
    write(bytes: Buffer): boolean;
    readonly errored: Error | null;
    constructor(options: {
      isServer: boolean;
      maxPayload: number;
      maxFragments: number;
      maxBufferedChunks: number;
    });
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: "ping" | "pong", listener: (data: Buffer) => void): this;
    on(event: "conclude", listener: (code: number, reason: Buffer) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
  }
}

/** As `ws` has them on its servers: fragments of one message, and reads of which one frame is made. */
const MAX_FRAGMENTS = 16 * 1024;
const MAX_CHUNKS = 256 * 1024;

const CODES: ReadonlyMap<string, number> = new Map([
  ["WS_ERR_INVALID_UTF8", 1007],
  ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009],
  ["WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", 1009],
  ["WS_ERR_TOO_MANY_BUFFERED_PARTS", 1008],
]);
const PROTOCOL_ERROR = 1002;

export class OtherFrames {
  readonly #receiver: WsReceiver;
  readonly #owner: FrameOwner;

  /** @param most bytes of a message, all of its fragments together */
  constructor(most: number, owner: FrameOwner) {
    this.#owner = owner;
    this.#receiver = new WsReceiver({
      isServer: true,
      maxPayload: most,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_CHUNKS,
    })
      .on("message", (data, isBinary) =>
        isBinary ? owner.onBinary(data) : owner.onText(data, 0, data.length, false),
      )
      .on("ping", (data) => owner.onPing(data))
      .on("pong", (data) => owner.onPong(data))
      .on("conclude", (code, reason) => owner.onClose(code, reason.toString()))
      .on("error", ignore);
  }

  /** Reads on; what is complete has been told when it returns. */
  read(bytes: Buffer): void {
    // It keeps what it is given until a frame is whole.
    this.#receiver.write(kept(bytes));
    // The event comes a turn later, and what follows must not be read until then.
    const { errored } = this.#receiver;
    if (errored !== null && !this.#owner.ended) this.#owner.onBroken(codeOf(errored));
  }
}

function codeOf(error: Error): number {
  return CODES.get("code" in error ? String(error.code) : "") ?? PROTOCOL_ERROR;
}

function ignore(): void {}
