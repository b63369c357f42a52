import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_CHANNEL_BYTES, channelNameProblem, utf8Length } from "../../src/protocol/index.js";

const encoder = new TextEncoder();
/** As frames are decoded: a byte order mark is a character like any other. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

test.each([
  "a",
  "chat/general",
  "__proto__",
  "ü",
  "😀",
  "a b",
  "*",
  "{x}:y",
  "%",
  "%zz",
  "100%/%E0%A4%A",
  "//",
  ".",
])("%j is a channel's name", (name) => {
  expect(channelNameProblem(name)).toBeUndefined();
});

test.each([
  ["", "1 to 255"],
  ["a\nb", "control"],
  ["\0", "control"],
  ["\u007f", "control"],
  ["\u009b31m", "control"],
  ["a\u2028", "control"],
  ["\ud83d", "well-formed"],
  ["\ude00", "well-formed"],
  ["\ude00\ud83d", "well-formed"],
  ["a😀\ude00", "well-formed"],
  ["\ud83d\ud83d\ude00", "well-formed"],
])("%j is none", (name, why) => {
  expect(channelNameProblem(name)).toContain(why);
});

test.each(["chat/%00", "chat/%0a%1b[31m", "chat/%E2%80%A8", "%7f", "a/%C2%9B31m/b", "%zz/%00"])(
  "W15: %j is none, since what it stands for has control characters",
  (name) => {
    expect(channelNameProblem(name)).toContain("control");
  },
);

test("W15: a name has at most 255 bytes as it stands, however it is spelled", () => {
  for (const letter of ["x", "\u00e9", "\u6f22", "\u{1f600}"]) {
    const most = Math.floor(255 / encoder.encode(letter).length);
    const spell = (count: number): string =>
      Array.from(encoder.encode(letter.repeat(count)), (byte) => `%${byte.toString(16)}`).join("");
    expect(channelNameProblem(spell(most))).toBeUndefined();
    expect(channelNameProblem(spell(most + 1))).toContain("255");
  }
  expect(channelNameProblem("%61".repeat(1_000_000))).toContain("255");
});

test("a name has at most 255 bytes, not letters", () => {
  expect(MAX_CHANNEL_BYTES).toBe(255);
  for (const letter of ["x", "é", "漢", "😀"]) {
    const most = Math.floor(255 / encoder.encode(letter).length);
    expect(channelNameProblem(letter.repeat(most))).toBeUndefined();
    expect(channelNameProblem(letter.repeat(most + 1))).toContain("255");
  }
  expect(channelNameProblem("x".repeat(10_000_000))).toContain("255");
});

test("the length in UTF-8 is what the encoder makes of well-formed text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8Length(text)).toBe(encoder.encode(text).length);
    }),
  );
});

test("every text either has a problem or survives UTF-8", () => {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 5 });
  fc.assert(
    fc.property(units, (codes) => {
      const name = String.fromCharCode(...codes);
      if (channelNameProblem(name) !== undefined) return;
      expect(decoder.decode(encoder.encode(name))).toBe(name);
    }),
    { numRuns: 1000, examples: [[[0xfeff]]] },
  );
});
