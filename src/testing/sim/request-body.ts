import type { Web } from "../../client/transports/http.js";
import type { Asked } from "./exchange.js";

/** What a request's body is, and says that it is. */
export function bodyOf({ body, headers }: Parameters<Web["fetch"]>[1]): Pick<Asked, "body" | "type"> {
  if (typeof body === "string") return { body: Buffer.from(body), type: "text/plain;charset=UTF-8" };
  if (body instanceof Uint8Array) return { body: Buffer.from(body), type: headers?.["content-type"] ?? "" };
  throw new TypeError("bodies of text and bytes only");
}
