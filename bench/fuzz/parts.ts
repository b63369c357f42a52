/** Messages of bytes in parts, as strangers send them: whole, in another order, cut, and said to be what they are not. */
import { writeParts } from "tidemark/protocol";
import type { Dice } from "./dice.js";
import { channelOf, commandLine, connectCommand, mutated } from "./words.js";

/** What the server takes in a frame, and the most that a message here has, in bytes. */
const FRAME_BYTES = 128 * 1024;
const MOST_BYTES = 700 * 1024;

/** A channel that takes bytes, mostly. */
function targetOf(dice: Dice): string {
  return dice.rarely(4) ? channelOf(dice) : dice.of(["chat/a", "chat/b", "odd/a"]);
}

/** The frames of one message, each with a line that says what it is and its bytes. */
export function framesOfMessage(dice: Dice): Buffer[] {
  const name = `{"id":${dice.below(1000)},"publish":${JSON.stringify(targetOf(dice))}`;
  const start = `${name},"data":null,"idem":${dice.below(20)}${dice.rarely(3) ? ',"first":true' : ""}`;
  const size = dice.rarely(8) ? dice.below(3) : dice.below(dice.rarely(6) ? MOST_BYTES : 120_000);
  const most = Math.max(1, Math.ceil(size / 30), dice.below(dice.rarely(10) ? FRAME_BYTES + 2000 : 50_000));
  return writeParts(start, name, Buffer.alloc(size, dice.bytes(1)), most).map((frame) => Buffer.from(frame));
}

/** The same, mostly with something wrong: places, numbers and lengths, and what comes between. */
export function partFrames(dice: Dice): Buffer[] {
  const frames = framesOfMessage(dice);
  for (let i = dice.below(4); i > 0; i--) spoil(dice, frames);
  return frames;
}

function spoil(dice: Dice, frames: Buffer[]): void {
  const at = dice.below(frames.length);
  const frame = frames[at] ?? Buffer.alloc(0);
  const kind = dice.below(9);
  if (kind === 0) frames.splice(at, 1);
  if (kind === 1) frames.splice(dice.below(frames.length + 1), 0, frame);
  if (kind === 2) frames.splice(at, 0, ...frames.splice(dice.below(frames.length), 1));
  if (kind === 3) frames.splice(at, 0, Buffer.from(commandLine(dice)));
  if (kind === 4) frames.splice(at, 0, ...framesOfMessage(dice));
  if (kind === 5) frames[at] = frame.subarray(0, dice.below(frame.length + 1));
  if (kind === 6) frames.length = at;
  if (kind === 7) frames[at] = withLine(frame, (line) => mutated(dice, line));
  if (kind === 8) {
    const told = dice.of([
      '"part":-1',
      '"part":1e9',
      '"part":"0"',
      '"part":0',
      '"part":3',
      '"more":7',
      '"bytes":9e15',
    ]);
    frames[at] = withLine(frame, (line) => line.replace(/"(part|more|bytes)":\w+/, told));
  }
}

function withLine(frame: Buffer, change: (line: string) => string): Buffer {
  const end = frame.indexOf("\n");
  if (end < 0) return frame;
  return Buffer.concat([Buffer.from(change(frame.toString("utf8", 0, end))), frame.subarray(end)]);
}

/** What is sent over HTTP in one request: who it is, and messages. */
export function bodyOfParts(dice: Dice): Buffer {
  const pieces: Buffer[] = dice.rarely(10) ? [] : [Buffer.from(JSON.stringify(connectCommand(dice)))];
  for (let i = 1 + dice.below(3); i > 0; i--)
    pieces.push(...(dice.rarely(3) ? framesOfMessage : partFrames)(dice));
  const newline = Buffer.from("\n");
  return Buffer.concat(pieces.flatMap<Uint8Array>((piece, i) => (i === 0 ? [piece] : [newline, piece])));
}
