/** Messages of bytes that clients send in parts. */
import { writeBinaryLine } from "../../../src/protocol/index.js";
import type { Peer } from "./engine.js";

/** Bytes that differ from place to place, so that a hole or a repetition is seen. */
export function someBytes(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed) ^ (i >> 8));
}

/** One line and its bytes. */
export interface PartLine {
  readonly line: Record<string, unknown>;
  readonly bytes: Uint8Array;
}

/** A publish in parts of so many bytes; what the command says besides stands in the first. */
export function inParts(
  command: Record<string, unknown> & { readonly publish: string },
  data: Uint8Array,
  size: number,
): PartLine[] {
  const { id, publish, ...others } = command;
  const parts: PartLine[] = [];
  for (let at = 0; at === 0 || at < data.length; at += size) {
    const bytes = data.subarray(at, at + size);
    const part = parts.length;
    const more = at + size < data.length ? { more: true } : {};
    const said = part === 0 ? { data: null, ...others } : {};
    parts.push({ line: { id, publish, ...said, bytes: bytes.length, part, ...more }, bytes });
  }
  return parts;
}

/** The lines as one binary frame. */
export function binaryFrame(...lines: readonly (PartLine | Record<string, unknown>)[]): Uint8Array {
  const pieces = lines.map((one) =>
    isPartLine(one)
      ? Buffer.concat([writeBinaryLine(JSON.stringify(one.line), one.bytes), Buffer.from("\n")])
      : Buffer.from(`${JSON.stringify(one)}\n`),
  );
  return new Uint8Array(Buffer.concat(pieces));
}

function isPartLine(one: PartLine | Record<string, unknown>): one is PartLine {
  return "line" in one && "bytes" in one;
}

/** Sends each in a frame of its own. */
export function sendParts(peer: Peer, parts: readonly PartLine[]): void {
  for (const part of parts) {
    peer.connection.alive();
    peer.connection.receiveBinary(binaryFrame(part));
  }
}
