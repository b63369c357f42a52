/**
 * Our frame reader against the one of `ws`, on generated streams. `npm run fuzz:reader` is this file with more of them:
 * `npm run fuzz:reader -- --streams 100000 --seed 7`.
 */
import { describe, expect, test } from "vitest";
import { seededRandom } from "tidemark/testing";
import { frameStream } from "./support/frame-streams.js";
import { frame, closing, BINARY, CLOSE, PING, PONG, TEXT } from "./support/raw.js";
import { readByUs, readByWs } from "./support/read-frames.js";

const STREAMS = Number(process.env["TIDEMARK_STREAMS"] ?? 3000);
const SEED = Number(process.env["TIDEMARK_SEED"] ?? Date.now() % 1_000_000_007);
/** Up to this many bytes a stream is also cut in two at each place. */
const CUT_EVERYWHERE = 160;

/** The stream cut at these places. */
function cutAt(bytes: Buffer, ...places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.toSorted((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

test(
  "W30: what is read is what ws reads, however the stream is cut",
  { timeout: 60_000 + STREAMS * 20 },
  async () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < STREAMS; i++) {
      // What the streams of ws put off to the next turn holds them until then.
      if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
      const random = seededRandom(SEED + i);
      const { bytes, most } = frameStream(random);
      const expected = readByWs(bytes, most);
      const places = (count: number): number[] =>
        Array.from({ length: count }, () => Math.floor(random.float() * (bytes.length + 1)));
      const cuts = [cutAt(bytes), cutAt(bytes, ...places(1)), cutAt(bytes, ...places(1 + (i % 9)))];
      if (bytes.length <= CUT_EVERYWHERE) {
        for (let at = 1; at < bytes.length; at++) cuts.push(cutAt(bytes, at));
        cuts.push(cutAt(bytes, ...bytes.keys()));
      }
      for (const pieces of cuts) {
        const told = readByUs(pieces, most);
        if (told.join("\n") === expected.join("\n")) continue;
        const sizes = pieces.map((piece) => piece.length).join(" ");
        const again = `npm run fuzz:reader -- --streams 1 --seed ${SEED + i}`;
        expect(told, `${bytes.length} bytes, read as ${sizes.slice(0, 200)}; again: ${again}`).toEqual(
          expected,
        );
      }
      const end = expected.at(-1)?.split(" ", 2).join(" ") ?? "nothing";
      const kind = /^(close|broken)/.test(end) ? end : "open";
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    const ends = [...counts].map(([end, count]) => `${end}: ${count}`).toSorted();
    console.log(`${STREAMS} streams from seed ${SEED} on; how they ended: ${ends.join(", ")}`);
    // All ways to end are met, so that none goes untested.
    if (STREAMS >= 1000)
      for (const code of [1002, 1007, 1009]) expect(counts.get(`broken ${code}`)).toBeGreaterThan(0);
  },
);

describe("streams worth a test of their own", () => {
  const wasteful = (first: number, width: 2 | 8, size: number): Buffer => {
    const head = Buffer.alloc(2 + width + 4 + size);
    head[0] = first;
    head[1] = 0x80 | (width === 2 ? 126 : 127);
    head.writeUInt16BE(size, width);
    return head;
  };
  const sorts: readonly (readonly [title: string, bytes: Buffer, told: readonly string[]])[] = [
    ["W31: 125 bytes, their length in two", wasteful(0x81, 2, 125), ["broken 1002"]],
    ["W31: nothing, its length in eight", wasteful(0x81, 8, 0), ["broken 1002"]],
    ["W31: 65,535 bytes, their length in eight", wasteful(0x82, 8, 65_535), ["broken 1002"]],
    ["W31: a fragment, its length in two", wasteful(0x01, 2, 5), ["broken 1002"]],
    [
      "a frame and the beginning of another",
      Buffer.concat([frame(TEXT, "a"), frame(TEXT, "b").subarray(0, 3)]),
      ["text a"],
    ],
    [
      "fragments with everything between them, and a frame after them",
      Buffer.concat([
        frame(TEXT, "a", { fin: false }),
        frame(PING, "p"),
        frame(0, "b", { fin: false }),
        frame(PONG),
        frame(0, "€"),
        frame(BINARY, "c"),
      ]),
      ["ping 70", "pong", "text ab€", "binary 63"],
    ],
    [
      "nothing after what is wrong",
      Buffer.concat([frame(TEXT, "a"), frame(3), frame(TEXT, "b")]),
      ["text a", "broken 1002"],
    ],
    [
      "nothing after a close",
      Buffer.concat([frame(CLOSE, closing(4000, "bye")), frame(TEXT, "b")]),
      ["close 4000 bye"],
    ],
  ];

  test.each(sorts)("%s", (_, bytes, told) => {
    for (let at = 0; at <= Math.min(bytes.length, 300); at++)
      expect(readByUs(cutAt(bytes, at), 100_000)).toEqual(told);
  });
});
