/**
 * The way into a socket. Node's stream layer takes as long for a small write as most of the rest of this package, so
 * what the kernel takes at once goes past it: straight to the handle under the socket, by the call that Node's own
 * stream makes. What the kernel does not take waits as Node has it wait, and what comes after it goes through the
 * stream, behind it. Where the handle is not one that is known - TLS, another kind of stream, a Node that has not been
 * tried, a socket that somebody has put a `write` of his own on - everything goes through the stream.
 */
import { Socket } from "node:net";
import { Duplex } from "node:stream";

/** Node's releases whose handles have been tried; test/server/socket-writer.test.ts is the trial. */
const TRIED: readonly string[] = ["20", "22", "24", "26"];

/** What Node fills in, and keeps alive, for a write that the kernel did not take at once. */
interface WriteRequest {
  oncomplete?: (this: WriteRequest, status: number) => void;
  /** Whose write it is. */
  writer?: SocketWriter;
  /** Keeps the bytes where they are while the kernel has not taken them. */
  frame?: string | Buffer;
}

/** The part of a TCP handle that Node's own stream writes by: 0, or a negative error and nothing was written. */
interface Handle {
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

/** What belongs to handles. */
interface Binding {
  readonly WriteWrap: new () => WriteRequest;
  /** What the last write did: `kLastWriteWasAsync` is the index of whether it has yet to complete. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

const binding = findBinding(process.versions.node);
/** For the next write; it is used up only by one that has to wait. */
let request: WriteRequest | undefined = binding && new binding.WriteWrap();

const EMPTY = Buffer.alloc(0);

export class SocketWriter {
  readonly #socket: Duplex;
  readonly #handle: Handle | undefined;
  /** Bytes that went to the handle and that the kernel has yet to take. */
  #held = 0;
  /** Whether something may be waiting, here or in the stream; without a handle, always. */
  #waiting: boolean;

  /** @param direct whether to go past the stream, if that can be done */
  constructor(socket: Duplex, direct: boolean) {
    this.#socket = socket;
    this.#handle = direct ? handleOf(socket) : undefined;
    this.#waiting = this.#handle === undefined || socket.writableLength > 0;
  }

  /** Whether it goes past the stream. */
  get direct(): boolean {
    return this.#handle !== undefined;
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

  /** The same for several, in one go. */
  writeAll(frames: readonly (string | Buffer)[]): void {
    if (frames.length === 1) return this.write(frames[0] as string | Buffer);
    this.#socket.cork();
    for (const frame of frames) this.#writeBehind(frame);
    this.#socket.uncork();
    this.#waiting = true;
  }

  /** Calls `run` once, as soon as nothing is unsent; never at once. */
  whenDrained(run: () => void): void {
    // Asked for with an empty write, since 'drain' comes only after a write that was told to wait.
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
    const used = request as WriteRequest;
    const status =
      typeof frame === "string" ? handle.writeLatin1String(used, frame) : handle.writeBuffer(used, frame);
    if (status !== 0) {
      // The peer is gone, or the socket is closed. The stream finds the same, and does what streams do then.
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

function onComplete(this: WriteRequest, status: number): void {
  this.writer?.completed(status);
}

/** The handle of a socket of ours alone: plain, and written to by nobody else's function. */
function handleOf(socket: Duplex): Handle | undefined {
  if (binding === undefined || Object.getPrototypeOf(socket) !== Socket.prototype) return undefined;
  if (Reflect.get(socket, "write") !== Duplex.prototype.write) return undefined;
  const handle: unknown = Reflect.get(socket, "_handle");
  return isHandle(handle) ? handle : undefined;
}

function isHandle(value: unknown): value is Handle {
  return has(value, "writeLatin1String", "function") && has(value, "writeBuffer", "function");
}

/**
 * What this Node's handles are written with; `undefined` where that is not known.
 *
 * @param version of Node
 */
export function findBinding(version: string): Binding | undefined {
  if (!TRIED.includes(version.split(".")[0] ?? "") || process.release.name !== "node") return undefined;
  try {
    // Absent under Node's permission model, and where a flag makes deprecations errors.
    const get: unknown = Reflect.get(process, "binding");
    const found: unknown =
      typeof get === "function" ? Reflect.apply(get, process, ["stream_wrap"]) : undefined;
    return isBinding(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isBinding(value: unknown): value is Binding {
  return (
    has(value, "WriteWrap", "function") &&
    has(value, "kLastWriteWasAsync", "number") &&
    (value as { streamBaseState?: unknown }).streamBaseState instanceof Int32Array
  );
}

function has(value: unknown, name: string, type: "function" | "number"): boolean {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, name) === type;
}
