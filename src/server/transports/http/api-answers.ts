/** How requests to the API are answered. */
import { BrokerError } from "../../../broker/index.js";
import { ERRORS, type ErrorCode } from "../../../protocol/index.js";
import type { ServerNode } from "../../connection/node.js";
import { TidemarkError, errorBody } from "../../errors.js";
import { isHttp2, type HttpResponse } from "./exchange.js";

/** What errors are in HTTP. The others, an application's own too, are 400. */
const STATUS: Readonly<Record<string, number>> = {
  unauthorized: 401,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  room_closed: 410,
  limit_reached: 422,
  outcome_unknown: 503,
  overloaded: 503,
  room_full: 503,
  unavailable: 503,
};

/** How long an answer that nobody reads is kept, in milliseconds. */
export const UNREAD_MS = 30_000;
/** So many characters of an answer are written at a time. */
const PIECE = 32 * 1024;

export function write(
  response: HttpResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  begin(response, status, headers);
  response.end(`${JSON.stringify(body)}\n`);
}

/** Refuses a request before it was looked into. */
export function refuse(
  response: HttpResponse,
  status: number,
  code: ErrorCode,
  message: string,
  headers: Record<string, string> = {},
): void {
  write(response, status, { error: { code, message, retry: ERRORS[code].retry } }, headers);
}

/** Answers a request that failed, and logs what is nobody's business but the operator's. */
export function fail(response: HttpResponse, node: Pick<ServerNode, "log">, thrown: unknown): void {
  const error = asTidemarkError(thrown);
  const isFailure = error === undefined || error.code === "internal";
  if (isFailure) node.log.error({ error: thrown }, "a request to the API failed");
  if (response.headersSent) return void response.destroy();
  if (isFailure) refuse(response, 500, "internal", "the server failed; its log says why");
  else write(response, STATUS[error.code] ?? 400, { error: errorBody(error) });
}

/** Writes a long answer as its socket takes it. Resolves when all of it is written, or nobody is there any more. */
export async function writePieces(response: HttpResponse, pieces: Iterable<string>): Promise<void> {
  let isGone = false;
  const closed = new Promise<void>((resolve) => {
    response.once("close", () => {
      isGone = true;
      resolve();
    });
  });
  response.setTimeout(UNREAD_MS, () => response.destroy());
  begin(response, 200);
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE) continue;
    const taken = new Promise<void>((resolve) => response.write(text, resolve));
    text = "";
    await Promise.race([taken, closed]);
    if (isGone) return;
  }
  response.end(`${text}\n`);
}

/** Begins an answer of lines of JSON, which has no end of its own. */
export function beginLines(response: HttpResponse): void {
  begin(response, 200, { "content-type": "application/x-ndjson", "x-accel-buffering": "no" });
  // What stands before the first line leaves with this.
  response.write("\n");
}

function begin(response: HttpResponse, status: number, headers: Record<string, string> = {}): void {
  // The rest of the request is not waited for.
  if (!response.req.complete && !isHttp2(response.req)) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
}

function asTidemarkError(thrown: unknown): TidemarkError | undefined {
  if (thrown instanceof TidemarkError) return thrown;
  if (thrown instanceof BrokerError) return new TidemarkError("unavailable", "the broker does not answer");
  return undefined;
}
