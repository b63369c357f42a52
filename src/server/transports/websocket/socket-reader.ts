/**
 * The way out of a socket. Past Node's stream layer all sockets are read into one buffer: none is made for each read, and
 * the bytes of a read are used before the next read.
 */
import type { Duplex } from "node:stream";
import type { OnError } from "../../guard.js";
import { binding, type Binding, type Handle } from "./socket-handle.js";

/** Who is given the bytes that were read. */
export interface ReadOwner {
  /** Bytes have come, which the next read may overwrite: those that are to stay are copied by {@link kept}. */
  read(bytes: Buffer): void;
  /** Told what `read` has thrown: that is the end of this socket, and of nothing else. Must not throw. */
  readonly failed: OnError;
}

/** As many bytes as Node reads at once. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

/** The bytes, or a copy of them where the next read would overwrite them. */
export function kept(bytes: Buffer): Buffer {
  return bytes.buffer === SHARED.buffer ? Buffer.from(bytes) : bytes;
}

const READER = Symbol("reader");
interface ReadHandle extends Handle {
  [READER]?: SocketReader;
}
interface ReadSocket extends Duplex {
  [READER]?: SocketReader;
}

/** Node's own listener, for ends and errors. */
let onStreamRead: Handle["onread"] | undefined;

export class SocketReader {
  readonly #socket: ReadSocket;
  readonly #handle: ReadHandle | undefined;
  #owner: ReadOwner;
  #back = false;

  /**
   * Begins to read. Of ends and errors the socket's own events tell.
   *
   * @param handle of the socket, to go past its stream
   */
  constructor(socket: Duplex, owner: ReadOwner, handle?: Handle) {
    this.#socket = socket;
    this.#owner = owner;
    this.#handle = handle !== undefined && isUnread(socket, handle) ? handle : undefined;
    if (this.#handle === undefined) {
      this.#socket[READER] = this;
      socket.on("data", onData);
      return;
    }
    this.#handle[READER] = this;
    this.#handle.onread = onRead;
    this.#handle.useUserBuffer(SHARED);
    this.resume();
  }

  /** Whether the reader goes past the stream. */
  get direct(): boolean {
    return this.#handle !== undefined;
  }

  pause(): void {
    if (this.#handle === undefined) this.#socket.pause();
    else if (!this.#socket.destroyed && this.#handle.reading) {
      this.#handle.reading = false;
      this.#handle.readStop();
    }
  }

  resume(): void {
    if (this.#handle === undefined) this.#socket.resume();
    else if (!this.#socket.destroyed && !this.#handle.reading) {
      this.#handle.reading = true;
      if (this.#handle.readStart() < 0) this.#socket.destroy();
    }
  }

  /** Says who is given what is read from now on. */
  giveTo(owner: ReadOwner): this {
    this.#owner = owner;
    return this;
  }

  /** Has the stream read again; these bytes, which were read last, come first. */
  giveBack(bytes?: Buffer): void {
    const socket = this.#socket;
    if (this.#handle === undefined) socket.off("data", onData).pause();
    // Done as Node's own listener does, which cannot be told of a buffer that is not its own.
    else
      this.#owner = {
        read: (more) => void (socket.push(Buffer.from(more)) || this.pause()),
        failed: (error) => socket.destroy(error instanceof Error ? error : undefined),
      };
    this.#back = true;
    if (bytes !== undefined) socket.unshift(kept(bytes));
  }

  /** Whether the stream reads. */
  get isBack(): boolean {
    return this.#back;
  }

  /** For the listeners below only. */
  took(bytes: Buffer): void {
    try {
      this.#owner.read(bytes);
    } catch (error) {
      this.#owner.failed(error);
    }
  }
}

function onData(this: ReadSocket, bytes: Buffer): void {
  this[READER]?.took(bytes);
}

/** The part of the shared buffer that the last read has filled: reads are often as long as the one before. */
let filled = SHARED;

/** Hot path. The listener of all handles. */
function onRead(this: ReadHandle): void {
  const { streamBaseState, kReadBytesOrError } = binding as Binding;
  const count = streamBaseState[kReadBytesOrError] as number;
  if (count > 0) {
    if (filled.length !== count) filled = SHARED.subarray(0, count);
    this[READER]?.took(filled);
  } else if (count < 0 && onStreamRead !== undefined) Reflect.apply(onStreamRead, this, [undefined]);
}

/** Whether the stream holds nothing that it has read already, and nobody else reads. */
function isUnread(socket: Duplex, handle: ReadHandle): boolean {
  onStreamRead ??= handle.onread;
  if (socket.readableLength > 0 || !socket.readable) return false;
  return handle.onread === onStreamRead || handle[READER]?.isBack === true;
}
