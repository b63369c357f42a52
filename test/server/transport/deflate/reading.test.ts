/** Compressed messages as they are read, frame by frame. */
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Random } from "tidemark/protocol";
import { seededRandom } from "tidemark/testing";
import { inflate } from "../../../../src/server/transports/websocket/deflate/inflate.js";
import { FrameAssembler } from "../../../../src/server/transports/websocket/frame-assembler.js";
import {
  readWholeFrames,
  type FrameOwner,
} from "../../../../src/server/transports/websocket/whole-frames.js";
import { RSV1, compress, compressed } from "../../support/deflate.js";
import { BINARY, PING, TEXT, frame } from "../../support/raw.js";

const SEED = Number(process.env["TIDEMARK_SEED"] ?? Date.now() % 1_000_000_007);
const RUNS = 300;
const MOST = 100_000;

/** Reads as a link does: pieces one after the other, and none while a message waits. `waits` says whether one has to. */
function readAll(pieces: readonly Buffer[], waits: () => boolean, inflates = true): string[] {
  const told: string[] = [];
  let inflated = 0;
  const owner: FrameOwner & { ended: boolean } = {
    ended: false,
    onText: (bytes, from, to, ascii) => {
      const text = bytes.toString("utf8", from, to);
      expect(ascii && text !== bytes.toString("latin1", from, to)).toBe(false);
      told.push(`text ${text}`);
    },
    onBinary: (bytes) => told.push(`binary ${bytes.toString("hex")}`),
    onPing: (data) => told.push(`ping ${data.toString("hex")}`),
    onPong: () => told.push("pong"),
    onClose: (code) => {
      owner.ended = true;
      told.push(`close ${code}`);
    },
    onBroken: (code) => {
      owner.ended = true;
      told.push(`broken ${code}`);
    },
    mayInflate: () => !waits(),
    onInflated: (bytes) => (inflated += bytes),
  };
  let assembler: FrameAssembler | undefined;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    const at = assembler === undefined ? readWholeFrames(bytes, 0, MOST, owner) : 0;
    if (at === bytes.length) continue;
    assembler ??= new FrameAssembler(MOST, owner, undefined, inflates);
    assembler.read(bytes.subarray(at));
    while (assembler.waits) assembler.goOn();
    if (assembler.idle) assembler = undefined;
  }
  expect(inflated).toBeLessThanOrEqual(MOST * told.length);
  return told;
}

const TEXTS = ["", "a", '{"id":1}', "né€😀", "\n", "x".repeat(300), "€".repeat(20_000)] as const;

/** A message in one of all the ways in which it can be sent, and what is to be told of it. */
function anyMessage(random: Random): { readonly frames: Buffer[]; readonly told: string[] } {
  const below = (end: number): number => Math.floor(random.float() * end);
  const isText = below(3) > 0;
  const text = TEXTS[below(TEXTS.length)] ?? "";
  const data = isText ? Buffer.from(text.repeat(1 + below(3))) : Buffer.alloc(below(2000), below(256));
  if (data.length > MOST) return { frames: [], told: [] };
  const told = [isText ? `text ${data.toString()}` : `binary ${data.toString("hex")}`];
  const opcode = isText ? TEXT : BINARY;
  const isCompressed = below(4) > 0;
  // Stored, in any level, or with a last block, behind which RFC 7692 (7.2.3.4) has an empty byte.
  const bytes = !isCompressed
    ? data
    : below(6) === 0
      ? Buffer.concat([deflateRawSync(data, { finishFlush: constants.Z_FINISH }), Buffer.alloc(1)])
      : compress(data, below(10));
  const frames: Buffer[] = [];
  let at = 0;
  for (let left = below(3) === 0 ? below(5) : 0; left >= 0; left--) {
    const end = left === 0 ? bytes.length : at + below(bytes.length - at + 1);
    const rsv = isCompressed && frames.length === 0 ? RSV1 : 0;
    const fin = left === 0;
    frames.push(frame(frames.length === 0 ? opcode : 0, bytes.subarray(at, end), { fin, rsv }));
    at = end;
  }
  if (frames.length > 1 && below(3) === 0) {
    frames.splice(1 + below(frames.length - 1), 0, frame(PING, "p"));
    told.unshift("ping 70");
  }
  return { frames, told };
}

describe(`seed ${SEED}`, () => {
  it("W41: compressed or not, in fragments and cut anywhere, messages are what was sent, in their order", () => {
    for (let run = 0; run < RUNS; run++) {
      const random = seededRandom(SEED + run);
      const messages = Array.from({ length: 1 + Math.floor(random.float() * 8) }, () => anyMessage(random));
      const bytes = Buffer.concat(messages.flatMap(({ frames }) => frames));
      const expected = messages.flatMap(({ told }) => told);
      for (const cuts of [0, 1, 7, 40]) {
        const places = Array.from({ length: cuts }, () => Math.floor(random.float() * bytes.length));
        const sorted = [0, ...places.toSorted((a, b) => a - b), bytes.length];
        const pieces = sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
        expect(
          readAll(pieces, () => random.float() < 0.4),
          `TIDEMARK_SEED=${SEED + run}`,
        ).toEqual(expected);
      }
    }
  });
});

const never = (): boolean => false;

describe("W41: what is wrong ends it", () => {
  const wrong: readonly (readonly [what: string, bytes: Buffer, code: number])[] = [
    ["W41: a continuation that says it is compressed", frame(0, "x", { rsv: RSV1 }), 1002],
    ["W41: a ping", frame(PING, "x", { rsv: RSV1 }), 1002],
    ["W41: RSV2", frame(TEXT, compress("x"), { rsv: 2 }), 1002],
    ["W41: RSV1 and RSV3", frame(TEXT, compress("x"), { rsv: 5 }), 1002],
    ["W41: bytes that nothing is compressed to", frame(TEXT, Buffer.alloc(20, 0xff), { rsv: RSV1 }), 1007],
    ["W41: a dictionary that is not there", frame(TEXT, Buffer.from("4b04620a", "hex"), { rsv: RSV1 }), 1007],
    ["W41: a text that is no UTF-8", compressed(TEXT, Buffer.from([0x61, 0xff])), 1007],
    ["W41: one byte more than a message may have", compressed(BINARY, Buffer.alloc(MOST + 1)), 1009],
    ["W41: a hundred times as much", compressed(TEXT, "\n".repeat(MOST * 100), 9), 1009],
  ];
  it.each(wrong)("%s", (_, bytes, code) => {
    const before = frame(TEXT, "before", { fin: false });
    const isContinuation = (bytes.readUInt8(0) & 0x0f) === 0;
    const stream = isContinuation ? [before, bytes] : [bytes];
    for (const waits of [never, flip()])
      expect(readAll([Buffer.concat([...stream, frame(TEXT, "after")])], waits)).toEqual([`broken ${code}`]);
  });

  it("W41: and anything compressed, where that was not agreed on", () => {
    expect(readAll([compressed(TEXT, "x")], never, false)).toEqual(["broken 1002"]);
  });

  it("W41: as many bytes as a message may have are taken", () => {
    expect(readAll([compressed(BINARY, Buffer.alloc(MOST))], never)).toHaveLength(1);
  });
});

/** True, then false, and so on. */
function flip(): () => boolean {
  let last = false;
  return () => (last = !last);
}

it("W41: of what is too long no more is made than a message may have", () => {
  const bomb = compress(Buffer.alloc(64 * 1024 * 1024), 9);
  expect(bomb.length).toBeLessThan(100_000);
  const before = process.memoryUsage().arrayBuffers;
  expect(inflate(bomb, MOST)).toBe(1009);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
});
