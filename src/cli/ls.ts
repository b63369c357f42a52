/** `tidemark ls`: which channels somebody is subscribed to, and how many. */
import { parseArgs } from "node:util";
import { TidemarkError } from "../client/index.node.js";
import type { ActiveChannels, ChannelCount } from "../server/index.js";
import { addressOf, understood, wholeNumber } from "./connection.js";
import { endWithReader, paintFor, print, printable, type Paint } from "./output.js";
import { UsageError } from "./usage.js";

const DEFAULT_TIMEOUT_S = 10;
/** As many as the server gives at a time. */
const PAGE = 1000;

interface Source {
  readonly api: URL;
  readonly key: string;
  readonly prefix: string;
  /** For each page, in milliseconds. */
  readonly timeout: number;
}

/**
 * Prints all pages as they come.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server cannot be reached, or does not take the key
 */
export async function ls(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const options = {
    url: { type: "string" },
    "api-key": { type: "string" },
    json: { type: "boolean" },
    timeout: { type: "string" },
  } as const;
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  const [prefix = "", ...rest] = positionals;
  if (rest.length > 0)
    throw new UsageError("ls takes one beginning of names, such as chat/; try tidemark help");
  const key = values["api-key"] ?? env["TIDEMARK_API_KEY"];
  if (key === undefined) {
    throw new UsageError("which key? --api-key KEY, or TIDEMARK_API_KEY: the one that the server was given");
  }
  const timeout = wholeNumber(values.timeout ?? String(DEFAULT_TIMEOUT_S), "timeout") * 1000;
  const source = { api: apiOf(addressOf(values, env)), key, prefix, timeout };

  endWithReader();
  const show = values.json === true ? showJson : table(paintFor(process.stdout, env));
  const total = { channels: 0, subscribers: 0, servers: 0 };
  let missing = 0;
  for await (const { channels, nodes } of pages(source)) {
    await show(channels);
    total.channels += channels.length;
    for (const { subscribers } of channels) total.subscribers += subscribers;
    total.servers = Math.max(total.servers, nodes.answered);
    missing = Math.max(missing, nodes.asked - nodes.answered);
  }
  if (values.json !== true) await print(summary(total));
  if (missing > 0) {
    const text = `${missing} of ${total.servers + missing} servers did not answer: their subscribers are not counted`;
    await print(paintFor(process.stderr, env)("dim", text), process.stderr);
  }
}

/** The API of a server whose channels are there: beside them. */
function apiOf(url: string): URL {
  const api = new URL("api/channels", url);
  api.protocol = api.protocol.replace("ws", "http");
  return api;
}

async function* pages(source: Source): AsyncGenerator<ActiveChannels> {
  let after: string | undefined = "";
  do {
    const page: ActiveChannels = await ask(source, after);
    yield page;
    after = page.next;
  } while (after !== undefined);
}

async function ask({ api, key, prefix, timeout }: Source, after: string): Promise<ActiveChannels> {
  const url = new URL(api);
  url.search = new URLSearchParams({ prefix, after, limit: String(PAGE) }).toString();
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(url, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(timeout),
    });
    body = await response.json().catch(() => undefined);
  } catch (cause) {
    throw new TidemarkError("connection_lost", `cannot reach ${api.href}: ${reasonOf(cause)}`, { cause });
  }
  if (response.ok && isPage(body)) return body;
  const { code, message } = errorOf(body) ?? {
    code: "not_found",
    message: `there is no API at ${api.href}: start the server with --api-key, or set apiKey in its options`,
  };
  throw new TidemarkError(code, message);
}

/** What fetch says is only that it failed; why is in its cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const { message, code } = (cause ?? error) as { message?: string; code?: string };
  return message === undefined || message === "" ? String(code ?? error) : message;
}

function isPage(body: unknown): body is ActiveChannels {
  return typeof body === "object" && body !== null && "channels" in body && "nodes" in body;
}

function errorOf(body: unknown): { readonly code: string; readonly message: string } | undefined {
  const error = (body as { error?: unknown } | undefined)?.error;
  if (typeof error !== "object" || error === null) return undefined;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === "string" && typeof message === "string" ? { code, message } : undefined;
}

async function showJson(channels: readonly ChannelCount[]): Promise<void> {
  for (const channel of channels) await print(JSON.stringify(channel));
}

/** Columns as wide as the first page needs, with their names above. */
function table(paint: Paint): (channels: readonly ChannelCount[]) => Promise<void> {
  let width: number | undefined;
  return async (channels) => {
    if (channels.length === 0) return;
    if (width === undefined) {
      width = Math.max("CHANNEL".length, ...channels.map(({ channel }) => printable(channel).length));
      await print(paint("dim", row("CHANNEL", width, "KIND", "SUBSCRIBERS", "MEMBERS")));
    }
    for (const { channel, kind, subscribers, members } of channels) {
      await print(row(printable(channel), width, kind, String(subscribers), String(members ?? "-")));
    }
  };
}

function row(name: string, width: number, kind: string, subscribers: string, members: string): string {
  return `${name.padEnd(width)}  ${kind.padEnd(9)}  ${subscribers.padStart(11)}  ${members.padStart(7)}`;
}

function summary({
  channels,
  subscribers,
  servers,
}: Record<"channels" | "subscribers" | "servers", number>): string {
  const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  return `${counted(channels, "channel")}, ${counted(subscribers, "subscriber")}, on ${counted(servers, "server")}`;
}
