/**
 * The handle under a socket. Node's stream layer takes as long for a small frame as most of the rest of this package,
 * so frames go past it where that is known to work: {@link SocketWriter} and {@link SocketReader} make the calls that
 * Node's own stream makes. Known are plain sockets of Node's own class, on releases that were tried. All else - TLS,
 * other kinds of streams, other releases, sockets that somebody has put functions of his own on - has the stream.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Node's releases whose handles have been tried; test/server/socket-writer.test.ts and its neighbour are the trial. */
const TRIED: readonly string[] = ["20", "22", "24", "26"];

/** What Node fills in, and keeps alive, for a write that the kernel did not take at once. */
export interface WriteRequest {
  oncomplete?: (this: WriteRequest, status: number) => void;
}

/** The part of a TCP handle that Node's own stream works with. Numbers that it returns are 0, or a negative error. */
export interface Handle {
  /** Whether the handle is being read from, as Node's stream knows it. */
  reading: boolean;
  onread: (this: Handle, buffer: ArrayBuffer | undefined) => void;
  readStart(): number;
  readStop(): number;
  /** Has everything from now on read into this buffer; `onread` is told how much. */
  useUserBuffer(buffer: Uint8Array): void;
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

/** The part of Node's binding that handles are used with. */
export interface Binding {
  readonly WriteWrap: new () => WriteRequest;
  /** What the last read or write did; the fields below are places in this array. */
  readonly streamBaseState: Int32Array;
  /** How many bytes were read; a negative error, or the end. */
  readonly kReadBytesOrError: number;
  /** Whether the last write has yet to complete. */
  readonly kLastWriteWasAsync: number;
}

/** The binding of this process; `undefined` where handles are left alone. */
export const binding: Binding | undefined = findBinding(process.versions.node);

/** The handle of a socket that is known to be one of Node's own, and used by nobody else. */
export function handleOf(socket: Duplex): Handle | undefined {
  if (binding === undefined || Object.getPrototypeOf(socket) !== Socket.prototype) return undefined;
  // Whoever puts a function of their own there wants to know what passes.
  if (Object.hasOwn(socket, "write") || Object.hasOwn(socket, "push") || Object.hasOwn(socket, "emit"))
    return undefined;
  const handle: unknown = Reflect.get(socket, "_handle");
  return isHandle(handle) ? handle : undefined;
}

/**
 * What this Node's handles are used with; `undefined` where that is not known.
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
    has(value, "function", "WriteWrap") &&
    has(value, "number", "kReadBytesOrError", "kLastWriteWasAsync") &&
    (value as { streamBaseState?: unknown }).streamBaseState instanceof Int32Array
  );
}

/** The prototype of handles that were found to be complete. */
let complete: unknown;

function isHandle(value: unknown): value is Handle {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (complete === undefined && has(value, "function", ...FUNCTIONS)) complete = prototype;
  return complete !== undefined && prototype === complete;
}

const FUNCTIONS = [
  "onread",
  "readStart",
  "readStop",
  "useUserBuffer",
  "writeLatin1String",
  "writeBuffer",
] as const satisfies readonly (keyof Handle)[];

function has(value: unknown, type: "function" | "number", ...names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === type);
}
