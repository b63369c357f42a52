/** What `ls`, `get` and `set` have in common: they ask the server's HTTP API, with its key. */
import { TidemarkError } from "../client/index.node.js";
import { addressOf, wholeNumber } from "./connection.js";
import { UsageError } from "./usage.js";

const DEFAULT_TIMEOUT_S = 10;

/** The options that all of them take. */
export const API_OPTIONS = {
  url: { type: "string" },
  "api-key": { type: "string" },
  json: { type: "boolean" },
  timeout: { type: "string" },
} as const;

export interface Api {
  /** The address that paths of the API are beside. */
  readonly url: string;
  readonly key: string;
  /** For each request, in milliseconds. */
  readonly timeout: number;
}

/**
 * Where the API is, and its key: by option, else by environment.
 *
 * @throws {UsageError} when there is no key, or the address is none
 */
export function apiOf(
  values: {
    readonly url?: string | undefined;
    readonly "api-key"?: string | undefined;
    readonly timeout?: string | undefined;
  },
  env: NodeJS.ProcessEnv,
): Api {
  const key = values["api-key"] ?? env["TIDEMARK_API_KEY"];
  if (key === undefined) {
    throw new UsageError("which key? --api-key KEY, or TIDEMARK_API_KEY: the one that the server was given");
  }
  const timeout = wholeNumber(values.timeout ?? String(DEFAULT_TIMEOUT_S), "timeout") * 1000;
  return { url: addressOf(values, env), key, timeout };
}

/**
 * What the API answers.
 *
 * @param path below `api/`, which is beside the channels' address
 * @param change is sent, where there is one
 * @throws {TidemarkError} when the server cannot be reached, has no API, or says no
 */
export async function askApi(
  { url, key, timeout }: Api,
  path: string,
  query: Iterable<readonly [string, string]> = [],
  change?: object,
): Promise<object> {
  const address = new URL(`api/${path}`, url);
  address.protocol = address.protocol.replace("ws", "http");
  const shown = address.href;
  address.search = new URLSearchParams([...query].map(([name, value]) => [name, value])).toString();
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(address, {
      ...(change !== undefined && { method: "POST", body: JSON.stringify(change) }),
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(timeout),
    });
    body = await response.json().catch(() => undefined);
  } catch (cause) {
    throw new TidemarkError("connection_lost", `cannot reach ${shown}: ${reasonOf(cause)}`, { cause });
  }
  if (response.ok && typeof body === "object" && body !== null) return body;
  const { code, message } = errorOf(body) ?? {
    code: "not_found",
    message: `there is no API at ${shown}: start the server with --api-key, or set apiKey in its options`,
  };
  throw new TidemarkError(code, message);
}

/** What fetch says is only that it failed; why is in its cause. */
export function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const { message, code } = (cause ?? error) as { message?: string; code?: string };
  return message === undefined || message === "" ? String(code ?? error) : message;
}

/** The error in a body, where there is one. */
export function errorOf(body: unknown): { readonly code: string; readonly message: string } | undefined {
  const error = (body as { error?: unknown } | undefined)?.error;
  if (typeof error !== "object" || error === null) return undefined;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === "string" && typeof message === "string" ? { code, message } : undefined;
}
