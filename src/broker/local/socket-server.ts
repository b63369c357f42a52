/** The writer's end of the socket: nodes in other processes. */
import { unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";
import { failureOf, perform, type CallFrame } from "./calls.js";
import type { WriterLink, LinkEvents } from "./link.js";
import { packChanged, readChanges } from "./slots/changes-codec.js";
import { socketPath } from "./socket-path.js";
import { LEASE_MS, WIRE_VERSION, type WorkerHello, type WriterHello } from "./socket-terms.js";
import {
  FRAME,
  FrameReader,
  FrameWriter,
  packJson,
  packNumber,
  packOutcomes,
  packText,
  packTime,
  readAppend,
  readJson,
  readText,
} from "./wire.js";
import { WriterNode } from "./writer-node.js";
import type { Writer } from "./writer.js";

/** Bytes a worker may leave unread before it gets no more hints, but a reset when it reads again. */
const MAX_UNSENT = 16 * 1024 * 1024;

export class SocketServer {
  readonly #writer: Writer;
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #workers = new Set<Worker>();
  #server: Server | undefined;

  constructor(writer: Writer, dir: string, clock: Clock) {
    this.#writer = writer;
    this.#dir = dir;
    this.#clock = clock;
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const path = socketPath(this.#dir);
    try {
      // Of a writer that ended without a word: this process owns the directory now.
      unlinkSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    const server = createServer((socket) => {
      const worker = new Worker(this.#writer, socket, this.#clock, () => this.#workers.delete(worker));
      this.#workers.add(worker);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
    this.#server = server;
    this.#watch();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server === undefined ? undefined : new Promise((resolve) => server.close(resolve));
    for (const worker of this.#workers) worker.end();
    await closed;
  }

  #watch(): void {
    this.#clock.setTimeout(() => {
      if (this.#server === undefined) return;
      const now = this.#clock.monotonic();
      for (const worker of this.#workers) worker.expire(now);
      this.#watch();
    }, LEASE_MS / 5);
  }
}

/** A node in another process, as the writer's process has it. */
class Worker {
  readonly #writer: Writer;
  readonly #socket: Socket;
  readonly #frames: FrameWriter;
  readonly #clock: Clock;
  #link: WriterLink | undefined;
  #pid = 0;
  #heardAt: number;
  /** Hints were left out; it has to be told when it reads again. */
  #lossy = false;

  constructor(writer: Writer, socket: Socket, clock: Clock, onEnd: () => void) {
    this.#writer = writer;
    this.#socket = socket;
    this.#frames = new FrameWriter(socket, clock);
    this.#clock = clock;
    this.#heardAt = clock.monotonic();
    const reader = new FrameReader((type, body) => this.#onFrame(type, body));
    socket.on("data", (chunk: Buffer) => {
      this.#heardAt = clock.monotonic();
      try {
        reader.push(chunk);
      } catch {
        // Not one of ours, or of another version.
        socket.destroy();
      }
    });
    socket.on("drain", () => {
      if (!this.#lossy) return;
      this.#lossy = false;
      this.#frames.send(FRAME.reset);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      onEnd();
      void this.#link?.close();
      writer.clearReaders();
    });
  }

  /** Says what is to be said and ends the connection. */
  end(): void {
    this.#frames.flush();
    this.#socket.destroySoon();
  }

  /** A stopped process keeps its socket: that alone must not keep its members present. */
  expire(now: number): void {
    if (now - this.#heardAt <= LEASE_MS) return;
    this.#writer.report(
      new Error(
        `worker ${this.#pid} has been silent for ${LEASE_MS} ms and is taken for dead; if it was stopped in the middle of a read, the data file grows until it goes on or ends`,
      ),
    );
    this.#socket.destroy();
  }

  #onFrame(type: number, body: Buffer): void {
    if (this.#link === undefined) return this.#greet(type, body);
    switch (type) {
      case FRAME.append:
        return this.#append(this.#link, body);
      case FRAME.change:
        return this.#change(this.#link, body);
      case FRAME.call:
        return this.#call(this.#link, body, 4);
      case FRAME.callInTime:
        if (this.#timeLeft(body.subarray(0, 4), body) > 0) this.#call(this.#link, body, 12);
        return;
      case FRAME.signals: {
        const { text: channel, end } = readText(body, 0);
        this.#link.signal(channel, body.subarray(end)).catch(() => {});
        return;
      }
      case FRAME.ping:
        this.#frames.send(FRAME.pong, packTime(this.#clock.monotonic()));
        return;
      default:
        throw new RangeError(`no frame of type ${type} is for the writer`);
    }
  }

  #greet(type: number, body: Buffer): void {
    const hello = type === FRAME.hello ? (readJson(body) as WorkerHello) : undefined;
    const { durability, incarnation } = this.#writer;
    const time = this.#clock.monotonic();
    const answer: WriterHello = { wire: WIRE_VERSION, durability, incarnation, time };
    this.#frames.send(FRAME.hello, packJson(answer));
    this.#pid = hello?.pid ?? 0;
    if (hello?.wire === WIRE_VERSION) this.#link = new WriterNode(this.#writer, this.#events(), hello);
    else this.end();
  }

  #append(link: WriterLink, body: Buffer): void {
    const call = body.subarray(0, 4);
    const left = this.#timeLeft(call, body);
    if (left <= 0) return;
    const { channel, batch, options } = readAppend(body, 12, left);
    link.append(channel, batch, options).then(
      (outcomes) => this.#frames.send(FRAME.appended, call, packOutcomes(outcomes)),
      (error: unknown) => this.#frames.send(FRAME.answer, call, packJson(failureOf(error))),
    );
  }

  #change(link: WriterLink, body: Buffer): void {
    const call = body.subarray(0, 4);
    const left = this.#timeLeft(call, body);
    if (left <= 0) return;
    const { channel, batch, options } = readChanges(body, 12, left);
    link.change(channel, batch, options).then(
      (outcomes) => this.#frames.send(FRAME.changed, call, packChanged(outcomes)),
      (error: unknown) => this.#frames.send(FRAME.answer, call, packJson(failureOf(error))),
    );
  }

  /** The milliseconds that are left for a call with an end; where there are none it is answered. */
  #timeLeft(call: Buffer, body: Buffer): number {
    const left = body.readDoubleBE(4) - this.#clock.monotonic();
    if (left > 0) return left;
    // Its worker has been answered that it is not there, and may have had it appended since by another one.
    const late = new BrokerError("unavailable", "the call came too late; retry");
    this.#frames.send(FRAME.answer, call, packJson(failureOf(late)));
    return left;
  }

  /** @param at where the method and its arguments begin */
  #call(link: WriterLink, body: Buffer, at: number): void {
    const call = body.subarray(0, 4);
    perform(link, readJson(body, at) as CallFrame).then(
      (result) => this.#frames.send(FRAME.answer, call, packJson({ result })),
      (error: unknown) => this.#frames.send(FRAME.answer, call, packJson(failureOf(error))),
    );
  }

  #events(): LinkEvents {
    type Hint = typeof FRAME.entries | typeof FRAME.changes | typeof FRAME.signals;
    const hint = (type: Hint, ...body: readonly Buffer[]): void => {
      if (this.#frames.unsent > MAX_UNSENT) this.#lossy = true;
      if (!this.#lossy) this.#frames.send(type, ...body);
    };
    return {
      entries: (channel, epoch, records) =>
        hint(FRAME.entries, packText(channel), packText(epoch), ...records),
      changes: (channel, epoch, entries) =>
        hint(FRAME.changes, packText(channel), packText(epoch), ...entries),
      signals: (channel, signals) => hint(FRAME.signals, packText(channel), signals),
      presence: (channel, change) => this.#frames.send(FRAME.presence, packJson({ channel, change })),
      text: (text) => this.#frames.send(FRAME.call, packNumber(0), packJson(text)),
      reset: () => this.#frames.send(FRAME.reset),
      restored: () => {},
    };
  }
}
