/** What has happened in the newest ticks, as lines: each is encoded once, for all who are told. */
import { textChunk, type Chunk } from "../../../delivery/chunk.js";
import { messageLine } from "../../../delivery/encode.js";
import type { TickMessage } from "../tick-message.js";

/** For how many ticks an event waits for a player who is not ready for it. */
const MOST_TICKS = 32;
/** How many bytes of events may wait; the oldest go first. */
const MOST_BYTES = 1024 * 1024;

interface Happened {
  readonly tick: number;
  /** Whose it is; undefined: everybody's. */
  readonly to: string | undefined;
  readonly chunk: Chunk;
}

export class RoomEvents {
  readonly #ch: number;
  /** In their order. */
  #happened: Happened[] = [];
  #bytes = 0;

  /** @param ch this node's number for the channel */
  constructor(ch: number) {
    this.#ch = ch;
  }

  /** The tick of the newest event; below 0 where there is none. */
  get newest(): number {
    return this.#happened.at(-1)?.tick ?? -1;
  }

  /** A tick was reached: `[ch,tick,data,{"event":name}]` for each event, and those that nobody waits for any more are let go of. */
  add({ tick, sends }: TickMessage): void {
    for (const { event, json, to } of sends) {
      const { text, size } = messageLine(this.#ch, tick, json, `{"event":${JSON.stringify(event)}}`);
      this.#happened.push({ tick, to, chunk: textChunk(text, size) });
      this.#bytes += size;
    }
    let gone = 0;
    for (const { tick: of, chunk } of this.#happened) {
      if (of > tick - MOST_TICKS && this.#bytes <= MOST_BYTES) break;
      this.#bytes -= chunk.size;
      gone++;
    }
    if (gone > 0) this.#happened = this.#happened.slice(gone);
  }

  /** Offers what happened after a tick to one who has this seat, if any, as far as it is taken: it is told at most once. */
  tell(after: number, seat: string | undefined, offer: (chunk: Chunk) => boolean): void {
    // The newest are at the end.
    let first = this.#happened.length;
    while (first > 0 && (this.#happened[first - 1]?.tick ?? 0) > after) first--;
    for (; first < this.#happened.length; first++) {
      const one = this.#happened[first];
      if (one === undefined || (one.to !== undefined && one.to !== seat)) continue;
      if (!offer(one.chunk)) return;
    }
  }

  /** Another reign has begun. */
  clear(): void {
    this.#happened = [];
    this.#bytes = 0;
  }
}
