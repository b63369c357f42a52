/** What a history command is answered with: a line, or where its payloads are large a line for each part of them. */
import type { Entry, Page } from "../../../broker/index.js";
import type { Id } from "../../../protocol/index.js";
import { bytesLine, PART_BYTES, textLine, type EncodedLine } from "../../delivery/chunk.js";
import { partFields, withBytes } from "../../delivery/encode.js";
import { isLargeData } from "../../delivery/large-payloads.js";
import type { Answer, AnswerInParts } from "./large-answers.js";

/** A text of so many bytes goes beside a whole part of the payloads. */
const SHORT_TEXT = 1024;

/** Which side of the log was asked for. */
export type Range = { readonly after: number } | { readonly before: number };

/** An entry whose payload is bytes. */
export type BytesEntry = Entry & { readonly data: Uint8Array };

/** Finds the payload of an entry again. Rejects where it is not kept any more. */
export type FindAgain = (offset: number) => Promise<Uint8Array>;

/**
 * The answer that a page makes; `undefined` where none is wanted.
 *
 * @param findAgain called for each part of an answer in parts: what is large is not held between two of them
 */
export function historyAnswer(
  id: Id,
  page: Page,
  range: Range,
  limit: number,
  findAgain: FindAgain,
): Answer | undefined {
  if (id === undefined) return undefined;
  const { entries, oldestPrev, head } = page;
  const first = entries[0];
  let more: boolean;
  let complete: boolean;
  if ("after" in range) {
    more = first !== undefined && (entries.at(-1) as Entry).offset < head;
    complete = range.after >= oldestPrev;
  } else {
    more = first !== undefined && first.prev > oldestPrev;
    complete = more || entries.length >= limit || oldestPrev === 0;
  }
  const ok = `{"entries":[${entries.map(textOf).join(",")}],"complete":${complete},"more":${more}}`;
  const withPayload = entries.filter((entry): entry is BytesEntry => typeof entry.data !== "string");
  if (withPayload.length === 0) return textLine(`{"id":${id},"ok":${ok}}`);
  const size = withPayload.reduce((sum, { data }) => sum + data.length, 0);
  if (size > PART_BYTES) return new HistoryInParts(id, ok, withPayload, findAgain);
  return bytesLine(
    `{"id":${id},"ok":${ok},"bytes":${size}}`,
    Buffer.concat(withPayload.map(({ data }) => data)),
  );
}

function textOf({ offset, data, meta }: Entry): string {
  if (typeof data !== "string") return `[${offset},null,${withBytes(meta, data.length)}]`;
  return meta === undefined ? `[${offset},${data}]` : `[${offset},${data},${meta}]`;
}

/** A payload, as it lies among all of an answer's bytes. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
  /** Missing where it is large: then it is found again for each part that has some of it. */
  readonly data: Uint8Array | undefined;
}

/** Holds the text of the answer and its small payloads, which are a page of the log together. */
class HistoryInParts implements AnswerInParts {
  readonly parts: number;
  readonly #id: number;
  readonly #ok: string;
  readonly #pieces: readonly Piece[];
  readonly #size: number;
  /** How many bytes go with the first part: fewer, where its text is long. */
  readonly #first: number;
  readonly #findAgain: FindAgain;

  constructor(id: number, ok: string, entries: readonly BytesEntry[], findAgain: FindAgain) {
    let at = 0;
    this.#id = id;
    this.#ok = ok;
    this.#findAgain = findAgain;
    this.#pieces = entries.map((entry) => {
      const from = at;
      at += entry.data.length;
      return { from, to: at, offset: entry.offset, data: isLargeData(entry.data) ? undefined : entry.data };
    });
    this.#size = at;
    const room = PART_BYTES + SHORT_TEXT - Buffer.byteLength(ok);
    this.#first = Math.max(0, Math.min(PART_BYTES, room));
    this.parts = 1 + Math.ceil((at - this.#first) / PART_BYTES);
  }

  async part(index: number): Promise<EncodedLine> {
    const from = index === 0 ? 0 : this.#first + (index - 1) * PART_BYTES;
    const to = Math.min(this.#size, index === 0 ? this.#first : from + PART_BYTES);
    const bytes = await this.#bytes(from, to);
    const about = index === 0 ? `"ok":${this.#ok},` : "";
    const fields = partFields(index, index + 1 < this.parts);
    return bytesLine(`{"id":${this.#id},${about}"bytes":${bytes.length},${fields}}`, bytes);
  }

  /** A copy, however it lies: a view would keep all of a payload. */
  async #bytes(from: number, to: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(to - from);
    for (const piece of this.#pieces) {
      const [start, end] = [Math.max(from, piece.from), Math.min(to, piece.to)];
      if (start >= end) continue;
      const data = piece.data ?? (await this.#findAgain(piece.offset));
      bytes.set(data.subarray(start - piece.from, end - piece.from), start - from);
    }
    return bytes;
  }
}
