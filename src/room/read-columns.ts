/** The columns of rows as codes. Hot: each value of a room, in every tick. */
import type { Value } from "./column.js";
import type { Layout } from "./layout.js";
import type { Cells, Texts } from "./ring.js";

/** A row as an application writes to it. */
export type OpenRow = Record<string, Value>;

export interface Reading {
  readonly rows: readonly OpenRow[];
  /** Their ids. */
  readonly order: Uint16Array;
  /** Where it is noted, by id, that a row has changed, and in which tick. */
  readonly changed: Float64Array;
  readonly tick: number;
  /** Whether values become what was read of them. */
  readonly settle: boolean;
  /** Where the codes of each column go, and where those of the tick before lie; for texts both are the same. */
  readonly now: readonly (Cells | Texts)[];
  readonly was: readonly (Cells | Texts)[];
  /** Is told of texts that are not those of the tick before, or may not be. */
  readonly onText: (column: number, row: OpenRow, id: number, settle: boolean) => void;
}

export type ReadColumns = (reading: Reading) => void;

const readers = new WeakMap<Layout, ReadColumns>();

/** What reads rows of this layout. */
export function readerOf(layout: Layout): ReadColumns {
  let reader = readers.get(layout);
  if (reader === undefined) {
    try {
      reader = compiledReader(layout);
    } catch {
      // A process may be run so that nothing is compiled in it.
      reader = plainReader(layout);
    }
    readers.set(layout, reader);
  }
  return reader;
}

/** Reads by names that are only known when it runs, which takes three times as long as {@link compiledReader}. */
export function plainReader({ names, codings }: Layout): ReadColumns {
  return ({ rows, order, changed, tick, settle, now, was, onText }) => {
    for (const [column, coding] of codings.entries()) {
      const name = names[column] ?? "";
      const [to, from] = [now[column], was[column]];
      for (let place = 0; place < order.length; place++) {
        const row = rows[place] as OpenRow;
        const id = order[place] as number;
        const value = row[name];
        if (coding.kind === "text") {
          const isGap = value === undefined && !coding.optional;
          if (value !== from?.[id] || isGap) onText(column, row, id, settle);
          continue;
        }
        const code = coding.encode(value);
        if (code !== from?.[id]) changed[id] = tick;
        if (to !== undefined) to[id] = code;
        const settled = settle ? coding.decode(code) : value;
        if (settled !== value || (settle && value === 0)) row[name] = settled;
      }
    }
  };
}

/**
 * The same as a function that is written for these columns. Names of columns are words (`table` sees to it), and all else in its text
 * is numbers.
 */
export function compiledReader({ names, codings }: Layout): ReadColumns {
  const head = ["rows", "order", "changed", "tick", "settle", "now", "was", "onText"];
  const before: string[] = [];
  const perRow: string[] = [];
  for (const [column, coding] of codings.entries()) {
    const name = names[column] ?? "";
    before.push(`const to${column} = now[${column}], from${column} = was[${column}];`);
    if (coding.kind === "text") {
      const isGap = coding.optional ? "" : " || value === undefined";
      perRow.push(
        `value = row.${name};`,
        `if (value !== from${column}[id]${isGap}) onText(${column}, row, id, settle);`,
      );
      continue;
    }
    before.push(`const { encode: encode${column}, decode: decode${column} } = codings[${column}];`);
    const steps = coding.kind === "whole" ? coding.linear : undefined;
    const encoded = steps && coding.kind === "whole" ? linear(steps.low, steps.step, coding.most) : undefined;
    const settled = steps ? `(${steps.low}) + code * ${steps.step}` : `decode${column}(code)`;
    perRow.push(
      `value = row.${name};`,
      encoded ?? `code = encode${column}(value);`,
      `if (code !== from${column}[id]) hasChanged = true;`,
      `to${column}[id] = code;`,
      `if (settle) { settled = ${settled}; if (settled !== value || value === 0) row.${name} = settled; }`,
    );
  }
  const text = `"use strict";
    return ({ ${head.join(", ")} }) => {
      ${before.join("\n      ")}
      let value, near, code, settled, hasChanged;
      for (let place = 0; place < order.length; place++) {
        const row = rows[place], id = order[place];
        hasChanged = false;
        ${perRow.join("\n        ")}
        if (hasChanged) changed[id] = tick;
      }
    };`;
  // oxlint-disable-next-line typescript/no-implied-eval -- Its text is words and numbers; reading by name takes three times as long.
  return new Function("codings", text)(codings) as ReadColumns;
}

/** What the coding of such a column does; dividing by a power of two and multiplying by its inverse are the same. */
function linear(low: number, step: number, most: number): string {
  const inverse = 1 / step;
  const isPower = Math.log2(step) % 1 === 0 && inverse * step === 1;
  const scaled = isPower ? `* ${inverse}` : `/ ${step}`;
  return `near = Math.round(((typeof value === "number" ? value : NaN) - (${low})) ${scaled});
        code = near >= ${most} ? ${most} : near > 0 ? near : 0;`;
}
