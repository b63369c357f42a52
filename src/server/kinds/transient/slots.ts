/** What a node holds of a transient channel: the newest signal of each slot, in the order of their last change. */
import type { Signal } from "../../../broker/index.js";
import type { Cursor } from "../../../protocol/index.js";
import { Chunk, PAGE_BYTES, type EncodedLine } from "../../delivery/chunk.js";
import { messageLine } from "../../delivery/encode.js";
import type { Cut, Place, SignalMemory } from "../kind.js";
import { OnePage } from "../one-page.js";

/** How many slots are remembered for those who lag. */
const MAX_SLOTS = 1000;
/** How many bytes of them. */
const MAX_SLOT_BYTES = 1024 * 1024;

export class Slots implements SignalMemory {
  readonly #ch: number;
  /** By slot, the one that changed longest ago first; `at` counts signals. */
  readonly #slots = new Map<string, { readonly at: number; readonly line: EncodedLine }>();
  #bytes = 0;
  #taken = 0;

  constructor({ ch }: Place) {
    this.#ch = ch;
  }

  get taken(): number {
    return this.#taken;
  }

  push({ data, meta, slot }: Signal): EncodedLine {
    const line = messageLine(this.#ch, 0, data, meta);
    this.#forget(slot);
    this.#slots.set(slot, { at: ++this.#taken, line });
    this.#bytes += line.size;
    return line;
  }

  cut(from: Cursor): Cut | undefined {
    const { epoch, offset } = from;
    const lines: EncodedLine[] = [];
    let size = 0;
    let end = offset;
    for (const { at, line } of this.#slots.values()) {
      if (at <= offset) continue;
      if (size + line.size > PAGE_BYTES && lines.length > 0) break;
      lines.push(line);
      size += line.size;
      end = at;
    }
    return lines.length === 0 ? undefined : new OnePage(from, { epoch, offset: end }, new Chunk(lines));
  }

  trim(isAnyoneBehind: boolean): void {
    // One by one: even an empty map makes a new table when it is cleared.
    for (const slot of this.#slots.keys()) {
      if (isAnyoneBehind && this.#slots.size <= MAX_SLOTS && this.#bytes <= MAX_SLOT_BYTES) break;
      this.#forget(slot);
    }
  }

  #forget(slot: string): void {
    this.#bytes -= this.#slots.get(slot)?.line.size ?? 0;
    this.#slots.delete(slot);
  }
}
