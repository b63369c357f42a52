import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface RawFrame {
  readonly fin: boolean;
  readonly opcode: number;
  /** Whether it says that its message is compressed. */
  readonly compressed: boolean;
  readonly payload: Buffer;
}

export interface FrameOptions {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** The length that the header says, where that is not the payload's. */
  readonly length?: bigint;
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** One WebSocket frame as a client sends it, or should not. */
export function frame(opcode: number, payload: string | Buffer = "", options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, length } = options;
  const data = Buffer.from(payload);
  const size = length ?? BigInt(data.length);
  const mask = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  let head: Buffer;
  if (size < 126n) head = Buffer.from([first, mask | Number(size)]);
  else if (size < 65536n) head = Buffer.from([first, mask | 126, Number(size) >> 8, Number(size) & 255]);
  else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = mask | 127;
    head.writeBigUInt64BE(size, 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  const key = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([head, key, data.map((byte, i) => byte ^ (key[i & 3] ?? 0))]);
}

/** The payload of a close frame. */
export function closing(code: number, reason: string | Buffer = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

export function upgradeRequest(path = "/connect", headers: Record<string, string | undefined> = {}): string {
  const all: Record<string, string | undefined> = {
    Host: "127.0.0.1",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** A TCP connection under the test's control. */
export class Raw {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  /** How the other side ended it: with a FIN or a reset. */
  readonly ended: Promise<"end" | "reset">;
  #over = false;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data) => {
      this.received = Buffer.concat([this.received, data]);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      const over = (how: "end" | "reset") => (): void => {
        this.#over = true;
        this.#wake();
        resolve(how);
      };
      socket.on("end", over("end"));
      socket.on("error", over("reset"));
      socket.on("close", over("reset"));
    });
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Waits until `look` gives something; rejects when the connection has ended before. */
  until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const found = look();
        if (found === undefined && !this.#over) return;
        this.#waiting.delete(attempt);
        if (found !== undefined) resolve(found);
        else
          reject(new Error(`the connection ended after ${JSON.stringify(this.received.toString("latin1"))}`));
      };
      this.#waiting.add(attempt);
      attempt();
    });
  }

  /** The status of the next HTTP response, which is taken. */
  async status(): Promise<number> {
    return this.until(() => {
      const end = this.received.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      const head = this.received.subarray(0, end).toString("latin1");
      this.received = this.received.subarray(end + 4);
      return Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
    });
  }

  /** Takes the next WebSocket frame; what the server's heartbeat sends of itself, at any moment, is left out. */
  frame(): Promise<RawFrame> {
    return this.until(() => {
      for (;;) {
        const next = this.#next();
        if (next === undefined || !isHeartbeat(next)) return next;
      }
    });
  }

  #next(): RawFrame | undefined {
    const { received } = this;
    if (received.length < 2) return undefined;
    const short = received.readUInt8(1) & 127;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (received.length < head) return undefined;
    const size =
      short === 126 ? received.readUInt16BE(2) : short === 127 ? Number(received.readBigUInt64BE(2)) : short;
    if (received.length < head + size) return undefined;
    const first = received.readUInt8(0);
    const payload = received.subarray(head, head + size);
    this.received = received.subarray(head + size);
    return { fin: first >= 128, opcode: first & 15, compressed: (first & 0x40) !== 0, payload };
  }

  /** Takes frames up to the close frame. */
  async closeFrame(): Promise<{ code: number; reason: string }> {
    for (;;) {
      const { opcode, payload } = await this.frame();
      if (opcode === CLOSE) return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
    }
  }

  #wake(): void {
    for (const attempt of this.#waiting) attempt();
  }
}

function isHeartbeat({ opcode, payload }: RawFrame): boolean {
  return opcode === PING || (opcode === TEXT && payload.toString() === "{}");
}

/** A TCP connection that is open. Half-open ones stay half open. */
export async function dial(port: number): Promise<Raw> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const raw = new Raw(socket);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return raw;
}

/** A TCP connection that is a WebSocket already. */
export async function upgrade(
  port: number,
  path = "/connect",
  headers: Record<string, string | undefined> = {},
): Promise<Raw> {
  const raw = await dial(port);
  raw.write(upgradeRequest(path, headers));
  const status = await raw.status();
  if (status !== 101) throw new Error(`expected 101, got ${status}`);
  return raw;
}
