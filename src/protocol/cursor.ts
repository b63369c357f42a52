import { isOffset } from "./offset.js";

/** A place in a channel's log: everything up to and including `offset` has been seen, in the log called `epoch`. */
export interface Cursor {
  readonly epoch: string;
  readonly offset: number;
}

const FORM = /^([A-Za-z0-9_-]{1,32}):(0|[1-9][0-9]{0,15})$/;

/** The wire form of a cursor, `epoch:offset`. */
export function formatCursor(cursor: Cursor): string {
  return `${cursor.epoch}:${cursor.offset}`;
}

/** Reads `epoch:offset`; `undefined` when the text is no cursor. */
export function parseCursor(text: string): Cursor | undefined {
  const [, epoch, digits] = FORM.exec(text) ?? [];
  const offset = Number(digits);
  return epoch !== undefined && isOffset(offset) ? { epoch, offset } : undefined;
}
