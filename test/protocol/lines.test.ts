import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FrameError,
  readBinaryLines,
  readTextLines,
  splitTextLines,
  writeBinaryLine,
  writeTextLine,
  type Line,
} from "../../src/protocol/index.js";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A line that is a JSON value, with bytes or without; JSON objects only announce what they carry. */
const anyLine: fc.Arbitrary<Line> = fc.oneof(
  fc
    .oneof(
      fc.constant({}),
      fc.record({ id: fc.nat(), publish: fc.string() }),
      fc.array(fc.nat(), { maxLength: 3 }),
    )
    .map((value) => ({ value, bytes: undefined })),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({
    value: { publish: "c", data: null, bytes: bytes.length },
    bytes,
  })),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({
    value: [7, 1, null, { from: "ann", bytes: bytes.length }],
    bytes,
  })),
);

function same(read: readonly Line[], written: readonly Line[]): void {
  expect(read.map(({ value }) => value)).toEqual(written.map(({ value }) => value));
  expect(read.map(({ bytes }) => bytes && [...bytes])).toEqual(
    written.map(({ bytes }) => bytes && [...bytes]),
  );
}

describe("frames read back as the lines they were written from:", () => {
  test("text, by a server and by a client", () => {
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 6 }), (lines) => {
        const texts = lines.map(({ value, bytes }) => {
          const line = JSON.stringify(value);
          return bytes === undefined ? line : writeTextLine(line, bytes);
        });
        const frame = texts.join("\n");
        same(splitTextLines(frame), lines);
        same(readTextLines(frame), lines);
        same(readTextLines(`${frame}\n`), lines);
      }),
    );
  });

  test("binary, with newlines between the lines and without", () => {
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 6 }), (lines) => {
        const parts = lines.map(({ value, bytes }) => {
          const line = JSON.stringify(value);
          return bytes === undefined ? utf8(`${line}\n`) : writeBinaryLine(line, bytes);
        });
        same(readBinaryLines(concat(parts)), lines);
        same(readBinaryLines(concat(parts.flatMap((part) => [part, utf8("\n")]))), lines);
      }),
    );
  });

  test("a large payload of all bytes", () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
    const line = `{"publish":"c","data":null,"bytes":${bytes.length}}`;
    expect(readTextLines(writeTextLine(line, bytes))[0]?.bytes).toEqual(bytes);
    expect(readBinaryLines(writeBinaryLine(line, bytes))[0]?.bytes).toEqual(bytes);
  });
});

describe("a text frame", () => {
  test("is read whole first, so that JSON may be typed over several lines", () => {
    const typed = `{\n  "id": 1,\n  "subscribe":\n "chat/lobby"\r\n}\n`;
    same(readTextLines(typed), [{ value: { id: 1, subscribe: "chat/lobby" }, bytes: undefined }]);
  });

  test("may be empty, or hold empty lines and carriage returns", () => {
    expect(readTextLines("")).toEqual([]);
    expect(readTextLines(" \n\r\n")).toEqual([]);
    same(readTextLines('{"id":1}\r\n\r\n{"id":2}\r\n'), [
      { value: { id: 1 }, bytes: undefined },
      { value: { id: 2 }, bytes: undefined },
    ]);
  });

  test("may carry no bytes at all, and says so", () => {
    for (const frame of ['{"bytes":0}', '{"bytes":0}\n', '{"bytes":0}\n\n{}']) {
      expect(readTextLines(frame)[0]?.bytes).toEqual(new Uint8Array(0));
    }
  });

  test("says why it cannot be read", () => {
    expect(() => readTextLines("hello")).toThrow(new FrameError("not JSON: hello"));
    expect(() => readTextLines('{"id":1}\n{"id":')).toThrow('not JSON: {"id":');
    expect(() => readTextLines('{"bytes":3}')).toThrow("missing");
    expect(() => readTextLines(`${"x".repeat(1_000_000)}`)).toThrow(/^not JSON: x{60}$/);
  });

  test.each([
    '{"bytes":3}\nAAA',
    '{"bytes":3}\n',
    '{"bytes":3}\nAAAAAAAA',
    '{"bytes":3}\n{"id":1}',
    '{"bytes":3}\nA-_A',
    '{"bytes":0}\nAAAA',
    '[1,2,null,{"bytes":3}]\n',
    '{"bytes":-1}\nAAAA',
    '{"bytes":1.5}\nAAAA',
    '{"bytes":"3"}\nAAAA',
    '{"bytes":null}',
    '{"bytes":9007199254740992}\nAAAA',
    "\ufeff{}",
    "{}}",
    "[1,]",
    "undefined",
    "NaN",
    "{'id':1}",
  ])("%j is refused", (frame) => {
    expect(() => readTextLines(frame)).toThrow(FrameError);
  });
});

describe("a binary frame", () => {
  const refused: readonly [string, Uint8Array][] = [
    ["more bytes than there are", utf8('{"bytes":4}\nabc')],
    ["far more bytes than there are", utf8('{"bytes":9007199254740991}\nabc')],
    ["a negative number of bytes", utf8('{"bytes":-1}\nabc')],
    ["bytes that are not UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["an overlong form", Uint8Array.of(0x22, 0xc0, 0x80, 0x22)],
    ["a surrogate", Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)],
    ["a letter cut short", Uint8Array.of(0x22, 0xf0, 0x9f)],
    ["JSON over several lines", utf8('{\n"id":1}')],
    ["bytes that nobody announced", concat([utf8('{"id":1}\n'), Uint8Array.of(1, 2, 3)])],
  ];
  test.each(refused)("with %s is refused", (_what, frame) => {
    expect(() => readBinaryLines(frame)).toThrow(FrameError);
  });

  test("may be empty, and its bytes are views into it", () => {
    expect(readBinaryLines(new Uint8Array(0))).toEqual([]);
    expect(readBinaryLines(utf8("\n\n"))).toEqual([]);
    const frame = utf8('{"bytes":3}\n{}\n{"id":1}');
    const [first, second] = readBinaryLines(frame);
    expect(first?.bytes?.buffer).toBe(frame.buffer);
    expect([...(first?.bytes ?? [])]).toEqual([...utf8("{}\n")]);
    expect(second?.value).toEqual({ id: 1 });
  });

  test("that is a part of a larger buffer is read within its bounds", () => {
    const whole = utf8('xx{"bytes":2}\nabcd');
    expect([...(readBinaryLines(whole.subarray(2, 16))[0]?.bytes ?? [])]).toEqual([97, 98]);
    expect(() => readBinaryLines(whole.subarray(2, 15))).toThrow(FrameError);
  });
});

test("only a line's own bytes field counts: not a payload's, not an inherited one", () => {
  const lines = [
    '{"publish":"c","data":{"bytes":5}}',
    '[1,2,{"bytes":5}]',
    '[1,2,{"bytes":5},{"from":"ann"}]',
    '[{"bytes":5}]',
    '{"__proto__":{"bytes":5}}',
    '[1,2,null,["bytes",5]]',
    '"bytes"',
    "null",
  ];
  for (const line of lines) {
    expect(readTextLines(line)).toMatchObject([{ bytes: undefined }]);
    expect(readBinaryLines(utf8(line))).toMatchObject([{ bytes: undefined }]);
  }
});

describe("whatever a frame holds, it is read or refused with a FrameError:", () => {
  const announcing = fc
    .tuple(fc.oneof(fc.integer(), fc.jsonValue()), fc.string())
    .map(([bytes, rest]) => `${JSON.stringify({ bytes })}\n${rest}`);

  function total(read: () => Line[]): void {
    try {
      for (const { bytes } of read()) expect(bytes === undefined || bytes instanceof Uint8Array).toBe(true);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      expect(error.message).not.toBe("");
    }
  }

  test("text", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.json(),
      announcing,
      fc.array(fc.json()).map((texts) => texts.join("\n")),
    );
    fc.assert(
      fc.property(text, (frame) => total(() => readTextLines(frame))),
      { numRuns: 1000 },
    );
  });

  test("binary", () => {
    const bytes = fc.oneof(fc.uint8Array(), announcing.map(utf8), fc.json().map(utf8));
    fc.assert(
      fc.property(bytes, fc.uint8Array(), (head, tail) => {
        total(() => readBinaryLines(head));
        total(() => readBinaryLines(concat([head, utf8("\n"), tail])));
      }),
      { numRuns: 1000 },
    );
  });

  test("nested a hundred thousand deep", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    total(() => readTextLines(deep));
    total(() => readTextLines(deep.slice(1)));
    total(() => readBinaryLines(utf8(deep)));
  });
});
