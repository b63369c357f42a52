/** What the HTTP transports use of a request and its answer: of Node's, of HTTP/1.1 and 2, or of simulated ones. */
import type { IncomingHttpHeaders } from "node:http";

export interface HttpRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Names and values of headers in turn, as they came; missing where each came once. */
  readonly rawHeaders?: readonly string[] | undefined;
  readonly httpVersionMajor?: number | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
  on(event: "data", listener: (part: Buffer) => void): unknown;
  off(event: "data", listener: (part: Buffer) => void): unknown;
  once(event: "end" | "error" | "close", listener: () => void): unknown;
  resume(): unknown;
}

export interface HttpResponse {
  readonly req: { readonly complete: boolean; readonly httpVersionMajor?: number | undefined };
  /** The socket; over HTTP/2 that of the whole session. */
  readonly socket: { readonly bytesWritten: number; readonly writableLength: number } | null | undefined;
  readonly headersSent: boolean;
  readonly writableLength: number;
  /** Missing over HTTP/2, on some releases of Node. */
  readonly writableNeedDrain?: boolean;
  readonly writableHighWaterMark?: number;
  on(event: "drain" | "close" | "error", listener: () => void): unknown;
  once(event: "drain" | "close", listener: () => void): unknown;
  emit(event: "close"): unknown;
  setHeader(name: string, value: string | number): unknown;
  writeHead(status: number, headers: Record<string, string>): HttpResponse;
  /** `taken` is called when the system has taken this text and all before it. */
  write(text: string, taken?: () => void): unknown;
  end(text: string): unknown;
  destroy(): unknown;
  /** Calls `run` when nothing has moved for so many milliseconds. */
  setTimeout(ms: number, run: () => void): unknown;
}

/** Whom a request is for, as the Host header has it; over HTTP/2 that header has another name. */
export function hostOf({ headers }: Pick<HttpRequest, "headers">): string | undefined {
  const authority = headers[":authority"];
  return headers.host ?? (typeof authority === "string" ? authority : undefined);
}

/** How many hosts a request names: with several, a proxy before us may have gone by another one than we do. */
export function hostsOf({ headers, rawHeaders }: Pick<HttpRequest, "headers" | "rawHeaders">): number {
  if (rawHeaders === undefined) return hostOf({ headers }) === undefined ? 0 : 1;
  let count = 0;
  let authority: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase();
    if (name === ":authority") authority = rawHeaders[i + 1];
    else if (name === "host") count++;
  }
  if (authority === undefined) return count;
  // Over HTTP/2 both headers may be there, and say the same.
  return count === 0 || (count === 1 && headers.host === authority) ? 1 : count + 1;
}

/** Whether the headers about the connection itself are another protocol's matter. */
export function isHttp2(request: { readonly httpVersionMajor?: number | undefined }): boolean {
  return (request.httpVersionMajor ?? 1) >= 2;
}
