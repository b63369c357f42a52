/**
 * What a node holds of a stream: the newest messages of its log, each as the line that it was sent as. Of those that go in several
 * parts it only remembers where they are; their payloads are in the node's store.
 */
import { offsetAt, type Cursor } from "../../../protocol/index.js";
import { Chunk, PAGE_BYTES, type EncodedLine } from "../../delivery/chunk.js";
import { gapLine, messageLine } from "../../delivery/encode.js";
import { isLarge, type LargePayloads } from "../../delivery/large-payloads.js";
import type { Cut, LogMemory, Place, Step } from "../kind.js";
import { OnePage } from "../one-page.js";
import { LargeCut } from "./large-cut.js";
import { Tail } from "./tail.js";

/** How much of a log a node keeps in memory, in bytes, the payloads in the node's store aside. */
const TAIL_BYTES = 128 * 1024;

export class StreamMemory implements LogMemory {
  readonly kept: boolean;
  readonly #channel: string;
  readonly #ch: number;
  readonly #age: number | undefined;
  readonly #large: LargePayloads;
  readonly #tail: Tail;

  constructor({ channel, ch, log, large }: Place) {
    const { retain } = log.keeping;
    this.kept = retain !== undefined;
    this.#channel = channel;
    this.#ch = ch;
    this.#age = retain?.age;
    this.#large = large;
    this.#tail = new Tail({
      count: retain?.count ?? Infinity,
      bytes: Math.min(retain?.bytes ?? Infinity, TAIL_BYTES),
      withLarge: retain?.bytes ?? Infinity,
      age: retain?.age,
    });
  }

  push(step: Step, epoch: string): EncodedLine | undefined {
    if ("gap" in step) {
      this.#tail.clear();
      return this.#encode(step);
    }
    const { entry } = step;
    if (isLarge(entry)) {
      this.#large.put(this.#channel, epoch, entry);
      this.#tail.pushLarge(entry.offset, entry.prev, entry.data.length);
      return undefined;
    }
    const line = this.#encode(step);
    this.#tail.push(entry.offset, entry.prev, line);
    return line;
  }

  clear(): void {
    this.#tail.clear();
  }

  cut(from: Cursor, now: number): Cut | undefined {
    const found = this.#tail.after(from.offset, PAGE_BYTES, now);
    if (found === undefined) return undefined;
    const end = { epoch: from.epoch, offset: found.end };
    return found.lines.length === 0 ? this.#stored(end) : new OnePage(from, end, new Chunk(found.lines));
  }

  rest(end: Cursor, now: number): Cut | undefined {
    const isOver = this.#age !== undefined && end.offset < offsetAt(now - this.#age);
    return isOver ? undefined : this.#stored(end);
  }

  cutOf(from: Cursor, steps: readonly Step[], end: Cursor): Cut {
    // Without a gap all of them are of the epoch that they end in, whatever `from` calls it.
    let at = steps.some((step) => "gap" in step) ? from : { epoch: end.epoch, offset: from.offset };
    const lines: EncodedLine[] = [];
    for (const step of steps) {
      if ("gap" in step) at = { epoch: step.gap.epoch, offset: step.gap.until };
      else {
        const { entry } = step;
        const next = { epoch: at.epoch, offset: entry.offset };
        if (isLarge(entry)) {
          // It has been read: whoever comes to it needs not read it again.
          const payload = this.#large.put(this.#channel, next.epoch, entry);
          if (lines.length === 0) return new LargeCut(payload, this.#ch, next);
          return new OnePage(from, at, new Chunk(lines));
        }
        at = next;
      }
      lines.push(this.#encode(step));
    }
    return new OnePage(from, end, new Chunk(lines));
  }

  startOfLast(count: number, now: number): number | undefined {
    return this.kept ? this.#tail.startOfLast(count, now) : undefined;
  }

  #stored(end: Cursor): Cut | undefined {
    const payload = this.#large.get(this.#channel, end);
    return payload && new LargeCut(payload, this.#ch, end);
  }

  #encode(step: Step): EncodedLine {
    if ("gap" in step) return gapLine(this.#ch, step.gap);
    const { offset, data, meta } = step.entry;
    return messageLine(this.#ch, offset, data, meta);
  }
}
