export {};

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
