/** Short answers as JSON. */
import type { Http2ServerResponse } from "node:http2";
import type { ServerResponse } from "node:http";

export type AnyResponse = ServerResponse | Http2ServerResponse;

export function json(
  response: AnyResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}
