import { expect, it } from "vitest";
import { Chunk, bytesLine, textLine } from "../../src/server/delivery/chunk.js";
import { frameOf, framesOf } from "../../src/server/transports/websocket/frame.js";

const text = (line: string): Chunk => new Chunk([textLine(line)]);
const large = (letter: string): Chunk => text(letter.repeat(5000));

/** The payloads of frames, one each. */
function payloads(frames: readonly (string | Buffer)[]): string[] {
  return frames.map((frame) => {
    const bytes = typeof frame === "string" ? Buffer.from(frame, "latin1") : frame;
    const size = bytes.readUInt8(1) & 127;
    return bytes.toString("utf8", size === 126 ? 4 : 2);
  });
}

it("F8: small chunks for one connection go together in one frame", () => {
  expect(payloads(framesOf([text("1"), text("2"), text("ü")]))).toEqual(["1\n2\nü"]);
});

it("F8: a large chunk goes as the frame that all its subscribers share, in its place", () => {
  const [a, b] = [large("a"), large("b")];
  const frames = framesOf([text("1"), a, text("2"), text("3"), b]);
  expect(payloads(frames)).toEqual(["1", "a".repeat(5000), "2\n3", "b".repeat(5000)]);
  expect(frames[1]).toBe(frameOf(a));
  expect(frames[3]).toBe(frameOf(b));
});

it("F8: one of bytes makes the small ones it goes with a binary frame, and no other", () => {
  const bytes = new Chunk([bytesLine('{"bytes":2}', Buffer.from("ok"))]);
  const frames = framesOf([text("1"), bytes, large("a")]);
  expect(frames.map((frame) => (frame as Buffer)[0])).toEqual([0x82, 0x81]);
  expect(payloads(frames)[0]).toBe('1\n{"bytes":2}\nok');
});
