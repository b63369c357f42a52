import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FrameError,
  joinPart,
  readBinaryLines,
  writeParts,
  type Line,
  type PartOwner,
} from "../../src/protocol/index.js";
import { joinBytes } from "../../src/protocol/bytes.js";

/** Takes lines of one owner; what came of each. */
function joiner(owner: PartOwner = {}): (value: unknown, bytes?: Uint8Array) => Line | undefined {
  return (value, bytes) => joinPart({ value, bytes }, () => owner);
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const message = (offset: number, size: number, more: object): unknown => [
  7,
  offset,
  null,
  { bytes: size, ...more },
];

describe("parts are put together", () => {
  test("to the message that would have come in one line", () => {
    const take = joiner();
    const first = [7, 5, null, { from: "ann", bytes: 2, part: 0, more: true }];
    expect(take(first, bytes(1, 2))).toBeUndefined();
    expect(take(message(5, 1, { part: 1, more: true }), bytes(3))).toBeUndefined();
    const whole = take(message(5, 2, { part: 2 }), bytes(4, 5));
    expect(whole).toStrictEqual({
      value: first,
      bytes: bytes(1, 2, 3, 4, 5),
    });
  });

  test("and so are those of answers", () => {
    const take = joiner();
    const ok = { entries: [[5, null, { bytes: 3 }]], complete: true, more: false };
    expect(take({ id: 4, ok, bytes: 2, part: 0, more: true }, bytes(1, 2))).toBeUndefined();
    const whole = take({ id: 4, bytes: 1, part: 1 }, bytes(3));
    expect(whole).toStrictEqual({
      value: { id: 4, ok, bytes: 2, part: 0, more: true },
      bytes: bytes(1, 2, 3),
    });
  });

  test("by their owner, while others come in between", () => {
    const owners = new Map<number, PartOwner>([
      [1, {}],
      [2, {}],
    ]);
    const take = (ch: number, part: object, content: Uint8Array): Line | undefined =>
      joinPart({ value: [ch, 9, null, { bytes: 1, ...part }], bytes: content }, (value) =>
        owners.get((value as [number])[0]),
      );
    take(1, { part: 0, more: true }, bytes(1));
    take(2, { part: 0, more: true }, bytes(2));
    expect(take(2, { part: 1 }, bytes(3))?.bytes).toEqual(bytes(2, 3));
    expect(take(1, { part: 1 }, bytes(4))?.bytes).toEqual(bytes(1, 4));
  });

  test("anew with each part 0", () => {
    const take = joiner();
    take(message(5, 1, { part: 0, more: true }), bytes(1));
    take(message(5, 1, { part: 1, more: true }), bytes(2));
    take(message(6, 1, { part: 0, more: true }), bytes(3));
    expect(take(message(6, 1, { part: 1 }), bytes(4))?.bytes).toEqual(bytes(3, 4));
    expect(take(message(7, 1, { part: 0 }), bytes(5))?.bytes).toEqual(bytes(5));
  });

  test("unless nobody owns them, and a line that is no part is nobody's business", () => {
    const nobody = (): undefined => undefined;
    expect(joinPart({ value: message(5, 1, { part: 3 }), bytes: bytes(1) }, nobody)).toBeUndefined();
    for (const value of [[1, 2, "x"], {}, null, "text", 7, { id: 1, ok: { part: 1 } }]) {
      const line = { value, bytes: undefined };
      expect(joinPart(line, () => expect.fail())).toBe(line);
    }
  });
});

describe("what is not the next part is a malformed frame", () => {
  type Taken = readonly [value: unknown, bytes?: Uint8Array];
  const part = (number: unknown, offset = 5): Taken => [
    message(offset, 1, { part: number, more: true }),
    bytes(1),
  ];
  test.each<readonly [string, readonly Taken[], Taken]>([
    ["a first one that is not part 0", [], part(1)],
    ["one too many", [part(0)], part(2)],
    ["the same again", [part(0), part(1)], part(1)],
    ["another message's", [part(0)], part(1, 6)],
    ["one of no number", [part(0)], part("1")],
    ["one that has no bytes", [], [message(5, 1, { part: 0, more: true })]],
  ])("%s", (_, before, last) => {
    const take = joiner();
    for (const one of before) take(...one);
    expect(() => take(...last)).toThrow(FrameError);
  });
});

test("what is written in parts is read as it was, in frames of their own and in one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.integer({ min: 1, max: 60 }), (content, most) => {
      const parts = writeParts(
        '{"id":5,"publish":"a","data":null,"idem":3',
        '{"id":5,"publish":"a"',
        content,
        most,
      );
      expect(parts).toHaveLength(Math.max(1, Math.ceil(content.length / most)));
      const alone = parts.flatMap((frame) => readBinaryLines(frame));
      expect(readBinaryLines(joinBytes(parts))).toEqual(alone);
      for (const line of alone.slice(1)) expect(line.value).not.toHaveProperty("idem");
      const owner: PartOwner = {};
      const whole = alone.flatMap((line) => joinPart(line, () => owner) ?? []);
      const value = { id: 5, publish: "a", data: null, idem: 3 };
      expect(whole).toMatchObject([{ value, bytes: Uint8Array.from(content) }]);
    }),
  );
});
