/** How a request is refused: a status for HTTP, an error as every command gets it, and the close code that a WebSocket would get. */
import { brake } from "./brake.js";
import {
  CLOSE_CODES,
  ERRORS,
  type CloseName,
  type ErrorBody,
  type ErrorCode,
} from "../../../protocol/index.js";
import { errorBody, type TidemarkError } from "../../errors.js";
import { isHttp2, type HttpResponse } from "./exchange.js";

/** What each end of a connection is in HTTP, where nothing was answered yet. */
const ENDS: Readonly<Record<CloseName, { readonly status: number; readonly code: ErrorCode }>> = {
  protocol_error: { status: 400, code: "bad_request" },
  unsupported: { status: 415, code: "bad_request" },
  malformed: { status: 400, code: "bad_request" },
  policy: { status: 400, code: "bad_request" },
  too_big: { status: 413, code: "too_large" },
  server_error: { status: 500, code: "internal" },
  going_away: { status: 503, code: "going_away" },
  silent: { status: 408, code: "unavailable" },
  slow_replies: { status: 503, code: "unavailable" },
  connect_timeout: { status: 408, code: "unavailable" },
  token_expired: { status: 401, code: "unauthorized" },
  rate_limited: { status: 429, code: "rate_limited" },
  unavailable: { status: 503, code: "unavailable" },
  unauthorized: { status: 401, code: "unauthorized" },
  forbidden_origin: { status: 403, code: "forbidden" },
  disconnected: { status: 403, code: "forbidden" },
};

/** What errors of one channel are in HTTP, for requests that are about one channel. The others are 400. */
const CHANNEL_STATUS: Readonly<Record<string, number>> = {
  forbidden: 403,
  not_found: 404,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
  going_away: 503,
};

export interface Refusal {
  readonly status: number;
  /** The line that ends the answer: `close` first, then the error. */
  readonly body: string;
  readonly retryAfter: number | undefined;
  /** Whether the peer had better make another TCP connection, which may come to another server. */
  readonly elsewhere?: boolean;
}

/** The end of a connection as the only thing that its request is answered with. `said` is what was to be said before. */
export function refusalOf(name: CloseName, reason: string, said = ""): Refusal {
  const { status, code } = ENDS[name];
  const { id, error } = lastError(said) ?? { error: { code, message: reason, retry: ERRORS[code].retry } };
  const body = JSON.stringify({ close: CLOSE_CODES[name].code, ...(id !== undefined && { id }), error });
  return { status, body, retryAfter: error.after, elsewhere: name === "going_away" };
}

/** The end of a connection whose request is answered with this error. */
export function refusalFor(name: CloseName, error: TidemarkError): Refusal {
  return refusalOf(name, error.message, JSON.stringify({ error: errorBody(error) }));
}

/** The refusal of a request about one channel, which was refused. */
export function channelRefusal(error: ErrorBody): Refusal {
  const body = JSON.stringify({ close: CLOSE_CODES[endOfChannel(error)].code, error });
  return { status: CHANNEL_STATUS[error.code] ?? (error.retry ? 503 : 400), body, retryAfter: error.after };
}

/** How a request ends whose one channel was refused. */
export function endOfChannel(error: ErrorBody): CloseName {
  return error.retry ? "unavailable" : "policy";
}

/** The last line of an answer that had begun. */
export function closeLine(name: CloseName, reason: string): string {
  return JSON.stringify({ close: CLOSE_CODES[name].code, reason });
}

/** Sends a refusal. Whatever of the request's body has not been read yet is not waited for. */
export function refuse(
  response: HttpResponse,
  { status, body, retryAfter, elsewhere = false }: Refusal,
  headers: Record<string, string> = {},
): void {
  // An answer that has begun cannot be a refusal any more; cut off, it is not taken for whole.
  if (response.headersSent) return void response.destroy();
  if ((elsewhere || !response.req.complete) && !isHttp2(response.req))
    response.setHeader("connection", "close");
  if (!elsewhere && retryAfter !== undefined) brake(response.req, retryAfter);
  if (retryAfter !== undefined) response.setHeader("retry-after", Math.ceil(retryAfter / 1000));
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(`${body}\n`);
}

/** The end of a request at which the server itself has failed. Never throws. */
export function refuseForFailure(response: HttpResponse): void {
  try {
    refuse(response, refusalOf("server_error", "the server failed; its log says why"));
  } catch {
    response.destroy();
  }
}

function lastError(text: string): { id?: number; error: ErrorBody } | undefined {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  if (!/^\{("id":\d+,)?"error":/.test(line)) return undefined;
  return JSON.parse(line) as { id?: number; error: ErrorBody };
}
