/** Commands that are read where they lie. Nobody must be able to tell. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCommand, readTextLines, type Command } from "../../src/protocol/index.js";
import { readPlainCommands } from "../../src/server/connection/commands/plain-commands.js";
import { textFrame } from "../../src/testing/text-frame.js";

const RUNS = 10_000;
const SEED = Number(process.env["TIDEMARK_SEED"] ?? Date.now() % 1_000_000_007);

/** In the middle of other bytes, as it would be in what a socket gave. */
function readPlainly(frame: string): Command[] | undefined {
  const [bytes, from, to, ascii] = textFrame(frame);
  const around = Buffer.concat([Buffer.from('"}'), bytes, Buffer.from('"}}]')]);
  return readPlainCommands(around, from + 2, to + 2, ascii);
}

/** What is read of a frame in every other way, with payloads as the log keeps them. */
function readFully(frame: string): unknown[] {
  return readTextLines(frame).map(decodeCommand).map(withJson);
}

function withJson(command: Command): unknown {
  if (command.do !== "publish") return command;
  const { data, json = JSON.stringify(data), ...rest } = command;
  return { ...rest, json };
}

/** Nearly always what it says, once in a while something else. */
function mostly(usual: string, ...others: string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 15, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
}

const number = fc.oneof(
  { weight: 3, arbitrary: fc.maxSafeNat().map(String) },
  { weight: 9, arbitrary: fc.nat(2000).map(String) },
  fc.constantFrom("0", "00", "01", "-0", "-1", "1.0", "1e3", "", " 1", "9007199254740993", "null", '"1"'),
);
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('"chat/a"', '"chat/b"', '"echo"', '"grüße/😀"') },
  fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
  fc.string({ maxLength: 300 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '""',
    '"a\\u0062"',
    '"a\tb"',
    '"a"b"',
    "echo",
    '"',
    `"${"é".repeat(128)}"`,
    `"${"x".repeat(256)}"`,
  ),
);
const data = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
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
  fc.constantFrom(
    '{"a":1,"a":2}',
    '{"b":1,"1":2}',
    "1.0",
    "-0",
    "1e400",
    '"\\ud800"',
    '{"__proto__":1}',
    "null",
  ),
);
const rest = fc.oneof(
  { weight: 3, arbitrary: number.map((idem) => `,"idem":${idem}`) },
  { weight: 2, arbitrary: number.map((idem) => `,"idem":${idem},"first":true`) },
  fc.constantFrom(
    "",
    ',"first":true',
    ',"idem":"a"',
    ',"first":true,"idem":1',
    ',"age":3',
    ',"bytes":0',
    ',"x":1',
  ),
);
const scattered = fc
  .tuple(
    mostly("{", " {", "[{", ""),
    mostly('"id":', '"Id":', '"id" :', '"id":"'),
    number,
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(',"publish":', ',"call":') },
      fc.constantFrom(
        ', "call":',
        ',"call":1,"call":',
        ',"Call":',
        ',"subscribe":',
        ',"call":"a","publish":',
      ),
    ),
    name,
    mostly(',"data":', ',"data" :', ',"x":1,"data":', ',"datum":', ""),
    data,
    rest,
    mostly("}", "} ", "}}", "", "]", ',"x":1}'),
  )
  .map((parts) => parts.join(""));
const plain = fc
  .tuple(
    fc.nat(),
    fc.constantFrom('"publish":"chat/a"', '"publish":"é"', '"call":"echo"'),
    fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  )
  .map(([id, verb, value]) => `{"id":${id},${verb},"data":${value}}`);
const lines = fc.oneof(scattered, { weight: 3, arbitrary: plain });
const frames = fc.oneof(
  { weight: 2, arbitrary: scattered },
  fc
    .tuple(fc.array(lines, { minLength: 1, maxLength: 4 }), fc.constantFrom("\n", "\n", "\n", "\n\n", " \n"))
    .map(([several, between]) => several.join(between)),
  lines.map((line) => `${line}\n`),
);

test(`W2: commands that are read where they lie are what they are for everybody else (seed ${SEED})`, () => {
  const seen = { publish: 0, call: 0, several: 0 };
  const property = (frame: string): void => {
    const commands = readPlainly(frame);
    if (commands === undefined) return;
    expect(commands.map(withJson)).toEqual(readFully(frame));
    if (commands.length > 1) seen.several++;
    for (const command of commands) if (command.do === "publish" || command.do === "call") seen[command.do]++;
  };
  fc.assert(fc.property(frames, property), { numRuns: RUNS, seed: SEED });
  expect(Math.min(seen.publish, seen.call, seen.several)).toBeGreaterThan(RUNS / 200);
});

test("W2: what clients write is read where it lies", () => {
  const frame = [
    '{"id":12,"call":"grüße","data":{"a":[1,"x\\n"],"bytes":2}}',
    '{"id":13,"publish":"chat/ä","data":{"text":"é 😀"},"idem":4}',
    '{"id":14,"publish":"chat/a","data":null,"idem":0,"first":true}',
    '{"id":15,"publish":"chat/a","data":[1.5]}',
  ];
  const expected = frame.flatMap(readFully);
  expect(readPlainly(frame.join("\n"))?.map(withJson)).toEqual(expected);
  expect(readPlainly(`${frame.join("\n")}\n`)?.map(withJson)).toEqual(expected);
  // Names that come again come as the same string.
  expect(frame.map(readPlainly)).toEqual(frame.map(readPlainly));
});

test("W2: what is not plainly such a command is left to others", () => {
  for (const other of [
    '{"id":1,"call":"a"}',
    '{"call":"a","data":1}',
    '{"id":1,"subscribe":"a"}',
    '{"id":1,"call":"a","data":1,"data":2}',
    '{"id":1,"call":"a","data":1}\n{"id":2,"call":"a","data":x}',
    '{"id":1,"publish":"a","data":null,"bytes":3}\nYWJj',
    '{"id":1,"publish":"a","data":1,"idem":1,"age":5}',
    '{"id":1,"publish":"a\u0000","data":1}',
    "{}",
    "",
    "\n",
  ])
    expect([other, readPlainly(other)]).toEqual([other, undefined]);
});
