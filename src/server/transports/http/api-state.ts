/** `GET` and `POST /api/state/<channel>`: what a channel of keys holds, and changes to it. */
import type { Payload } from "../../../broker/index.js";
import { decodeSegment } from "../../../protocol/channel-name.js";
import { channelNameProblem, formatCursor, type Cursor } from "../../../protocol/index.js";
import { mustHaveKeys } from "../../channels/keys.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { overloaded } from "../../connection/limits/incomplete.js";
import type { ServerNode } from "../../connection/node.js";
import { TidemarkError } from "../../errors.js";
import { makeChange } from "../../state/changing.js";
import { jsonOf, readAll, readKeys } from "../../state/reading.js";
import { write, writePieces } from "./api-answers.js";
import { IncomingBody } from "./body.js";
import type { HttpRequest, HttpResponse } from "./exchange.js";

/** What the names of channels stand behind. */
export const STATE_PATH = "/api/state/";

/** Bytes that the body of a change may have: a change is at most 1 MiB of keys and values. */
const MOST_BODY = 2 * 1024 * 1024;

/** Answers what the channel holds; rejects with why not, where nothing has been answered. */
export async function answerState(
  node: ServerNode,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const resolved = resolve(node, path);
  const { searchParams } = new URL(request.url ?? "", "http://localhost");
  const keys = searchParams.getAll("keys");
  const prefix = searchParams.get("prefix");
  const isHead = request.method === "HEAD";
  if (keys.length > 0 && prefix !== null)
    throw new TidemarkError("bad_request", "keys and prefix exclude each other");
  if (keys.length > 0) {
    const { cursor, texts } = await readKeys(node, resolved, keys);
    await writePieces(response, isHead ? [] : jsonPieces(cursor, texts));
  } else {
    const { cursor, slots } = await readAll(node, resolved, { prefix: prefix ?? "" });
    await writePieces(response, isHead ? [] : jsonPieces(cursor, asPairs(slots)));
  }
}

/** Makes a change and answers where it is; rejects with why not. */
export async function answerChange(
  node: ServerNode,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const { clock, stillness } = node;
  if (stillness.mayBeOld(clock.monotonic()))
    throw new TidemarkError(
      "unavailable",
      "the server stood still, and nobody can tell when this was sent; send it again",
    );
  const resolved = resolve(node, path);
  mustHaveKeys(resolved);
  const body = await readBody(node, request, response);
  if (body === undefined) return;
  const { cursor, same } = await makeChange(node, resolved, body.json);
  write(response, 200, { cursor, ...(same && { same }) });
}

/** The channel that a path names behind {@link STATE_PATH}: its name, URI-encoded, where slashes may stay as they are. */
function resolve(node: ServerNode, path: string): ResolvedChannel {
  const name = decodeSegment(path.slice(STATE_PATH.length));
  const problem = name === undefined ? "the channel's name is not URI-encoded" : channelNameProblem(name);
  if (name === undefined || problem !== undefined) throw new TidemarkError("bad_request", problem ?? "");
  const resolved = node.registry.resolve(name);
  if (resolved !== undefined) return resolved;
  throw new TidemarkError("not_found", `no channel pattern matches ${JSON.stringify(name)}`);
}

/** `undefined` where the peer is gone. */
async function readBody(
  node: ServerNode,
  request: HttpRequest,
  response: HttpResponse,
): Promise<{ readonly json: unknown } | undefined> {
  if ((request.headers["content-encoding"] ?? "identity") !== "identity")
    throw new TidemarkError("bad_request", "the body must not be compressed");
  const { frame, connectTimeout: patience } = node.limits;
  const incoming = new IncomingBody(request, { most: MOST_BODY, frame, patience }, node);
  response.once("close", () => incoming.done());
  const body = await incoming.read();
  switch (body) {
    case "gone":
      return undefined;
    case "too_big":
      throw new TidemarkError("too_large", `a body has at most ${MOST_BODY} bytes`);
    case "connect_timeout":
      throw new TidemarkError("unavailable", `the body did not come within ${patience} ms`);
    case "overloaded":
      throw overloaded();
    default:
      return { json: parse(body) };
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new TidemarkError("bad_request", 'the body must be JSON, such as {"set":{"key":1}}', { cause });
  }
}

/** `{"cursor":"…","values":{…}}`, a key at a time. As text, so that any key is one, `__proto__` too. */
function* jsonPieces(cursor: Cursor, pairs: Iterable<readonly [string, string]>): Generator<string> {
  yield `{"cursor":${JSON.stringify(formatCursor(cursor))},"values":{`;
  let comma = "";
  for (const [key, text] of pairs) {
    yield `${comma}${JSON.stringify(key)}:${text}`;
    comma = ",";
  }
  yield "}}";
}

function* asPairs(
  slots: readonly { readonly slot: string; readonly data: Payload | undefined }[],
): Generator<readonly [string, string]> {
  for (const { slot, data } of slots) yield [slot, jsonOf(data)];
}
