/** JSON that need not be parsed. Nobody must be able to tell. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { endOfPlainJson } from "../../src/server/connection/commands/plain-json.js";

const RUNS = 10_000;
const SEED = Number(process.env["TIDEMARK_SEED"] ?? Date.now() % 1_000_000_007);

/** The plain JSON at the beginning of a text, as it stands between other things; `undefined` where there is none. */
function plainAt(text: string, rest = ""): string | undefined {
  const bytes = Buffer.from(`##${text}${rest}`);
  const to = 2 + Buffer.byteLength(text);
  const end = endOfPlainJson(bytes, 2, to);
  return end < 0 ? undefined : bytes.toString("utf8", 2, end);
}

function rewritten(json: string): string {
  return JSON.stringify(JSON.parse(json) as unknown);
}

/** Pieces of which JSON and what looks like it can be put together. */
const pieces = fc.oneof(
  fc.constantFrom(
    ...String.raw`{" "a": "b": "é": ": " "a" { } [ ] , : "1": "__proto__": "": é 😀`.split(" "),
  ),
  fc.constantFrom(...String.raw`true false null tru \n \u0041 0 1 - .5 12.25 1.50 -0 1e3 1E5`.split(" ")),
  fc.constantFrom("0.0000001", "0.000001", "123456789012345", "1234567890123456", " ", "\n"),
);

test(`L3: what is taken for plain is what stringify would write (seed ${SEED})`, () => {
  let plain = 0;
  const property = (text: string): void => {
    const json = plainAt(text);
    if (json === undefined) return;
    plain++;
    expect(text.startsWith(json)).toBe(true);
    expect(rewritten(json)).toBe(json);
  };
  const values = fc.anything({ withNullPrototype: false }).map((value) => JSON.stringify(value) ?? "null");
  const scattered = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
  const broken = fc
    .tuple(
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.nat(),
      pieces,
      fc.nat(3),
    )
    .map(([json, at, piece, less]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + piece + json.slice(place + less);
    });
  fc.assert(fc.property(fc.oneof(values, scattered, broken), property), { numRuns: RUNS, seed: SEED });
  expect(plain).toBeGreaterThan(RUNS / 10);
});

test(`L3: numbers are plain only where they come out as they went in (seed ${SEED})`, () => {
  const digits = fc.string({
    unit: fc.constantFrom("0", "0", "0", "1", "2", "5", "9", "9"),
    minLength: 1,
    maxLength: 10,
  });
  const numbers = fc
    .tuple(fc.constantFrom("", "-"), digits, fc.option(digits), fc.constantFrom("", "", "", "e5", "E-7"))
    .map(([sign, whole, part, rest]) => `${sign}${whole}${part === null ? "" : `.${part}`}${rest}`);
  let plain = 0;
  const property = (text: string): void => {
    const json = plainAt(text);
    if (json === undefined || json !== text) return;
    plain++;
    expect(String(Number(json))).toBe(json);
  };
  fc.assert(fc.property(numbers, property), { numRuns: RUNS, seed: SEED });
  expect(plain).toBeGreaterThan(RUNS / 10);
});

test("L3: what clients write is plain", () => {
  for (const value of [
    { text: "Grüße, 😀 and “more”", at: 1_764_412_345_678, user: { id: 17, name: "Ann" }, tags: ["a", "b"] },
    { x: 12.5, y: -0.25, z: 0.000001, hp: 0, alive: true, target: null },
    [[], {}, "", 0, -1, [1, 2, [3]]],
    "text",
    false,
    { "": 1, __proto__: null, constructor: 2, a1: 3, "-1": 4 },
  ]) {
    const json = JSON.stringify(value);
    expect(plainAt(json, '"}')).toBe(json);
  }
});

test("L3: what stringify would write in another way is not plain", () => {
  const deep = "[".repeat(33) + "]".repeat(33);
  const wide = `{${Array.from({ length: 65 }, (_, i) => `"k${i}":1`).join()}}`;
  const objects = '{"a":1,"a":2} {"a":{"b":1,"b":1}} {"b":1,"1":2} {"a":1,} {,} {a:1}'.split(" ");
  const numbers = "-0 1.0 0.0 1e2 0.0000001 01 +1 .5 1. - 9007199254740993 1234567.123456789".split(" ");
  const cut = '" "a { {"a" {"a": {"a":1 {"a":1, [ [1 [1, nul'.split(" ");
  const escaped = String.raw`"\u0041" "\/" "\n" "\ud800"`.split(" ");
  const spaced = ['{"a": 1}', " 1", "[1 ]", '"a\tb"', ""];
  const others = [...objects, ...numbers, ...cut, ...escaped, ...spaced, deep, wide];
  others.push("[1,]", "[,1]", "NaN", "undefined", "True", "'a'");
  for (const other of others) expect(plainAt(other), other).not.toBe(other);
});

test("L3: a value that what follows it would complete is not plain", () => {
  for (const [cut, rest] of [
    ['"a', '"'],
    ["tru", "e"],
    ['{"a":1', "}"],
    ["[1", "]"],
    ['{"a', '":1}'],
  ] as const)
    expect(endOfPlainJson(Buffer.from(cut + rest), 0, cut.length)).not.toBe(cut.length);
});
