import { decodeSegment } from "../../../protocol/channel-name.js";
import { channelNameProblem } from "../../../protocol/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import type { ServerNode } from "../../connection/node.js";
import { TidemarkError } from "../../errors.js";

/**
 * The channel that a path names behind `base`: its name, URI-encoded, where slashes may stay as they are.
 *
 * @throws {TidemarkError} `bad_request` for what is no name, `not_found` when no pattern matches
 */
export function channelIn(node: Pick<ServerNode, "registry">, path: string, base: string): ResolvedChannel {
  const name = decodeSegment(path.slice(base.length));
  const problem = name === undefined ? "the channel's name is not URI-encoded" : channelNameProblem(name);
  if (name === undefined || problem !== undefined) throw new TidemarkError("bad_request", problem ?? "");
  const resolved = node.registry.resolve(name);
  if (resolved !== undefined) return resolved;
  throw new TidemarkError("not_found", `no channel pattern matches ${JSON.stringify(name)}`);
}
