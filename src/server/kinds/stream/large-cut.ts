import type { Cursor } from "../../../protocol/index.js";
import type { Chunk } from "../../delivery/chunk.js";
import type { LargePayload } from "../../delivery/large-payloads.js";
import type { Cut } from "../kind.js";

/** A message of several parts. Whoever holds the cut holds the payload: it is for the present turn only. */
export class LargeCut implements Cut {
  readonly from: Cursor;
  readonly end: Cursor;
  readonly pages: number;
  readonly #payload: LargePayload;
  readonly #ch: number;

  /** @param end the place of the entry whose payload it is */
  constructor(payload: LargePayload, ch: number, end: Cursor) {
    this.from = { epoch: end.epoch, offset: payload.prev };
    this.end = end;
    this.pages = payload.parts;
    this.#payload = payload;
    this.#ch = ch;
  }

  page(index: number): Chunk {
    return this.#payload.part(this.#ch, index);
  }
}
