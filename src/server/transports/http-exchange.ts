/** What the HTTP transports use of a request and its answer: of Node's, or of simulated ones. */
import type { IncomingHttpHeaders } from "node:http";

export interface HttpRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly headersDistinct: Readonly<Record<string, string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
  on(event: "data", listener: (part: Buffer) => void): unknown;
  off(event: "data", listener: (part: Buffer) => void): unknown;
  once(event: "end" | "error" | "close", listener: () => void): unknown;
  resume(): unknown;
}

export interface HttpResponse {
  readonly req: { readonly complete: boolean };
  readonly socket: { readonly bytesWritten: number; readonly writableLength: number } | null;
  readonly writableLength: number;
  readonly writableNeedDrain: boolean;
  on(event: "drain" | "close" | "error", listener: () => void): unknown;
  once(event: "drain" | "close", listener: () => void): unknown;
  setHeader(name: string, value: string | number): unknown;
  writeHead(status: number, headers: Record<string, string>): HttpResponse;
  /** `taken` is called when the system has taken it and all before it. */
  write(text: string, taken?: () => void): unknown;
  end(text?: string): unknown;
  destroy(): unknown;
  /** Calls `run` when nothing has moved for so many milliseconds. */
  setTimeout(ms: number, run: () => void): unknown;
}
