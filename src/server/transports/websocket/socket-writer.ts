/**
 * The way into a socket. What the kernel takes at once goes past Node's stream layer, where that can be done. Bytes that it
 * does not take wait as Node has them wait, and those that come after them go through the stream, behind them.
 */
import type { Duplex } from "node:stream";
import { binding, type Binding, type Handle, type WriteRequest } from "./socket-handle.js";

interface OwnRequest extends WriteRequest {
  /** The writer whose write this is. */
  writer?: SocketWriter;
  /** Keeps the bytes where they are while the kernel has not taken them. */
  frame?: string | Buffer;
}

/** The request for the next write; used up only by a write that has to wait. */
let request: OwnRequest | undefined = binding && new binding.WriteWrap();

const EMPTY = Buffer.alloc(0);

export class SocketWriter {
  readonly #socket: Duplex;
  readonly #handle: Handle | undefined;
  /** Bytes that went to the handle and that the kernel has yet to take. */
  #held = 0;
  /** Whether something may be waiting, here or in the stream; without a handle, always. */
  #waiting: boolean;

  /** @param handle of the socket, to go past its stream */
  constructor(socket: Duplex, handle?: Handle) {
    this.#socket = socket;
    this.#handle = handle;
    this.#waiting = this.#handle === undefined || socket.writableLength > 0;
  }

  /** Bytes handed over and not yet taken by the kernel. Hot path. */
  get unsent(): number {
    return this.#waiting ? this.#held + this.#socket.writableLength : 0;
  }

  /** Writes bytes, or a string of them in latin1. Hot path: no callback, no copy, no allocation. */
  write(frame: string | Buffer): void {
    if (this.#waiting && !this.#caughtUp()) this.#writeBehind(frame);
    else this.#writeDirect(frame);
  }

  /** Writes several frames, in one go. */
  writeAll(frames: readonly (string | Buffer)[]): void {
    if (frames.length === 1) return this.write(frames[0] as string | Buffer);
    this.#socket.cork();
    for (const frame of frames) this.#writeBehind(frame);
    this.#socket.uncork();
    this.#waiting = true;
  }

  /** Calls `run` once, as soon as nothing is unsent; never at once. */
  whenDrained(run: () => void): void {
    // Found with an empty write, since 'drain' comes only after a write that was told to wait.
    if (this.#socket.writableNeedDrain) this.#socket.once("drain", run);
    else this.#socket.write(EMPTY, () => run());
  }

  /** Whether all that waited has gone, so that nothing can be overtaken. */
  #caughtUp(): boolean {
    if (this.#handle === undefined || this.#held > 0 || this.#socket.writableLength > 0) return false;
    this.#waiting = false;
    return true;
  }

  #writeBehind(frame: string | Buffer): void {
    if (typeof frame === "string") this.#socket.write(frame, "latin1");
    else this.#socket.write(frame);
  }

  #writeDirect(frame: string | Buffer): void {
    const handle = this.#handle as Handle;
    const { streamBaseState, kLastWriteWasAsync, WriteWrap } = binding as Binding;
    const used = request as OwnRequest;
    const status =
      typeof frame === "string" ? handle.writeLatin1String(used, frame) : handle.writeBuffer(used, frame);
    if (status !== 0) {
      // The peer is gone, or the socket is closed. The stream will find the same, and do what streams do then.
      this.#waiting = true;
      this.#writeBehind(frame);
    } else if (streamBaseState[kLastWriteWasAsync] !== 0) {
      request = new WriteWrap();
      used.writer = this;
      used.frame = frame;
      used.oncomplete = onComplete;
      this.#held = frame.length;
      this.#waiting = true;
    }
  }

  /** For {@link onComplete} only. */
  completed(status: number): void {
    this.#held = 0;
    if (status < 0) this.#socket.destroy();
  }
}

function onComplete(this: OwnRequest, status: number): void {
  this.writer?.completed(status);
}
