import { MAX_CHANNEL_BYTES } from "../../../protocol/index.js";

/** How many names are remembered at most. */
const SLOTS = 256;

interface Known {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/**
 * Names as text, for bytes that come again and again. The same name is always the same string, which knows its hash
 * already. Two names may share a place, and then the later one has it.
 */
export class NameTable {
  readonly #isGood: (name: string) => boolean;
  readonly #known: (Known | undefined)[] = Array.from({ length: SLOTS });

  /** @param isGood whether a text is a name at all */
  constructor(isGood: (name: string) => boolean) {
    this.#isGood = isGood;
  }

  /** Hot path. `undefined` for what is no good name, or too long to be remembered. The bytes are valid UTF-8. */
  nameOf(bytes: Buffer, from: number, to: number): string | undefined {
    const size = to - from;
    // No channel has a longer name, and hardly a method.
    if (size > MAX_CHANNEL_BYTES) return undefined;
    let slot = size;
    for (let i = from; i < to; i++) slot = Math.imul(slot ^ (bytes[i] as number), 0x01000193);
    slot = (slot ^ (slot >>> 15)) & (SLOTS - 1);
    const known = this.#known[slot];
    if (known !== undefined && isSame(known.bytes, bytes, from, size)) return known.name;
    const name = bytes.toString("utf8", from, to);
    if (!this.#isGood(name)) return undefined;
    this.#known[slot] = { bytes: new Uint8Array(bytes.subarray(from, to)), name };
    return name;
  }
}

function isSame(known: Uint8Array, bytes: Buffer, from: number, size: number): boolean {
  if (known.length !== size) return false;
  for (let i = 0; i < size; i++) if (known[i] !== bytes[from + i]) return false;
  return true;
}
