/** What a node holds of a state channel, as those who are subscribed to it are sent it. */
import type { ChangesEntry } from "../../../broker/index.js";
import type { Cursor } from "../../../protocol/index.js";
import { digitsOf } from "../../../protocol/digits.js";
import { textChunk, type Chunk } from "../../delivery/chunk.js";
import type { SlotsCut, SlotsMemory, SlotsPlace, Tally, View, Walked } from "../slots-kind.js";
import { FrozenCut } from "./frozen-cut.js";
import { SlotMemory } from "./slot-memory.js";

/** How many tombstones are kept where the log keeps them by other limits. */
const MOST_GRAVES = 10_000;

export class StateMemory implements SlotsMemory {
  readonly #ch: number;
  readonly #slots: SlotMemory;

  constructor({ ch, log }: SlotsPlace) {
    this.#ch = ch;
    this.#slots = new SlotMemory({ graves: log.keeping.graves.count ?? MOST_GRAVES });
  }

  get head(): number {
    return this.#slots.head;
  }

  get floor(): number {
    return this.#slots.floor;
  }

  get bytes(): number {
    return this.#slots.bytes;
  }

  push(entry: ChangesEntry): void {
    this.#slots.push(entry);
  }

  take(walked: Walked): void {
    this.#slots.take(walked);
  }

  clear(): void {
    this.#slots.clear();
  }

  follow(view: View): void {
    this.#slots.follow(view);
  }

  unfollow(view: View): void {
    this.#slots.unfollow(view);
  }

  cut(from: Cursor, view: View, since?: Tally): SlotsCut | undefined {
    const cut = this.#slots.cut(from.offset, view, since);
    return cut && new FrozenCut(this.#ch, from, { epoch: from.epoch, offset: cut.end }, cut);
  }

  cursorOnly({ offset }: Cursor): Chunk {
    return textChunk(`[${this.#ch},${digitsOf(offset)}]`);
  }
}
