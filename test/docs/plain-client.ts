/**
 * A WebSocket and nothing else: what somebody has who writes a client from the document alone. Frames are taken
 * apart here by the document's words, not by the project's code.
 */
import { once } from "node:events";
import { WebSocket } from "ws";

/** How long an example waits for a line before it says that it did not come. */
const PATIENCE_MS = 5000;

export interface Received {
  readonly text: string;
  readonly bytes: Buffer | undefined;
}

export class PlainClient {
  readonly #socket: WebSocket;
  readonly #lines: Received[] = [];
  #closed: { readonly code: number; readonly reason: string } | undefined;
  #unreadable: Error | undefined;
  #wake = (): void => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary) => {
      try {
        this.#lines.push(...(isBinary ? binaryLines(data) : textLines(data)));
      } catch (error) {
        this.#unreadable = new Error("a frame from the server cannot be read", { cause: error });
      }
      this.#wake();
    });
    socket.on("close", (code, reason) => {
      this.#closed = { code, reason: reason.toString() };
      this.#wake();
    });
  }

  static async open(url: string): Promise<PlainClient> {
    const socket = new WebSocket(url);
    const client = new PlainClient(socket);
    await once(socket, "open");
    return client;
  }

  get open(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: string | Buffer): void {
    this.#socket.send(frame);
  }

  async close(code: number): Promise<void> {
    this.#socket.close(code);
    await this.closed();
  }

  /** The next line that is no ping, or any if `pings`. */
  async line(pings = false): Promise<Received> {
    for (;;) {
      const next = this.#lines.shift();
      if (next !== undefined) {
        if (pings || next.text !== "{}") return next;
        continue;
      }
      if (this.#closed !== undefined)
        throw new Error(`closed with ${this.#closed.code} ${this.#closed.reason}`);
      await this.#change();
    }
  }

  /** How the connection ended; nothing may come before. */
  async closed(): Promise<{ code: number; reason: string }> {
    while (this.#closed === undefined) await this.#change();
    const left = this.#lines.filter(({ text }) => text !== "{}");
    if (left.length > 0) throw new Error(`before the close came ${left.map(({ text }) => text).join("\n")}`);
    return this.#closed;
  }

  async #change(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      timer = setTimeout(() => reject(new Error("nothing came")), PATIENCE_MS);
    }).finally(() => clearTimeout(timer));
    if (this.#unreadable !== undefined) throw this.#unreadable;
  }
}

function textLines(frame: Buffer): Received[] {
  return frame
    .toString()
    .split("\n")
    .map((text) => {
      if (announced(text) !== undefined) throw new Error(`a text frame from the server has bytes: ${text}`);
      return { text, bytes: undefined };
    });
}

function binaryLines(frame: Buffer): Received[] {
  const lines: Received[] = [];
  for (let at = 0; at < frame.length;) {
    const newline = frame.indexOf(10, at);
    const end = newline < 0 ? frame.length : newline;
    const text = frame.toString("utf8", at, end);
    at = end + 1;
    if (text === "") continue;
    const size = announced(text);
    lines.push({ text, bytes: size === undefined ? undefined : frame.subarray(at, at + size) });
    at += size ?? 0;
  }
  return lines;
}

/** How many bytes the line says follow it. */
function announced(text: string): number | undefined {
  const value = JSON.parse(text) as { bytes?: number } | [unknown, unknown, unknown, { bytes?: number }?];
  return Array.isArray(value) ? value[3]?.bytes : value.bytes;
}
