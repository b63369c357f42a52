/** How far one room is read, by this user and by the others. */
import type { Client } from "tidemark/client";
import type { ChatApp } from "../server.js";
import { openRead } from "./channels.js";
import type { ReadPositions } from "./read-positions.js";
import { Receipts, type Reader } from "./receipts.js";

/** The others are told at most this often, in milliseconds. */
const TELL_EVERY_MS = 1000;

export class Reading {
  readonly #room: string;
  readonly #me: string;
  readonly #channel: ReturnType<typeof openRead>;
  readonly #receipts = new Receipts();
  readonly #positions: ReadPositions;
  #upTo: number;
  #told = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(rt: Client<ChatApp>, room: string, me: string, positions: ReadPositions, onChange: () => void) {
    this.#room = room;
    this.#me = me;
    this.#channel = openRead(rt, room);
    this.#positions = positions;
    this.#upTo = positions.of(room);
    this.#channel.on("message", ({ from, data: { name, upTo } }) => {
      if (from === undefined || !this.#receipts.heard({ id: from, name, upTo })) return;
      // Read on another device, or in another tab.
      if (from === me) {
        this.#told = Math.max(this.#told, upTo);
        this.#move(upTo);
      }
      onChange();
    });
    // Without it one reads as well as with it.
    this.#channel.on("error", () => undefined);
    this.#channel.ready.catch(() => undefined);
  }

  /** The last message that this user has read; 0 for none. */
  get upTo(): number {
    return this.#upTo;
  }

  get others(): Reader[] {
    return this.#receipts.others(this.#me);
  }

  /** This user has everything up to here in sight. */
  read(upTo: number): void {
    this.#move(upTo);
    if (this.#told >= this.#upTo || this.#timer !== undefined) return;
    this.#tell();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#told < this.#upTo) this.read(this.#upTo);
    }, TELL_EVERY_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#channel.close();
  }

  #tell(): void {
    this.#told = this.#upTo;
    this.#channel.publish({ upTo: this.#upTo }).catch(() => undefined);
  }

  #move(upTo: number): void {
    if (upTo <= this.#upTo) return;
    this.#upTo = upTo;
    this.#positions.set(this.#room, upTo);
  }
}
