/** Calls that are read where they lie. Nobody must be able to tell. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCommand, readTextLines } from "../../src/protocol/index.js";
import { readPlainCall } from "../../src/protocol/plain-call.js";

const RUNS = 5000;
const SEED = Number(process.env["TIDEMARK_SEED"] ?? Date.now() % 1_000_000_007);

/** What is read of a frame in every other way. */
function readFully(frame: string): unknown {
  const [line, another] = readTextLines(frame);
  if (line === undefined || another !== undefined) throw new Error(`no single line: ${frame}`);
  return decodeCommand(line);
}

/** Nearly always what it says, once in a while something else. */
function mostly(usual: string, ...others: string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
}

const id = fc.oneof(
  fc.maxSafeNat().map(String),
  fc.nat(2000).map(String),
  fc.constantFrom(
    "0",
    "00",
    "01",
    "-0",
    "-1",
    "1.0",
    "1e3",
    "",
    " 1",
    "9007199254740993",
    "999999999999999",
    "null",
  ),
);
const name = fc.oneof(
  fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
  fc.string({ maxLength: 300 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"echo"',
    '""',
    '"a\\u0062"',
    '"a\tb"',
    '"a"b"',
    "echo",
    '"',
    `"${"é".repeat(255)}"`,
    `"${"x".repeat(256)}"`,
  ),
);
const data = fc.oneof(
  fc.json(),
  fc.constantFrom(
    "",
    "1,",
    "1}",
    '1,"data":2',
    '1,"publish":"a"',
    '{"bytes":3}',
    "[,]",
    " 1 ",
    "{\n}",
    '"\n"',
    "1}\n{}",
  ),
);
const frames = fc
  .tuple(
    mostly("{", " {", "[{", ""),
    mostly('"id":', '"Id":', '"id" :', '"id":"'),
    id,
    mostly(',"call":', ',"publish":', ', "call":', ',"call":1,"call":', ',"Call":'),
    name,
    mostly(',"data":', ',"data" :', ',"x":1,"data":', ',"datum":', ""),
    data,
    mostly("}", "} ", "}\n", "}}", "", "]", ',"x":1}'),
  )
  .map((parts) => parts.join(""));

test(`W2: a call that is read where it lies is what it is for everybody else (seed ${SEED})`, () => {
  let plain = 0;
  fc.assert(
    fc.property(frames, (frame) => {
      const call = readPlainCall(frame);
      if (call === undefined) return;
      plain++;
      expect(call).toEqual(readFully(frame));
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(plain).toBeGreaterThan(RUNS / 20);
});

test("W2: what clients write is read where it lies", () => {
  expect(readPlainCall('{"id":12,"call":"grüße","data":{"a":[1,"x\\n"],"bytes":2}}')).toEqual({
    do: "call",
    id: 12,
    method: "grüße",
    data: { a: [1, "x\n"], bytes: 2 },
  });
  for (const other of [
    '{"id":1,"call":"a"}',
    '{"id":1,"call":"a","data":1}\n{"id":2,"call":"a","data":1}',
    '{"id":1,"publish":"a","data":1}',
    '{"id":1,"call":"a","data":1,"data":2}',
    "{}",
    "",
  ])
    expect(readPlainCall(other)).toBeUndefined();
});
