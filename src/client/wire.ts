import { type ErrorBody, utf8Length, writeBinaryLine } from "../protocol/index.js";
import type { Transport } from "./transport.js";

/** Who waits for the answer to a command. One of the three is called, once. */
export interface Reply {
  ok(result: unknown): void;
  error(error: ErrorBody): void;
  /** The connection ended first. */
  lost(): void;
}

/** Frames stay below this many bytes where their lines allow it, well under what a server takes. */
export const MAX_FRAME_BYTES = 48 * 1024;

/** Commands out, answers in: gives commands their ids and sends those of one microtask in one frame. */
export class Wire {
  #transport: Transport | undefined;
  #open = false;
  #nextId = 1;
  #replies = new Map<number, Reply>();
  #lines: string[] = [];
  #bytes = 0;
  #scheduled = false;

  /** Whether the server has taken the connect command, so that others may follow. */
  get open(): boolean {
    return this.#open;
  }

  /** Takes a transport into use; only the connect command may go until {@link unlock}. */
  attach(transport: Transport): void {
    this.#transport = transport;
  }

  unlock(): void {
    this.#open = true;
  }

  /** The connection is over: whoever waits for an answer is told, in the order of asking. */
  detach(): void {
    const replies = this.#replies;
    this.#transport = undefined;
    this.#open = false;
    this.#replies = new Map();
    this.#lines = [];
    this.#bytes = 0;
    for (const reply of replies.values()) reply.lost();
  }

  /** Sends a command. `body` is a JSON object's inside: `"subscribe":"chat/lobby"`. `bytes` follow its line. */
  request(body: string, reply: Reply, bytes?: Uint8Array): void {
    if (this.#transport === undefined) {
      reply.lost();
      return;
    }
    const id = this.#nextId++;
    this.#replies.set(id, reply);
    const line = `{"id":${id},${body}}`;
    if (bytes !== undefined) {
      this.flush();
      this.#transport.send(writeBinaryLine(line, bytes));
      return;
    }
    const size = utf8Length(line) + 1;
    if (this.#bytes + size > MAX_FRAME_BYTES) this.flush();
    this.#lines.push(line);
    this.#bytes += size;
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const frame = this.#lines.join("\n");
    this.#lines = [];
    this.#bytes = 0;
    this.#transport?.send(frame);
  }

  /** Hands an answer to whoever waits for it; false when nobody does. */
  answer(id: number, ok: unknown, error?: ErrorBody): boolean {
    const reply = this.#replies.get(id);
    if (reply === undefined) return false;
    this.#replies.delete(id);
    if (error === undefined) reply.ok(ok);
    else reply.error(error);
    return true;
  }
}
