/**
 * What frames say of one row, made once and copied into every frame that says it: that it comes, or what has changed of it since
 * a tick. Hot: with 300 players 10,000 of them are copied in a tick, and some hundred are made.
 */
import { ByteWriter } from "./byte-writer.js";
import { writeCode } from "./code-bytes.js";
import type { History } from "./history.js";
import { ESCAPE_ID, HEAD_BITS, MOVE } from "./layout.js";
import { codeAt, type Ring } from "./ring.js";

/** In the place of a tick: none, so that everything is told. */
export const NOTHING = -1;

/** Where the bytes lie that are the same kind of thing for each row, by id. */
export class Parts {
  starts = new Uint32Array(0);
  /** How many bytes; 0 where there is nothing to say, -1 where they have not been made. */
  sizes = new Int32Array(0);

  reset(capacity: number): void {
    if (this.sizes.length < capacity) {
      this.starts = new Uint32Array(capacity);
      this.sizes = new Int32Array(capacity);
    }
    this.sizes.fill(-1);
  }
}

export class Fragments {
  readonly history: History;
  /** The tick that they lead to. */
  tick = NOTHING;
  /** Where all of them lie. */
  readonly writer = new ByteWriter();
  readonly #enters = new Parts();
  /** By how many ticks ago the change began; 0 stands for all columns, whatever they were. */
  readonly #updates: (Parts | undefined)[] = [];
  readonly #isMade: boolean[] = [];
  #areEntersMade = false;
  #life = 0;

  constructor(history: History) {
    this.history = history;
  }

  /** Goes on to a tick; what was made for another one is void. Says whether it was another one. */
  turn(tick: number): boolean {
    if (tick === this.tick && this.history.life === this.#life) return false;
    this.tick = tick;
    this.#life = this.history.life;
    this.writer.size = 0;
    this.#isMade.fill(false);
    this.#areEntersMade = false;
    return true;
  }

  /** Rows as they come. To be filled with {@link enter}. */
  enters(): Parts {
    if (!this.#areEntersMade) this.#enters.reset(this.history.entities.capacity);
    this.#areEntersMade = true;
    return this.#enters;
  }

  /** What has changed since a tick that is held, or everything with {@link NOTHING}. To be filled with {@link update}. */
  since(from: number): Parts {
    const span = from === NOTHING ? 0 : this.tick - from;
    const parts = (this.#updates[span] ??= new Parts());
    if (this.#isMade[span] !== true) parts.reset(this.history.entities.capacity);
    this.#isMade[span] = true;
    return parts;
  }

  /** How many bytes it takes to say that a row comes. */
  enter(parts: Parts, id: number): number {
    const made = parts.sizes[id] as number;
    if (made >= 0) return made;
    const { writer, history } = this;
    const start = writer.size;
    writer.varint(id);
    writer.text(history.entities.keys[id] as string);
    writeRow(writer, history, id, this.tick);
    return this.#note(parts, id, start);
  }

  /** How many bytes it takes to say what has changed of a row since the tick that `parts` are for. */
  update(parts: Parts, id: number, from: number): number {
    const made = parts.sizes[id] as number;
    if (made >= 0) return made;
    const start = this.writer.size;
    writeUpdate(this.writer, this.history, id, from, this.tick);
    return this.#note(parts, id, start);
  }

  /** Copies what was made of a row. */
  copy(to: ByteWriter, parts: Parts, id: number): void {
    to.copy(this.writer.bytes, parts.starts[id] as number, parts.sizes[id] as number);
  }

  #note(parts: Parts, id: number, start: number): number {
    const size = this.writer.size - start;
    parts.starts[id] = start;
    parts.sizes[id] = size;
    return size;
  }
}

/** All columns of a row, one after the other. */
export function writeRow(to: ByteWriter, history: History, id: number, tick: number): void {
  const { codings } = history.layout;
  const slot = history.slotOf(tick);
  for (let column = 0; column < codings.length; column++) {
    const coding = codings[column];
    if (coding !== undefined) writeCode(to, coding, history.code(column, slot, id));
  }
}

/**
 * What has changed of a row: a head of 16 bits, id and what follows; the bits of further columns; how far it has moved, or
 * where it is; the columns. Nothing where nothing has changed.
 */
function writeUpdate(to: ByteWriter, history: History, id: number, from: number, tick: number): void {
  const { layout, rings } = history;
  const { others, direct, shift, place } = layout;
  const slot = history.slotOf(tick);
  const before = from === NOTHING ? NOTHING : history.slotOf(from);
  const move = place === undefined ? MOVE.none : moveOf(history, place, id, before, slot);
  let bits: number = move;
  let more = 0;
  for (let i = 0; i < others.length; i++) {
    const ring = rings[others[i] as number] as Ring;
    if (before !== NOTHING && codeAt(ring, before, id) === codeAt(ring, slot, id)) continue;
    if (i < direct) bits |= 1 << (shift + i);
    else more |= 1 << (i - direct);
  }
  if (more !== 0) bits |= 1 << (HEAD_BITS - 1);
  if (bits === 0) return;
  to.u16((Math.min(id, ESCAPE_ID) << HEAD_BITS) | bits);
  if (id >= ESCAPE_ID) to.u16(id);
  if (more !== 0) to.uint(more, layout.moreBytes);
  if (place !== undefined && move !== MOVE.none) writePlace(to, history, place, move, id, before, slot);
  for (let i = 0; i < others.length; i++) {
    const isTold = i < direct ? bits & (1 << (shift + i)) : more & (1 << (i - direct));
    if (isTold !== 0) writeColumn(to, history, others[i] as number, slot, id);
  }
}

function moveOf(
  history: History,
  [x, y]: readonly [number, number],
  id: number,
  before: number,
  slot: number,
): number {
  if (before === NOTHING) return MOVE.whole;
  const dx = stepsBetween(history, x, before, slot, id);
  const dy = stepsBetween(history, y, before, slot, id);
  if (dx === 0 && dy === 0) return MOVE.none;
  return history.layout.hasSmallMoves && isSmall(dx) && isSmall(dy) ? MOVE.small : MOVE.whole;
}

/** Whether a number of steps fits a signed byte. */
function isSmall(steps: number): boolean {
  return steps >= -128 && steps <= 127;
}

function stepsBetween(history: History, column: number, before: number, slot: number, id: number): number {
  const ring = history.rings[column];
  return ring?.kind === "numbers" ? (ring.slots[slot]?.[id] ?? 0) - (ring.slots[before]?.[id] ?? 0) : 0;
}

function writePlace(
  to: ByteWriter,
  history: History,
  [x, y]: readonly [number, number],
  move: number,
  id: number,
  before: number,
  slot: number,
): void {
  if (move === MOVE.small) {
    to.u8(stepsBetween(history, x, before, slot, id) & 0xff);
    to.u8(stepsBetween(history, y, before, slot, id) & 0xff);
  } else {
    writeColumn(to, history, x, slot, id);
    writeColumn(to, history, y, slot, id);
  }
}

function writeColumn(to: ByteWriter, history: History, column: number, slot: number, id: number): void {
  const coding = history.layout.codings[column];
  if (coding !== undefined) writeCode(to, coding, history.code(column, slot, id));
}
