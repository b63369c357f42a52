/** What a stream of frames says: as our reader tells it, and as `ws` does. */
import { expect } from "vitest";
import { Receiver } from "ws";
import { FrameAssembler } from "../../../src/server/transports/websocket/frame-assembler.js";
import { readWholeFrames, type FrameOwner } from "../../../src/server/transports/websocket/whole-frames.js";

/** Something that was read, as text: what it is, and then what is in it. */
export type Told = string;

/** Reads the pieces one after the other, each from a buffer of its own, as a socket gives them. */
export function readByUs(pieces: readonly Buffer[], most: number): Told[] {
  const told: Told[] = [];
  let ended = false;
  const owner: FrameOwner = {
    get ended() {
      return ended;
    },
    onText: (bytes, from, to, ascii) => {
      const text = bytes.toString("utf8", from, to);
      expect(ascii && text !== bytes.toString("latin1", from, to)).toBe(false);
      told.push(`text ${text}`);
    },
    onBinary: (bytes) => told.push(`binary ${bytes.toString("hex")}`),
    onPing: (data) => told.push(`ping ${data.toString("hex")}`),
    onPong: () => told.push("pong"),
    onClose: (code, reason) => {
      ended = true;
      told.push(`close ${code} ${reason}`);
    },
    onBroken: (code) => {
      ended = true;
      told.push(`broken ${code}`);
    },
  };
  let assembler: FrameAssembler | undefined;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    const at = assembler === undefined ? readWholeFrames(bytes, 0, most, owner) : 0;
    if (at === bytes.length) continue;
    assembler ??= new FrameAssembler(most, owner);
    assembler.read(bytes.subarray(at));
    if (assembler.idle) assembler = undefined;
  }
  return told;
}

/** The reference. It is given no further than to the first length that is longer than need be: it would take that. */
export function readByWs(stream: Buffer, most: number): Told[] {
  const told: Told[] = [];
  let ended = false;
  const receiver = new Receiver({ isServer: true, maxPayload: most, maxFragments: 0, maxBufferedChunks: 0 })
    .on("message", (data, isBinary) =>
      told.push(isBinary ? `binary ${data.toString("hex")}` : `text ${data.toString()}`),
    )
    .on("ping", (data) => told.push(`ping ${data.toString("hex")}`))
    .on("pong", () => told.push("pong"))
    .on("conclude", (code, reason) => {
      ended = true;
      told.push(`close ${code} ${reason.toString()}`);
    })
    .on("error", () => {});
  const wasteful = wastefulLength(stream);
  receiver.write(Buffer.from(stream.subarray(0, wasteful)));
  const { errored } = receiver;
  if (errored !== null) told.push(`broken ${String(statusOf(errored))}`);
  else if (!ended && wasteful < stream.length) told.push("broken 1002");
  return told;
}

/** The code that `ws` would close with; it keeps it under a symbol. */
function statusOf(error: Error): unknown {
  const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === "status-code");
  return symbol === undefined ? undefined : Reflect.get(error, symbol);
}

/** Where the first frame begins whose length is written in more bytes than it needs; the stream's end without one. */
function wastefulLength(stream: Buffer): number {
  let at = 0;
  while (at + 2 <= stream.length) {
    const second = stream.readUInt8(at + 1);
    const short = second & 127;
    const known = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + known > stream.length) break;
    const size =
      short < 126
        ? BigInt(short)
        : short === 126
          ? BigInt(stream.readUInt16BE(at + 2))
          : stream.readBigUInt64BE(at + 2);
    if ((short === 126 && size < 126n) || (short === 127 && size < 65_536n)) return at;
    const next = BigInt(at + known + (second >= 128 ? 4 : 0)) + size;
    if (next > BigInt(stream.length)) break;
    at = Number(next);
  }
  return stream.length;
}
