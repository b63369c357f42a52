/** What a message costs before it is one, and what lines cost that mean nothing. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { readBinaryLines, readTextLines, splitTextLines } from "../../src/protocol/index.js";
import { FrameAssembler } from "../../src/server/transports/websocket/frame-assembler.js";
import type { FrameOwner } from "../../src/server/transports/websocket/whole-frames.js";
import { BINARY, frame } from "./support/raw.js";

/** What is in use after a full collection, in bytes. */
function inUse(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe("W34: a message that is not whole costs its bytes", () => {
  const MOST = 128 * 1024;
  const owner: FrameOwner = {
    ended: false,
    onText() {},
    onBinary() {},
    onPing() {},
    onPong() {},
    onClose() {},
    onBroken() {},
  };
  const cost = (count: number, fill: (assembler: FrameAssembler) => void): number => {
    const all: FrameAssembler[] = [];
    const before = inUse();
    for (let i = 0; i < count; i++) {
      const assembler = new FrameAssembler(MOST, owner);
      fill(assembler);
      all.push(assembler);
    }
    return (inUse() - before) / all.length;
  };

  it("W34: in fragments of a byte each", () => {
    const first = frame(BINARY, "x", { fin: false });
    const more = frame(0, "x", { fin: false });
    const bytes = cost(20, (assembler) => {
      assembler.read(Buffer.from(first));
      for (let i = 1; i < 16_000; i++) assembler.read(Buffer.from(more));
    });
    expect(bytes).toBeLessThan(MOST + 4096);
  });

  it("W34: in a frame whose bytes come one by one", () => {
    const whole = frame(BINARY, "x".repeat(50_000), { fin: false });
    const bytes = cost(10, (assembler) => {
      for (const byte of whole.subarray(0, 40_000)) assembler.read(Buffer.from([byte]));
    });
    expect(bytes).toBeLessThan(MOST + 4096);
  });
});

it("K36: blank lines are not looked at one by one, and nothing blank is parsed", () => {
  const parse = vi.spyOn(JSON, "parse");
  const trim = vi.spyOn(String.prototype, "trim");
  onTestFinished(() => void vi.restoreAllMocks());
  const blank = "\n".repeat(128 * 1024);
  const lines = [
    readTextLines(blank),
    readTextLines(`{}${blank}{}`),
    splitTextLines(blank),
    readBinaryLines(Buffer.from(blank)),
  ];
  const calls = parse.mock.calls.length + trim.mock.calls.length;
  vi.restoreAllMocks();
  expect(lines.map((found) => found.length)).toEqual([0, 2, 0, 0]);
  expect(calls).toBeLessThan(20);
});
