/** From a log entry to its line. Payload and meta are text already; they are only put together. */
import type { Payload } from "../../broker/index.js";
import { bytesLine, textLine, type EncodedLine } from "./chunk.js";
import type { Gap } from "./resume.js";

/** `[ch,offset,payload,meta]`. Hot path: once per message, however many subscribers there are. */
export function messageLine(
  ch: number,
  offset: number,
  data: Payload,
  meta: string | undefined,
): EncodedLine {
  if (typeof data === "string") {
    return textLine(meta === undefined ? `[${ch},${offset},${data}]` : `[${ch},${offset},${data},${meta}]`);
  }
  return bytesLine(`[${ch},${offset},null,${withBytes(meta, data.length)}]`, data);
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
