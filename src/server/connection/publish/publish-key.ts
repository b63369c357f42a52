/** The name of a publish, for hooks that save what they let pass. */
import { hash } from "node:crypto";
import type { Identity } from "../caller.js";
import type { ServerNode } from "../node.js";

/**
 * The same for all tries of one publish, over any connection and node, and for no other publish: it is made of the
 * channel, the key that the client gave, and the scope of that key, which holds the client's secret. So nobody else can
 * have a hook called with it. A publish without a key of the client's is never tried again, and has a name that comes once.
 */
export function publishKey(
  node: ServerNode,
  { scope }: Identity,
  { channel, idem }: { readonly channel: string; readonly idem: number | string | undefined },
): string {
  const parts = idem === undefined ? [node.scope, node.nextNumber()] : [channel, scope, idem];
  return hash("sha256", JSON.stringify(parts), "base64url");
}
