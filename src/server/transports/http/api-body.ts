/** What requests to the API ask for, in their body: JSON. */
import { overloaded } from "../../connection/limits/incomplete.js";
import type { ServerNode } from "../../connection/node.js";
import { TidemarkError } from "../../errors.js";
import { IncomingBody } from "./body.js";
import type { HttpRequest, HttpResponse } from "./exchange.js";

/** Bytes that a body may have: what the largest one asks for is at most 1 MiB. */
const MOST_BODY = 2 * 1024 * 1024;

/** @throws {TidemarkError} `unavailable` where nobody can tell how long a request has waited, which may be too long for what it asks for */
export function mustBeFresh({ clock, stillness }: Pick<ServerNode, "clock" | "stillness">): void {
  if (stillness.mayBeOld(clock.monotonic()))
    throw new TidemarkError(
      "unavailable",
      "the server stood still, and nobody can tell when this was sent; send it again",
    );
}

/**
 * The JSON of a body; `undefined` where the peer is gone.
 *
 * @param example of what it looks like, for who sends another one
 * @throws {TidemarkError} as a rejection: `bad_request`, `too_large`, `unavailable`, `overloaded`
 */
export async function readJson(
  node: ServerNode,
  request: HttpRequest,
  response: HttpResponse,
  example: string,
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
      return { json: parse(body, example) };
  }
}

function parse(body: Buffer, example: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new TidemarkError("bad_request", `the body must be JSON, such as ${example}`, { cause });
  }
}
