/** The HTTP API for backends and the command line: who has the key may ask it. Not for pages. */
import { BrokerError } from "../../../broker/index.js";
import { ERRORS, type ErrorCode } from "../../../protocol/index.js";
import { pageOfNames } from "../../inspection/count.js";
import type { Engine } from "../../engine.js";
import { TidemarkError } from "../../errors.js";
import { detach } from "../../guard.js";
import { keyCheck, type KeyCheck } from "../../auth/api-key.js";
import { isHttp2, type HttpRequest, type HttpResponse } from "./exchange.js";
import { refuseForFailure } from "./refusal.js";

/** Where the list of channels is. */
export const CHANNELS_PATH = "/api/channels";

const STATUS: Partial<Record<string, number>> = { bad_request: 400, unauthorized: 401, unavailable: 503 };

export class HttpApi {
  readonly #engine: Engine;
  readonly #isKey: KeyCheck | undefined;

  /** @throws {TypeError} when the key can be guessed */
  constructor(engine: Engine, key: string | undefined) {
    this.#engine = engine;
    this.#isKey = key === undefined ? undefined : keyCheck(key);
  }

  /** Serves a request if its path is one of ours; says whether it was. Without a key none is. */
  handle(path: string, request: HttpRequest, response: HttpResponse): boolean {
    if (this.#isKey === undefined || path !== CHANNELS_PATH) return false;
    response.on("error", () => {});
    if (request.method !== "GET" && request.method !== "HEAD") {
      refuse(response, 405, "bad_request", `${CHANNELS_PATH} takes GET`, { allow: "GET, HEAD" });
    } else if (!this.#isKey(bearerOf(request))) {
      refuse(response, 401, "unauthorized", "the API key is wanted, as Authorization: Bearer KEY", {
        "www-authenticate": "Bearer",
      });
    } else {
      detach(this.#channels(request, response), (error) => {
        this.#engine.node.log.error({ error }, "the server failed at one request, and ended it");
        refuseForFailure(response);
      });
    }
    return true;
  }

  async #channels(request: HttpRequest, response: HttpResponse): Promise<void> {
    try {
      const { searchParams } = new URL(request.url ?? "", "http://localhost");
      const page = await this.#engine.inspector.count(
        pageOfNames({
          prefix: searchParams.get("prefix") ?? undefined,
          after: searchParams.get("after") ?? undefined,
          limit: searchParams.has("limit") ? Number(searchParams.get("limit")) : undefined,
        }),
      );
      write(response, 200, page);
    } catch (error) {
      const { code, message } = asTidemarkError(error);
      const status = STATUS[code] ?? 500;
      if (status === 500) this.#engine.node.log.error({ error }, "a request to the API failed");
      refuse(response, status, code, status === 500 ? "the server failed; its log says why" : message);
    }
  }
}

function bearerOf({ headers }: HttpRequest): string | undefined {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
}

function asTidemarkError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof TidemarkError) return error;
  if (error instanceof BrokerError) return { code: "unavailable", message: "the broker does not answer" };
  return { code: "internal", message: "" };
}

function refuse(
  response: HttpResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  const retry = Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].retry;
  write(response, status, { error: { code, message, retry } }, headers);
}

function write(
  response: HttpResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  // The rest of the request is not waited for.
  if (!response.req.complete && !isHttp2(response.req)) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}
