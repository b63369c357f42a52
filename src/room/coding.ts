/**
 * What a value is in memory and on the wire: a whole number from 0, a float, or a text. A value may be anything: rows are
 * filled by an application, and what cannot be held becomes the nearest that can.
 */
import { utf8Length } from "../protocol/index.js";
import type { ColumnData, Value } from "./column.js";

const MOST_F32 = 3.402_823_466_385_288_6e38;
const HALF_TURN = 128;

/** A column whose values are whole numbers from 0 to `most`. */
export interface WholeCoding {
  readonly kind: "whole";
  readonly most: number;
  /** How many bytes one takes on the wire, 1 to 5. */
  readonly bytes: number;
  /** Where a value is `low + code * step` and nothing else. */
  readonly linear: { readonly low: number; readonly step: number } | undefined;
  encode(value: unknown): number;
  decode(code: number): Value;
}

/** A column whose values are finite floats; none is infinite. (As a NaN it would not equal itself, and engines differ in its bytes.) */
export interface FloatCoding {
  readonly kind: "float";
  readonly bytes: 4 | 8;
  readonly optional: boolean;
  encode(value: unknown): number;
  decode(code: number): Value;
}

export interface TextCoding {
  readonly kind: "text";
  /** Bytes of UTF-8. */
  readonly most: number;
  readonly optional: boolean;
  encode(value: unknown): string | undefined;
  decode(code: string | undefined): Value;
}

export type Coding = WholeCoding | FloatCoding | TextCoding;

const codings = new WeakMap<ColumnData, Coding>();

/** How a column's values are held and sent. */
export function codingOf(column: ColumnData): Coding {
  let coding = codings.get(column);
  if (coding === undefined) {
    coding = makeCoding(column);
    codings.set(column, coding);
  }
  return coding;
}

function makeCoding(column: ColumnData): Coding {
  switch (column.is) {
    case "fixed":
      return linear(column.low, column.step, stepsOf(column));
    case "angle":
      return whole(
        2 * HALF_TURN - 1,
        // The operator on bits takes whole turns away, and makes NaN and infinite ones 0.
        (value) =>
          Math.round(typeof value === "number" ? value * (HALF_TURN / Math.PI) : 0) & (2 * HALF_TURN - 1),
        (code) => (code < HALF_TURN ? code : code - 2 * HALF_TURN) * (Math.PI / HALF_TURN),
      );
    case "bool":
      return whole(
        1,
        (value) => (value === true ? 1 : 0),
        (code) => code === 1,
      );
    case "u8":
    case "u16":
    case "u32":
      return linear(0, 1, 2 ** bitsOf(column.is) - 1);
    case "i8":
    case "i16":
    case "i32":
      return linear(-(2 ** (bitsOf(column.is) - 1)), 1, 2 ** bitsOf(column.is) - 1);
    case "f32":
      return float(4, (value) => clamp(Math.fround(finite(value, MOST_F32)), MOST_F32));
    case "f64":
      return float(8, (value) => finite(value, Number.MAX_VALUE) + 0);
    case "text": {
      const { most } = column;
      return { kind: "text", most, optional: false, encode: (value) => fitText(value, most), decode: asIs };
    }
    case "oneOf": {
      const { values } = column;
      const codes = new Map<unknown, number>(values.map((value, code) => [value, code]));
      return whole(
        values.length - 1,
        (value) => codes.get(value) ?? 0,
        (code) => values[code],
      );
    }
    case "optional":
      return optional(makeCoding(column.of));
  }
}

/** The same with one value more: none. It is the whole number 0, the float Infinity, or the text `undefined`. */
function optional(coding: Coding): Coding {
  const isNone = (value: unknown): boolean => value === undefined || value === null;
  switch (coding.kind) {
    case "whole":
      return whole(
        coding.most + 1,
        (value) => (isNone(value) ? 0 : coding.encode(value) + 1),
        (code) => (code === 0 ? undefined : coding.decode(code - 1)),
      );
    case "float":
      return {
        ...coding,
        optional: true,
        encode: (value) => (isNone(value) ? Number.POSITIVE_INFINITY : coding.encode(value)),
        decode: (code: number) => (code === Number.POSITIVE_INFINITY ? undefined : code),
      };
    case "text":
      return {
        ...coding,
        optional: true,
        encode: (value) => (isNone(value) ? undefined : coding.encode(value)),
      };
  }
}

/** How many steps above its lowest value a fixed column has. */
export function stepsOf({ low, high, step }: Extract<ColumnData, { is: "fixed" }>): number {
  // Three tenths in steps of a tenth are 2.9999999999999996 steps.
  return Math.floor((high - low) / step + 1e-6);
}

function linear(low: number, step: number, most: number): WholeCoding {
  return whole(
    most,
    (value) => {
      const code = Math.round(((typeof value === "number" ? value : Number.NaN) - low) / step);
      // What is no number is neither: it becomes the lowest value.
      return code >= most ? most : code > 0 ? code : 0;
    },
    (code) => low + code * step,
    { low, step },
  );
}

function whole(
  most: number,
  encode: (value: unknown) => number,
  decode: (code: number) => Value,
  steps?: WholeCoding["linear"],
): WholeCoding {
  let bytes = 1;
  while (256 ** bytes <= most) bytes++;
  return { kind: "whole", most, bytes, linear: steps, encode, decode };
}

function float(bytes: 4 | 8, encode: (value: unknown) => number): FloatCoding {
  return { kind: "float", bytes, optional: false, encode, decode: asIs };
}

function bitsOf(is: "u8" | "u16" | "u32" | "i8" | "i16" | "i32"): number {
  return Number(is.slice(1));
}

/** A number that is one; infinite ones become `most`. */
function finite(value: unknown, most: number): number {
  if (typeof value !== "number" || Number.isNaN(value)) return 0;
  return clamp(value, most);
}

/** Never -0, which would be told from 0 in one place and not in another. */
function clamp(value: number, most: number): number {
  return value > most ? most : value < -most ? -most : value + 0;
}

function asIs<T>(value: T): T {
  return value;
}

const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** Whether a text has no form in UTF-8: half of a pair stands alone in it. */
export function isIllFormed(text: string): boolean {
  return LONE_SURROGATE.test(text);
}

/** A text of at most so many bytes, cut between characters. Halves of pairs become U+FFFD, as in every encoder. */
function fitText(value: unknown, most: number): string {
  if (typeof value !== "string") return "";
  // Hot: most texts are short, and are looked at in every tick.
  if (value.length * 3 <= most && !isIllFormed(value)) return value;
  const text = isIllFormed(value) ? value.replace(/[\ud800-\udfff]/gu, "\ufffd") : value;
  if (utf8Length(text) <= most) return text;
  let bytes = 0;
  let end = 0;
  for (const letter of text) {
    bytes += utf8Length(letter);
    if (bytes > most) break;
    end += letter.length;
  }
  return text.slice(0, end);
}
