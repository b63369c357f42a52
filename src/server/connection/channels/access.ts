/** Which channel a name means, and whether a connection may do something there. */
import type { AllowContext, Context } from "../../channels/define.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { TidemarkError } from "../../errors.js";
import type { Caller, Identity } from "../caller.js";
import type { ServerNode } from "../node.js";

/** What a connection is called in hooks of a channel. */
export function contextOf(
  connection: Caller,
  identity: Identity,
  { name, params }: ResolvedChannel,
): Context {
  return { user: identity.user, client: connection.client, channel: name, params };
}

/** @throws {TidemarkError} `forbidden` when the channel does not allow it */
export async function mustAllow(
  node: ServerNode,
  context: Context,
  resolved: ResolvedChannel,
  action: AllowContext["action"],
): Promise<void> {
  const { allow } = resolved.def;
  if (allow === undefined) return;
  const verdict = node.slowHooks.watch(allow({ ...context, action }), "allow", resolved.name);
  if (!(await verdict)) throw forbidden(action, resolved.name);
}

export function forbidden(action: AllowContext["action"], channel: string): TidemarkError {
  return new TidemarkError("forbidden", `you may not ${action} on ${JSON.stringify(channel)}`);
}

/** @throws {TidemarkError} `not_found` when no pattern matches */
export function mustResolve(connection: Caller, name: string): ResolvedChannel {
  const resolved = connection.node.registry.resolve(name);
  if (resolved === undefined)
    throw new TidemarkError("not_found", `no channel pattern matches ${JSON.stringify(name)}`);
  return resolved;
}
