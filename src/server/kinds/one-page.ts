import type { Cursor } from "../../protocol/index.js";
import type { Chunk } from "../delivery/chunk.js";
import type { Cut } from "./kind.js";

/** A cut of one chunk: whole messages. */
export class OnePage implements Cut {
  readonly from: Cursor;
  readonly end: Cursor;
  readonly pages = 1;
  readonly #chunk: Chunk;

  constructor(from: Cursor, end: Cursor, chunk: Chunk) {
    this.from = from;
    this.end = end;
    this.#chunk = chunk;
  }

  page(): Chunk {
    return this.#chunk;
  }
}
