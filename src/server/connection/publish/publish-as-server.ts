/** Publishing by the application itself. */
import type { Draft } from "../../../broker/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { validate } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import type { ServerNode } from "../node.js";
import { handOver, notPublished } from "./hand-over.js";
import { ownKey } from "./keys.js";
import { readOutcome, type Outcome } from "./outcome.js";
import { asBytes, encode } from "./payload.js";

/** Appends for the application itself: schema, then log; no hooks. Rejects with a {@link TidemarkError}. */
export async function publishAsServer(
  node: ServerNode,
  resolved: ResolvedChannel,
  data: unknown,
): Promise<{ offset: number }> {
  const { kind } = resolved.def;
  if (kind.by === "slots" || kind.by === "room") throw notPublished(resolved.name, kind);
  // Bytes are made of it before the schema sees it, as with what clients send.
  const value = await validate(resolved.def.schema, asBytes(data) ?? data);
  const payload = encode(value, kind, node);
  return new Promise((resolve, reject) => {
    const done = (outcome: Outcome): void => {
      const result = readOutcome(outcome, false);
      if (result instanceof TidemarkError) reject(result);
      else resolve({ offset: result.offset });
    };
    const draft: Draft = { data: payload, key: ownKey(node) };
    handOver(node, resolved, draft, { draftAt: () => draft, aborted: () => false, done }, "server");
  });
}
