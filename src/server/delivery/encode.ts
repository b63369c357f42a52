/** From a log entry to its line. Payload and meta are text already; they are only put together. */
import type { Payload } from "../../broker/index.js";
import type { GapReason } from "../../protocol/index.js";
import { digitsOf } from "../../protocol/digits.js";
import { bytesLine, textLine, type EncodedLine } from "./chunk.js";

/** What a subscriber is told that did not get everything. */
export interface Gap {
  /** Where it stood: entries behind this offset are missing. */
  readonly after: number;
  /** Where it stands now: what comes next follows this offset, */
  readonly until: number;
  /** which is of this epoch. */
  readonly epoch: string;
  readonly reason: GapReason;
}

/** `[ch,offset,payload,meta]`. Hot path: once per message, however many subscribers there are. */
export function messageLine(
  ch: number,
  offset: number,
  data: Payload,
  meta: string | undefined,
): EncodedLine {
  if (typeof data === "string") {
    const start = `[${ch},${digitsOf(offset)},`;
    const text = meta === undefined ? `${start}${data}]` : `${start}${data},${meta}]`;
    // Counted in the parts: the whole is in pieces yet, and counting would put it together for nothing.
    return { text, size: text.length + 1 + beyondAscii(data) + (meta === undefined ? 0 : beyondAscii(meta)) };
  }
  return bytesLine(`[${ch},${digitsOf(offset)},null,${withBytes(meta, data.length)}]`, data);
}

/** A line of a message that goes in several: `bytes` are this part's. What `meta` says stands in the first one only. */
export function partLine(
  ch: number,
  offset: number,
  bytes: Uint8Array,
  meta: string | undefined,
  { part, more }: PartOf,
): EncodedLine {
  const about = withBytes(part === 0 ? meta : undefined, bytes.length).slice(0, -1);
  return bytesLine(`[${ch},${digitsOf(offset)},null,${about},${partFields(part, more)}}]`, bytes);
}

/** Which part of a message or an answer a line is, from 0 on, and whether others follow. */
export interface PartOf {
  readonly part: number;
  readonly more: boolean;
}

/** The same as fields of a JSON object. */
export function partFields(part: number, more: boolean): string {
  return more ? `"part":${part},"more":true` : `"part":${part}`;
}

/** How many bytes more than characters. */
function beyondAscii(text: string): number {
  return Buffer.byteLength(text) - text.length;
}

/** `{"event":"gap",…}` */
export function gapLine(ch: number, gap: Gap): EncodedLine {
  return textLine(JSON.stringify({ event: "gap", ch, ...gap }));
}

/** The meta of a message whose payload is bytes: what it was, and how many. */
export function withBytes(meta: string | undefined, bytes: number): string {
  return meta === undefined || meta === "{}"
    ? `{"bytes":${bytes}}`
    : `${meta.slice(0, -1)},"bytes":${bytes}}`;
}
