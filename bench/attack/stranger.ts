/** A peer that keeps to no rules: sockets of an address of its own, on which it says what it likes. */
import { connect, type Socket } from "node:net";
import { platform } from "node:os";
import { constants, deflateRawSync } from "node:zlib";

export interface Target {
  readonly port: number;
}

/** Another address than the good client's, where the system has several for itself. */
const ADDRESS = platform() === "linux" ? { localAddress: "127.0.0.2" } : {};
/** Unsent bytes above which a stranger waits: what it cannot get rid of does not hurt the server. */
const ENOUGH = 1024 * 1024;
const MASK = Buffer.from([1, 2, 3, 4]);

export const TEXT = 1;
export const BINARY = 2;
export const PING = 9;
/** In a frame's first byte, with what it is: it is compressed. */
const COMPRESSED = 0x40;
/** Where WebSockets are that compress. */
export const DEFLATE_PATH = "/connect?deflate=1";

/** A WebSocket frame as clients send it. */
export function frame(opcode: number, payload: string | Buffer = "", isFinal = true): Buffer {
  const data = Buffer.from(payload);
  const head = Buffer.alloc(data.length < 126 ? 2 : data.length < 65_536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (head.length === 2 ? data.length : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(data.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(data.length), 2);
  return Buffer.concat([head, MASK, data.map((byte, i) => byte ^ ((i & 3) + 1))]);
}

/** The same, compressed. */
export function compressedFrame(opcode: number, payload: string): Buffer {
  const bytes = deflateRawSync(payload, { level: 9, finishFlush: constants.Z_SYNC_FLUSH });
  return frame(COMPRESSED | opcode, bytes.subarray(0, bytes.length - 4));
}

export const HELLO = frame(TEXT, '{"id":1,"connect":{}}');
const PONG = frame(10);

/** A socket that is counted, and never ends the process. */
abstract class Stranger {
  readonly socket: Socket;
  over = false;

  constructor({ port }: Target) {
    this.socket = connect({ port, host: "127.0.0.1", ...ADDRESS });
    this.socket.setNoDelay(true);
    this.socket.on("error", () => {});
    this.socket.on("close", () => (this.over = true));
  }

  /** Sends it, unless too much waits already. */
  send(bytes: string | Buffer): boolean {
    if (this.over || this.socket.writableLength > ENOUGH) return false;
    this.socket.write(bytes);
    return true;
  }

  end(): void {
    this.socket.destroy();
  }
}

/** One that has a WebSocket, and answers pings. */
export class Peer extends Stranger {
  #rest: Buffer = Buffer.alloc(0);
  #opened = false;
  /** Whether a frame has come: the answer to connect, where that was sent. */
  answered = false;

  /** @param path of the WebSocket @param reads whether it reads what it is told */
  constructor(target: Target, path = "/connect", reads = true) {
    super(target);
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    );
    if (reads) this.socket.on("data", (bytes: Buffer) => this.#read(bytes));
  }

  #read(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    if (!this.#opened) {
      const end = rest.indexOf("\r\n\r\n");
      if (end < 0) return void (this.#rest = rest);
      this.#opened = true;
      rest = rest.subarray(end + 4);
    }
    for (;;) {
      const size = sizeOf(rest);
      if (size === undefined || rest.length < size) break;
      const opcode = (rest[0] as number) & 15;
      if (opcode === PING) this.send(PONG);
      if (opcode === 8) this.over = true;
      this.answered = true;
      rest = rest.subarray(size);
    }
    this.#rest = Buffer.from(rest);
  }
}

/** The bytes of the frame that begins here, as far as that is known. */
function sizeOf(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] as number) & 127;
  if (short < 126) return 2 + short;
  if (bytes.length < 10) return undefined;
  return short === 126 ? 4 + bytes.readUInt16BE(2) : 10 + Number(bytes.readBigUInt64BE(2));
}

/** One that sends requests, one behind the other, and does not wait for their answers. */
export class Requester extends Stranger {
  constructor(target: Target) {
    super(target);
    this.socket.resume();
  }

  post(path: string, body: string): boolean {
    return this.send(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
}
