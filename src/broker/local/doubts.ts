/**
 * What subscribers know better. A whole disk from an earlier time looks from inside as it did then; but who comes back to it
 * with a cursor of the epoch being written, that names an entry the log should have and has not, has seen what is gone.
 */
import { offsetAt } from "../../protocol/index.js";
import type { Moment } from "../log/moment.js";
import type { WrittenLog } from "./written-channels.js";

/** Cursors are believed for so long after the directory was opened, in milliseconds. Anybody can make one up. */
const BELIEVED_MS = 600_000;
/** A cursor from before the opening is not from much later by the clock, in milliseconds. */
const CLOCK_MS = 3_600_000;

export class Doubts {
  readonly #opened: Moment;
  /** Once each: an invented cursor costs its own channel one new epoch, and no more. */
  readonly #doubted = new Set<string>();

  constructor(opened: Moment) {
    this.#opened = opened;
  }

  /** Whether that cursor shows that the log is from an earlier time. Once for each log. */
  isNew(name: string, log: WrittenLog, epoch: string, offset: number, now: Moment): boolean {
    if (now.steady - this.#opened.steady > BELIEVED_MS || this.#doubted.has(name)) return false;
    if (offset > offsetAt(this.#opened.wall + CLOCK_MS) || !log.lacks(epoch, offset)) return false;
    this.#doubted.add(name);
    return true;
  }
}

/** What the operator has to know of a doubt. */
export function doubtOf(name: string, offset: number): Error {
  return new Error(
    `a subscriber of ${name} has seen offset ${offset}, which its log has not: ${name} goes on in a new epoch; if this folder is from an earlier time, open it once as restored (tidemark serve --restored), so that all channels do`,
  );
}
