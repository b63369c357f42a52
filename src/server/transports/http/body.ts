/** The body of a request, bounded in size and time: one that is longer than a frame shares the room for what is not whole. */
import {
  FrameError,
  readBinaryLines,
  readTextLines,
  type Clock,
  type Line,
  type Timer,
} from "../../../protocol/index.js";
import { MOST_LINES } from "../../../protocol/lines.js";
import type { ConnectionLimits } from "../../connection/node.js";
import type { Incomplete, IncompleteMessages } from "../../connection/limits/incomplete.js";
import type {
  Unfinished,
  UnfinishedMessages,
  UnfinishedOwner,
} from "../../connection/limits/unfinished.js";
import type { HttpRequest } from "./exchange.js";

/** The body, or why there is none. */
export type Body = Buffer | "too_big" | "connect_timeout" | "overloaded" | "gone";

/** What a body may cost. */
export interface BodyLimits {
  /** Bytes of the body. */
  readonly most: number;
  /** Bytes up to which a body is as small as a frame: it is whole within a time. */
  readonly frame: number;
  /** Milliseconds that a small body may take; a longer one has a second more for each KiB that has come. */
  readonly patience: number;
}

/** Where bodies are counted that are longer than a frame. */
export interface BodyRoom {
  readonly clock: Clock;
  readonly incomplete: IncompleteMessages;
  readonly unfinished: UnfinishedMessages;
}

export class IncomingBody implements Incomplete, Unfinished, UnfinishedOwner {
  held = 0;
  waited = 0;
  readonly unread = false;
  readonly #request: HttpRequest;
  readonly #limits: BodyLimits;
  readonly #room: BodyRoom;
  /** One buffer that grows: parts of a byte each would hold far more than the body. */
  #buffer = Buffer.alloc(0);
  #size = 0;
  #timer: Timer;
  #resolve: ((body: Body) => void) | undefined;

  constructor(request: HttpRequest, limits: BodyLimits, room: BodyRoom) {
    this.#request = request;
    this.#limits = limits;
    this.#room = room;
  }

  /** Bytes that have come. */
  get came(): number {
    return this.#size;
  }

  /** Once. What a long body holds is counted until {@link done}. */
  read(): Promise<Body> {
    const request = this.#request;
    const { most, patience } = this.#limits;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#timer = this.#room.clock.setTimeout(() => this.#end("connect_timeout"), patience);
      if (Number(request.headers["content-length"] ?? 0) > most) return this.#end("too_big");
      request.on("data", this.#onData);
      request.once("end", () => this.#end(this.#buffer.subarray(0, this.#size)));
      request.once("error", () => this.#end("gone"));
      request.once("close", () => this.#end("gone"));
    });
  }

  /** The body is in use no more. */
  done(): void {
    this.#room.incomplete.drop(this);
  }

  giveWay(): void {
    this.#end("overloaded");
  }

  onUnfinished(): void {
    this.#end("connect_timeout");
  }

  readonly #onData = (part: Buffer): void => {
    const size = this.#size + part.length;
    if (size > this.#limits.most) return this.#end("too_big");
    if (!this.#makeRoom(size)) return this.#end("overloaded");
    this.#buffer.set(part, this.#size);
    this.#size = size;
  };

  /** Has the buffer take so many bytes; `false` where there is no room for them. */
  #makeRoom(size: number): boolean {
    const { most, frame } = this.#limits;
    const held = this.#buffer;
    const capacity = size <= held.length ? held.length : Math.min(most, Math.max(size, 2 * held.length));
    if (size > frame) {
      if (this.#size <= frame) this.#isLong();
      // Also where nothing more is needed: who goes on is the last to give way.
      if (!this.#room.incomplete.grow(this, capacity - this.held)) return false;
    }
    if (capacity === held.length) return true;
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.set(held.subarray(0, this.#size));
    return true;
  }

  /** From here on the body has to get on, however long it takes. */
  #isLong(): void {
    this.#room.clock.clearTimeout(this.#timer);
    this.#room.unfinished.add(this, this);
  }

  #end(body: Body): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    const { clock, incomplete, unfinished } = this.#room;
    clock.clearTimeout(this.#timer);
    unfinished.delete(this);
    this.#request.off("data", this.#onData);
    this.#buffer = Buffer.alloc(0);
    if (Buffer.isBuffer(body)) incomplete.settle(this);
    else {
      incomplete.drop(this);
      // The rest of the body is not wanted; the answer closes the connection.
      this.#request.resume();
    }
    resolve(body);
  }
}

/** Bytes that a body of commands may have: with parts of messages it may be longer than a frame. */
export function mostOfBody({ frame, message, binary }: ConnectionLimits): number {
  return binary > message ? frame + binary : frame;
}

/** Whether a body is read as a binary frame. */
export function isBytes({ headers }: HttpRequest): boolean {
  return headers["content-type"] === "application/octet-stream";
}

/**
 * The lines of a body: read as a binary frame where the request says that it is bytes, else as a text frame.
 *
 * @throws {FrameError} when it cannot be read
 */
export function linesOf(request: HttpRequest, body: Buffer): Line[] {
  if (isBytes(request))
    return readBinaryLines(body, MOST_LINES);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw new FrameError("not UTF-8", { cause });
  }
  return readTextLines(text, MOST_LINES);
}
