/** A change as JSON has it, made by the application or for whoever has the key of the HTTP API. */
import { formatCursor } from "../../protocol/index.js";
import { mustHaveKeys } from "../channels/keys.js";
import type { ResolvedChannel } from "../channels/registry.js";
import type { ServerNode } from "../connection/node.js";
import { changeAsServer } from "../connection/publish/change-as-server.js";
import { readChangeRequest } from "../kinds/slots/change-request.js";

/** Where a change is in the channel's log. */
export interface StateWritten {
  /** The place as clients have it, for `if.since`. */
  readonly cursor: string;
}

/** What became of a change. */
export interface StateChanged extends StateWritten {
  /** Whether all keys held already what they were to hold: then nothing was told to anybody. Their times to live were set anew. */
  readonly same: boolean;
}

/** @throws {TidemarkError} for what is no change, where the channel has no keys, and as {@link changeAsServer} */
export async function makeChange(
  node: ServerNode,
  resolved: ResolvedChannel,
  data: unknown,
): Promise<StateChanged> {
  mustHaveKeys(resolved);
  const { cursor, same } = await changeAsServer(node, resolved, readChangeRequest(data));
  return { cursor: formatCursor(cursor), same };
}
