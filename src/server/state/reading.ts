/** What a channel of keys holds, read by the application or for the HTTP API. */
import type { Cursor, SlotFilter } from "../../protocol/index.js";
import { mustHaveKeys } from "../channels/keys.js";
import type { ResolvedChannel } from "../channels/registry.js";
import type { ServerNode } from "../connection/node.js";
import { ofBroker } from "../connection/of-broker.js";
import { cursorOf } from "../connection/publish/changes/known-slots.js";
import { TidemarkError } from "../errors.js";
import type { Snapshot } from "../feed/channel-feed.js";
import { MOST_KEYS } from "../kinds/slots/change-request.js";
import { jsonOf } from "../kinds/slots/slot-memory.js";

export { jsonOf } from "../kinds/slots/slot-memory.js";

/** What some keys hold at one moment. */
export interface KeysRead {
  readonly cursor: Cursor;
  /** As JSON; those that hold nothing are not there. */
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * Reads some keys from the broker: 1 to {@link MOST_KEYS}.
 *
 * @throws {TidemarkError} `wrong_kind`, `bad_request`, `unavailable`
 */
export async function readKeys(
  node: ServerNode,
  resolved: ResolvedChannel,
  keys: readonly string[],
): Promise<KeysRead> {
  const { options } = mustHaveKeys(resolved);
  if (keys.length < 1 || keys.length > MOST_KEYS)
    throw new TidemarkError("bad_request", `1 to ${MOST_KEYS} keys are read at once, not ${keys.length}`);
  return ofBroker(node, "read", async () => {
    const slots = [...new Set(keys)];
    const page = await node.reads.slots.run(() => node.broker.readSlots(resolved.name, { slots }, options));
    const texts = new Map<string, string>();
    for (const { changes = [] } of page.entries) {
      for (const { slot, data } of changes) if (data !== undefined) texts.set(slot, jsonOf(data));
    }
    return { cursor: cursorOf(page), texts };
  });
}

/**
 * Reads all keys, as of one moment that is not before this call, by the channel's feed on this node.
 *
 * @throws {TidemarkError} `wrong_kind`, `unavailable`
 */
export async function readAll(
  node: ServerNode,
  resolved: ResolvedChannel,
  filter: SlotFilter,
): Promise<Snapshot> {
  mustHaveKeys(resolved);
  return ofBroker(node, "read", async () => {
    const { feed } = await node.hub.acquire(resolved);
    try {
      if (feed.snapshot === undefined) throw new TypeError(`the feed of ${resolved.name} has no keys`);
      return await feed.snapshot(filter);
    } finally {
      node.hub.release(resolved.name);
    }
  });
}
