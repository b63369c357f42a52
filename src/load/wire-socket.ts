/**
 * A WebSocket client that does as little as possible: a raw TCP socket, one read buffer for all of them, frames
 * found by their headers and handed over where they lie. A generator that shares the machine with the server must
 * be cheap, or it measures itself.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { clientFrame, CLOSE, PING, PONG } from "./frames.js";

/** What a {@link WireSocket} tells of. */
export interface WireEvents {
  /**
   * Hot path. The payload of a data frame is `bytes` from `start` to `end`; only valid during the call. `compressed`: it is
   * as permessage-deflate has it, which is for those who offered that in `headers`.
   */
  frame(bytes: Uint8Array, start: number, end: number, compressed: boolean): void;
  /** The connection has ended, said or unsaid. */
  closed(reason: string): void;
}

/** Where a {@link WireSocket} goes. */
export interface WireOptions {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Whether with TLS. */
  readonly secure?: boolean;
  /** The path of the WebSocket endpoint. */
  readonly path: string;
  /** Further lines of the request's head, each with `\r\n` at its end. Default: none. */
  readonly headers?: string;
  /** The address of this machine that it comes from. Default: the system's choice. */
  readonly localAddress?: string;
  readonly events: WireEvents;
  /** How long the handshake may take, in milliseconds. Default: as long as it likes. */
  readonly patience?: number;
  /** How fast it reads once it is open: so much, and then nothing for a second. Default: as fast as it can. */
  readonly bytesPerSecond?: number;
}

const SHARED = Buffer.allocUnsafe(256 * 1024);
const NOTHING = Buffer.alloc(0);
/** RSV1 of a frame's first byte. */
const COMPRESSED = 0x40;
const KEY = "dGlkZW1hcmstYmVuY2ghIQ==";

/** A WebSocket client that does as little as possible, over a raw TCP socket. */
export class WireSocket {
  readonly #socket: Socket;
  readonly #events: WireEvents;
  /** What came of a frame that is not complete yet. */
  #rest: Buffer = NOTHING;
  #upgraded: (() => void) | undefined;
  #closed = false;

  private constructor(socket: Socket, events: WireEvents, upgraded: () => void) {
    this.#socket = socket;
    this.#events = events;
    this.#upgraded = upgraded;
  }

  /** Connects and upgrades. Rejects when the server does not want that. */
  static open(options: WireOptions): Promise<WireSocket> {
    return new Promise((resolve, reject) => {
      const { port, host = "127.0.0.1", secure = false, path, headers = "", localAddress } = options;
      const { events, bytesPerSecond, patience } = options;
      const where = {
        port,
        host,
        ...(localAddress !== undefined && { localAddress }),
        noDelay: true,
        onread: {
          buffer: bytesPerSecond === undefined ? SHARED : Buffer.allocUnsafe(bytesPerSecond),
          callback: (size: number, buffer: Uint8Array) => {
            wire.#read(buffer as Buffer, size);
            if (bytesPerSecond !== undefined) wire.#breathe();
            return true;
          },
        },
      };
      const socket = secure ? connectTls({ ...where, servername: host }) : connect(where);
      const wire = new WireSocket(socket, events, () => resolve(wire));
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${headers}\r\n`,
      );
      if (patience !== undefined) {
        socket.setTimeout(patience, () => {
          if (wire.#upgraded !== undefined)
            socket.destroy(new Error(`no answer within ${patience / 1000} s`));
        });
      }
      let problem = "the peer closed";
      socket.on("error", (error) => (problem = error.message));
      socket.on("close", () => {
        reject(new Error(`could not connect: ${problem}`));
        wire.#close(problem);
      });
    });
  }

  send(frames: Buffer): void {
    if (!this.#closed) this.#socket.write(frames);
  }

  /** Bytes that the kernel has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** Stops reading: the server's bytes pile up, first in the kernel's buffers, then with the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends it without a word. `closed` is not told. */
  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #breathe(): void {
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), 1000);
  }

  #close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#upgraded === undefined) this.#events.closed(reason);
  }

  #read(buffer: Buffer, size: number): void {
    let bytes = buffer;
    let end = size;
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, buffer.subarray(0, size)]);
      end = bytes.length;
      this.#rest = NOTHING;
    }
    let at = 0;
    if (this.#upgraded !== undefined) {
      const head = bytes.subarray(0, end).indexOf("\r\n\r\n");
      if (head >= 0) {
        if (!bytes.toString("latin1", 0, 12).endsWith(" 101")) {
          this.#socket.destroy(new Error(bytes.toString("latin1", 0, bytes.indexOf("\r\n"))));
          return;
        }
        at = head + 4;
        const upgraded = this.#upgraded;
        this.#upgraded = undefined;
        upgraded();
      }
    }
    if (this.#upgraded === undefined) at = this.#frames(bytes, at, end);
    if (at < end) this.#rest = Buffer.from(bytes.subarray(at, end));
  }

  /** Hot path. Hands over the whole frames; returns where the first incomplete one begins. */
  #frames(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (end - at >= 2) {
      const first = bytes[at] as number;
      const opcode = first & 15;
      let size = (bytes[at + 1] as number) & 127;
      let start = at + 2;
      if (size === 126) {
        if (end - at < 4) break;
        size = bytes.readUInt16BE(at + 2);
        start = at + 4;
      } else if (size === 127) {
        if (end - at < 10) break;
        size = Number(bytes.readBigUInt64BE(at + 2));
        start = at + 10;
      }
      if (start + size > end) break;
      at = start + size;
      if (opcode < CLOSE) this.#events.frame(bytes, start, at, (first & COMPRESSED) !== 0);
      else if (opcode === PING) this.send(clientFrame(Buffer.from(bytes.subarray(start, at)), PONG));
      else if (opcode === CLOSE) {
        this.#close(
          `closed with ${size < 2 ? "no code" : bytes.readUInt16BE(start)}: ${bytes.toString("utf8", start + 2, at)}`,
        );
        this.#socket.end();
        return end;
      }
    }
    return at;
  }
}
