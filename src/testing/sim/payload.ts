/** What simulated publishers send: their name and a sequence, unique over a run, and padding for weight. */
import type { Payload } from "../../broker/index.js";

export interface Content {
  readonly p: string;
  readonly n: number;
  readonly pad?: string;
}

const FORM = /^\{"p":"([^"]+)","n":(\d+)/;
const decoder = new TextDecoder();

/** The message's name, `publisher/sequence`. */
export function idOf(payload: Payload): string {
  const text = typeof payload === "string" ? payload : decoder.decode(payload.subarray(0, 80));
  const match = FORM.exec(text);
  return match === null ? `unreadable ${text.slice(0, 40)}` : `${match[1]}/${match[2]}`;
}

/** The same of a message as a client gets it. */
export function idOfData(data: unknown): string {
  if (data instanceof Uint8Array) return idOf(data);
  const { p, n } = data as Content;
  return `${p}/${n}`;
}

/** A payload of about `size` bytes; `bytes` sends it as bytes. */
export function contentOf(publisher: string, sequence: number, size: number, bytes: boolean): unknown {
  const content: Content = { p: publisher, n: sequence, ...(size > 40 && { pad: "x".repeat(size - 40) }) };
  return bytes ? new TextEncoder().encode(JSON.stringify(content)) : content;
}
