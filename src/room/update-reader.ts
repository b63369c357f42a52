import { broken } from "./broken.js";
import type { ByteReader } from "./byte-reader.js";
import type { Coding } from "./coding.js";
import { readCode } from "./code-bytes.js";
import { ESCAPE_ID, HEAD_BITS, MOVE, type Code, type Layout } from "./layout.js";

/** All columns of a row that comes. */
export function readRow(from: ByteReader, { codings }: Layout): Code[] {
  return codings.map((coding) => readCode(from, coding));
}

/** The head of an update: which row it is about, and what follows. */
export function readHead(from: ByteReader): { readonly id: number; readonly bits: number } {
  const head = from.u16();
  const id = head >>> HEAD_BITS;
  return { id: id === ESCAPE_ID ? from.u16() : id, bits: head & ((1 << HEAD_BITS) - 1) };
}

/** The rest of an update: changes the codes of the row. They are not to be used where it throws {@link FrameError}. */
export function readUpdate(from: ByteReader, layout: Layout, bits: number, codes: Code[]): void {
  const { others, direct, shift, moreBytes, codings, place } = layout;
  const hasMore = moreBytes > 0 && bits >>> (HEAD_BITS - 1) === 1;
  const more = hasMore ? from.uint(moreBytes) : 0;
  const isPossible = hasMore === more > 0 && more < 2 ** (others.length - direct);
  if (bits === 0 || !isPossible) broken();
  if (place !== undefined) readMove(from, layout, place, bits & ((1 << shift) - 1), codes);
  for (const [i, column] of others.entries()) {
    const isTold = i < direct ? bits & (1 << (shift + i)) : more & (1 << (i - direct));
    if (isTold !== 0) codes[column] = readCode(from, codings[column] as Coding);
  }
  // Without further columns the highest bits may have no meaning.
  if (moreBytes === 0 && bits >>> (shift + direct) !== 0) broken();
}

function readMove(
  from: ByteReader,
  { codings, hasSmallMoves }: Layout,
  place: readonly [number, number],
  move: number,
  codes: Code[],
): void {
  if (move === MOVE.none) return;
  if (move > MOVE.whole || (move === MOVE.small && !hasSmallMoves)) broken();
  for (const column of place) {
    const coding = codings[column] as Coding;
    codes[column] = move === MOVE.whole ? readCode(from, coding) : step(coding, codes[column], from.i8());
  }
}

function step(coding: Coding, code: Code, by: number): number {
  const to = (typeof code === "number" ? code : 0) + by;
  return coding.kind === "whole" && to >= 0 && to <= coding.most ? to : broken();
}
