/** What a node holds of a stream: the newest messages of its log, each as the line that it was sent as. */
import type { Cursor } from "../../../protocol/index.js";
import { Chunk, PAGE_BYTES, type EncodedLine } from "../../delivery/chunk.js";
import { gapLine, messageLine } from "../../delivery/encode.js";
import type { Cut, LogMemory, Place, Step } from "../kind.js";
import { Tail } from "./tail.js";

/** How much of a log a node keeps in memory, in bytes. */
const TAIL_BYTES = 128 * 1024;

export class StreamMemory implements LogMemory {
  readonly kept: boolean;
  readonly #ch: number;
  readonly #tail: Tail;

  constructor({ ch, log }: Place) {
    const { retain } = log.keeping;
    this.kept = retain !== undefined;
    this.#ch = ch;
    this.#tail = new Tail({
      count: retain?.count ?? Infinity,
      bytes: Math.min(retain?.bytes ?? Infinity, TAIL_BYTES),
      age: retain?.age,
    });
  }

  push(step: Step): EncodedLine {
    const line = this.#encode(step);
    if ("gap" in step) this.#tail.clear();
    else this.#tail.push(step.entry.offset, step.entry.prev, line);
    return line;
  }

  clear(): void {
    this.#tail.clear();
  }

  cut({ epoch, offset }: Cursor, now: number): Cut | undefined {
    const found = this.#tail.after(offset, PAGE_BYTES, now);
    return found && { chunk: new Chunk(found.lines), end: { epoch, offset: found.end } };
  }

  cutOf(steps: readonly Step[], end: Cursor): Cut {
    return { chunk: new Chunk(steps.map((step) => this.#encode(step))), end };
  }

  startOfLast(count: number, now: number): number | undefined {
    return this.kept ? this.#tail.startOfLast(count, now) : undefined;
  }

  #encode(step: Step): EncodedLine {
    if ("gap" in step) return gapLine(this.#ch, step.gap);
    const { offset, data, meta } = step.entry;
    return messageLine(this.#ch, offset, data, meta);
  }
}
