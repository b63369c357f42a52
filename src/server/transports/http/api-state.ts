/** `GET` and `POST /api/state/<channel>`: what a channel of keys holds, and changes to it. */
import type { Payload } from "../../../broker/index.js";
import { formatCursor, type Cursor } from "../../../protocol/index.js";
import { mustHaveKeys } from "../../channels/keys.js";
import type { ServerNode } from "../../connection/node.js";
import { TidemarkError } from "../../errors.js";
import { makeChange } from "../../state/changing.js";
import { jsonOf, readAll, readKeys } from "../../state/reading.js";
import { write, writePieces } from "./api-answers.js";
import { mustBeFresh, readJson } from "./api-body.js";
import { channelIn } from "./api-channel.js";
import type { HttpRequest, HttpResponse } from "./exchange.js";

/** What the names of channels stand behind. */
export const STATE_PATH = "/api/state/";

/** What a body looks like, for who sends another one. */
const EXAMPLE = '{"set":{"key":1}}';

/** Answers what the channel holds; rejects with why not, where nothing has been answered. */
export async function answerState(
  node: ServerNode,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const resolved = channelIn(node, path, STATE_PATH);
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
  mustBeFresh(node);
  const resolved = channelIn(node, path, STATE_PATH);
  mustHaveKeys(resolved);
  const body = await readJson(node, request, response, EXAMPLE);
  if (body === undefined) return;
  const { cursor, same } = await makeChange(node, resolved, body.json);
  write(response, 200, { cursor, ...(same && { same }) });
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
