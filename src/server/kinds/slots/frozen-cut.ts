/** What follows a cursor as one message: in pages, each made when the first one needs it, and the same for all. */
import type { Cursor } from "../../../protocol/index.js";
import { digitsOf } from "../../../protocol/digits.js";
import { PAGE_BYTES, compressibleChunk, type Chunk } from "../../delivery/chunk.js";
import type { SlotsCut, Tally } from "../slots-kind.js";
import type { Held, SlotCut } from "./slot-memory.js";

export class FrozenCut implements SlotsCut {
  readonly from: Cursor;
  readonly end: Cursor;
  readonly bytes: number;
  readonly tally: Tally | undefined;
  readonly #ch: number;
  readonly changes: readonly Held[];
  readonly #merged: number | undefined;
  /** Where each page begins in the changes, and at last where the last one ends. */
  readonly #edges: readonly number[];
  readonly #chunks: (Chunk | undefined)[] = [];

  constructor(ch: number, from: Cursor, end: Cursor, { changes, merged, tally }: SlotCut) {
    this.#ch = ch;
    this.from = from;
    this.end = end;
    this.changes = changes;
    this.#merged = merged;
    this.tally = tally;
    const edges = [0];
    let size = 0;
    let bytes = 0;
    for (let i = 0; i < changes.length; i++) {
      const held = changes[i] as Held;
      if (size > 0 && size + held.size > PAGE_BYTES) {
        edges.push(i);
        size = 0;
      }
      size += held.size;
      // The change itself, which the memory may have let go of, and its place in a page.
      bytes += held.bytes + held.size;
    }
    edges.push(changes.length);
    this.#edges = edges;
    this.bytes = bytes;
  }

  get count(): number {
    return this.changes.length;
  }

  get pages(): number {
    return this.#edges.length - 1;
  }

  page(index: number): Chunk | undefined {
    if (index < 0 || index >= this.pages) return undefined;
    return (this.#chunks[index] ??= compressibleChunk(this.#line(index)));
  }

  #line(index: number): string {
    const start = `[${this.#ch},${digitsOf(this.end.offset)}`;
    // To whoever begins, nothing is all that there is; to others it only says where they stand.
    if (this.changes.length === 0) return this.from.offset === 0 ? `${start},[]]` : `${start}]`;
    let set = "";
    let gone = "";
    const to = this.#edges[index + 1] as number;
    for (let i = this.#edges[index] as number; i < to; i++) {
      const { data, text } = this.changes[i] as Held;
      if (data === undefined) gone = gone === "" ? text : `${gone},${text}`;
      else set = set === "" ? text : `${set},${text}`;
    }
    const about = join(join(gone === "" ? "" : `"del":[${gone}]`, this.#mark(index)), this.#toll(index));
    return about === "" ? `${start},[${set}]]` : `${start},[${set}],{${about}}]`;
  }

  /** Which part of the message it is, where it is one of several. */
  #mark(index: number): string {
    if (this.pages === 1) return "";
    return index === this.pages - 1 ? `"part":${index}` : `"part":${index},"more":true`;
  }

  /** For how many changes the message stands, where those are more than it has: said with the end of it. */
  #toll(index: number): string {
    const isTold = index === this.pages - 1 && this.from.offset > 0;
    const merged = isTold ? (this.#merged ?? 0) : 0;
    return merged > this.count ? `"merged":${merged}` : "";
  }
}

function join(one: string, other: string): string {
  return one === "" || other === "" ? one + other : `${one},${other}`;
}
