/** The codes of one column in the newest ticks, by slot of the ring and id. */
import type { Coding } from "./coding.js";
import { HISTORY } from "./entities.js";
import type { Code } from "./layout.js";

/** As many ticks are held: the newest, and those that a cursor may lie behind it. */
export const SLOTS = HISTORY + 1;

export type Cells = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;
export type Texts = (string | undefined)[];

/** Numbers of a tick lie in a place of its own. */
export interface NumberRing {
  readonly kind: "numbers";
  readonly slots: Cells[];
}

/** Texts hardly change: ticks share a list until one writes to it. */
export interface TextRing {
  readonly kind: "texts";
  readonly slots: Texts[];
  /** Whether the newest tick has a list of its own. */
  isOwn: boolean;
}

export type Ring = NumberRing | TextRing;

export function makeRing(coding: Coding): Ring {
  if (coding.kind === "text") {
    const none: Texts = [];
    return { kind: "texts", slots: Array.from({ length: SLOTS }, () => none), isOwn: false };
  }
  return { kind: "numbers", slots: Array.from({ length: SLOTS }, () => makeCells(coding, 0)) };
}

function makeCells(coding: Exclude<Coding, { kind: "text" }>, capacity: number): Cells {
  if (coding.kind === "float")
    return coding.bytes === 4 ? new Float32Array(capacity) : new Float64Array(capacity);
  if (coding.bytes === 1) return new Uint8Array(capacity);
  if (coding.bytes === 2) return new Uint16Array(capacity);
  return coding.bytes === 5 ? new Float64Array(capacity) : new Uint32Array(capacity);
}

export function growRing(ring: Ring, coding: Coding, capacity: number): void {
  if (ring.kind === "texts" || coding.kind === "text") return;
  for (const [slot, before] of ring.slots.entries()) {
    const cells = makeCells(coding, capacity);
    cells.set(before);
    ring.slots[slot] = cells;
  }
}

/** Makes `slot` the newest tick's, behind `before`. Numbers stay to be written, or are those of the tick before. */
export function turnRing(ring: Ring, slot: number, before: number, keeps: boolean): void {
  if (ring.kind === "texts") {
    ring.slots[slot] = ring.slots[before] ?? [];
    ring.isOwn = false;
  } else if (keeps) {
    const cells = ring.slots[before];
    if (cells !== undefined && slot !== before) ring.slots[slot]?.set(cells);
  }
}

/** Writes a code of the newest tick. */
export function setCode(ring: Ring, slot: number, id: number, code: Code): void {
  if (ring.kind === "texts") {
    let texts = ring.slots[slot] ?? [];
    if (!ring.isOwn) {
      texts = texts.slice();
      ring.slots[slot] = texts;
      ring.isOwn = true;
    }
    while (texts.length < id) texts.push(undefined);
    texts[id] = typeof code === "string" ? code : undefined;
  } else if (typeof code === "number") {
    const cells = ring.slots[slot];
    if (cells !== undefined) cells[id] = code;
  }
}

export function codeAt(ring: Ring, slot: number, id: number): Code {
  return ring.slots[slot]?.[id];
}
