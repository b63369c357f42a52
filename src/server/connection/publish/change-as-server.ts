/** Changes that the application itself makes to a channel of keys. */
import type { Change, Changed, ChangesDraft, SlotsOptions } from "../../../broker/index.js";
import type { Cursor } from "../../../protocol/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { validate } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import type { ChangeRequest } from "../../kinds/slots/change-request.js";
import type { ServerNode } from "../node.js";
import { ownKey } from "./keys.js";
import { readOutcome } from "./outcome.js";
import { encode } from "./payload.js";

const MOST_TRIES = 10;
const MOST_CHANGE_BYTES = 1024 * 1024;

/** Changes a channel for the application itself: schema, merge, log; no hooks. Rejects with a {@link TidemarkError}. */
export async function changeAsServer(
  node: ServerNode,
  resolved: ResolvedChannel,
  request: ChangeRequest,
): Promise<{ readonly cursor: Cursor; readonly same: boolean }> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(node, resolved, request);
    } catch (error) {
      const isOwn = request.merge.size > 0 && request.if.length === 0;
      if (!isOwn || !(error instanceof TidemarkError) || error.code !== "conflict") throw error;
      if (tries === MOST_TRIES) throw new TidemarkError("unavailable", "its keys change all the time");
    }
  }
}

async function attempt(node: ServerNode, resolved: ResolvedChannel, request: ChangeRequest) {
  const { def, name } = resolved;
  const options = def.slots as SlotsOptions;
  const values = new Map(request.set);
  const conditions = [...request.if];
  const merged = [...request.merge.keys()];
  if (merged.length > 0) {
    const page = await node.broker.readSlots?.(name, { slots: merged }, options);
    const at: Cursor = { epoch: page?.epochs.at(-1)?.epoch ?? "", offset: page?.head ?? 0 };
    const held = new Map(page?.entries.flatMap(({ changes = [] }) => changes.map((one) => [one.slot, one])));
    for (const [key, fields] of request.merge) {
      const data = held.get(key)?.data;
      const before: unknown = typeof data === "string" ? JSON.parse(data) : {};
      if (typeof before !== "object" || before === null || Array.isArray(before))
        throw new TidemarkError("invalid", "what is merged into is no object");
      values.set(
        key,
        Object.fromEntries(Object.entries({ ...before, ...fields }).filter(([, value]) => value !== null)),
      );
      conditions.push({ slot: key, unchangedSince: at });
    }
  }
  const changes: Change[] = request.delete.map((slot) => ({ slot, data: undefined }));
  let bytes = 0;
  for (const [slot, value] of values) {
    const data = encode(await validate(def.schema, value), def.kind, node);
    bytes += slot.length + data.length;
    changes.push(request.ttl === undefined ? { slot, data } : { slot, data, ttl: request.ttl });
  }
  if (bytes > MOST_CHANGE_BYTES)
    throw new TidemarkError("limit_reached", `a change has at most ${MOST_CHANGE_BYTES} bytes`);
  const draft: ChangesDraft = {
    key: ownKey(node),
    changes,
    if: conditions,
    ...(request.ttl !== undefined && { meta: `{"ttl":${request.ttl}}` }),
  };
  return new Promise<{ readonly cursor: Cursor; readonly same: boolean }>((resolve, reject) => {
    const done = (outcome: Changed | "aborted" | "late" | Error): void => {
      const result = readOutcome(outcome, false);
      if (result instanceof TidemarkError) reject(result);
      else if ("epoch" in result)
        resolve({ cursor: { epoch: result.epoch, offset: result.offset }, same: result.same === true });
    };
    node.appender.change(name, options, { draftAt: () => draft, aborted: () => false, done });
  });
}
