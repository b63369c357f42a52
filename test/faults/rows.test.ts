/** test/faults/rows.json names files and tests, which `npm run faults:proof` runs: they are where it says. */
import { expect, test } from "vitest";
import { filesBelow, readText } from "../project/files.js";

interface Named {
  readonly file: string;
  readonly name: string;
}

const { rows } = JSON.parse(readText("test/faults/rows.json")) as {
  rows: Record<string, { readonly tests: readonly Named[] }>;
};
const named = Object.entries(rows).flatMap(([row, { tests }]) => tests.map((one) => ({ row, ...one })));

test("each row names files that there are", () => {
  const files = new Set(filesBelow("test"));
  expect(named.filter(({ file }) => !files.has(file))).toEqual([]);
});

test("each row names tests that their files have", () => {
  expect(named.filter(({ file, name }) => !hasTest(readText(file), name))).toEqual([]);
});

/** Whether a file has a test of that name: as it is written, or made from a title with places to fill in. */
function hasTest(text: string, name: string): boolean {
  if (text.includes(name)) return true;
  return [...text.matchAll(/(["'`])((?:\\.|(?!\1)[^\\\n])+)\1/g)].some(([, , title = ""]) => {
    // A row may leave out the rules that a title begins with.
    const words = title.replace(/^(?:[A-Z]\d+(?:, )?)+: /, "").replaceAll(/\\(.)/g, "$1");
    const pieces = words.split(/%[sdijo]|\$\w+|\$\{[^}]*\}/);
    // A title that is nothing but places to fill in would fit every name.
    if (pieces.length === 1 || Math.max(...pieces.map((piece) => piece.length)) < 8) return false;
    return new RegExp(pieces.map(escape).join("[^]*")).test(name);
  });
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
