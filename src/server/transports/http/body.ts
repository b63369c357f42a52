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
import { Blocks } from "../../connection/limits/blocks.js";
import type { ConnectionLimits } from "../../connection/node.js";
import type { Incomplete, IncompleteMessages } from "../../connection/limits/incomplete.js";
import type { Unfinished, UnfinishedMessages, UnfinishedOwner } from "../../connection/limits/unfinished.js";
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
  readonly #blocks = new Blocks();
  #timer: Timer;
  #isLong = false;
  #resolve: ((body: Body) => void) | undefined;

  constructor(request: HttpRequest, limits: BodyLimits, room: BodyRoom) {
    this.#request = request;
    this.#limits = limits;
    this.#room = room;
  }

  /** Bytes that have come. */
  get came(): number {
    return this.#blocks.size;
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
      request.once("end", () => this.#end(this.#blocks.take()));
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

  readonly #onData = (bytes: Buffer): void => {
    const { most, frame } = this.#limits;
    const size = this.came + bytes.length;
    if (size > most) return this.#end("too_big");
    const growth = this.#blocks.growth(bytes.length);
    if (size > frame && !this.#takeRoom(growth)) return this.#end("overloaded");
    this.#blocks.add(bytes, growth);
  };

  /** Takes so many bytes more of the room for long bodies; `false` where there are not as many. */
  #takeRoom(growth: number): boolean {
    if (this.#isLong) return this.#room.incomplete.grow(this, growth);
    this.#isLong = true;
    // From here on the body has to get on, however long it takes.
    this.#room.clock.clearTimeout(this.#timer);
    this.#room.unfinished.add(this, this);
    return this.#room.incomplete.grow(this, this.came + growth);
  }

  #end(body: Body): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    const { clock, incomplete, unfinished } = this.#room;
    clock.clearTimeout(this.#timer);
    unfinished.delete(this);
    this.#request.off("data", this.#onData);
    this.#blocks.drop();
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
  if (isBytes(request)) return readBinaryLines(body, MOST_LINES);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw new FrameError("not UTF-8", { cause });
  }
  return readTextLines(text, MOST_LINES);
}
