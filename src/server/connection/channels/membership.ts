/** Being present on a channel: joined when subscribing, left when that ends. */
import type { Context } from "../../channels/define.js";
import type { ActiveChannel } from "../../feed/active-channel.js";
import type { Caller, Identity } from "../caller.js";
import type { ChannelSession, Membership } from "./session.js";

/**
 * Makes the user of a connection present on a channel, where that tells who is. Resolves with `undefined` where it does not,
 * and where the connection has closed meanwhile: then the user has been taken back.
 *
 * @throws what the presence option throws, or the broker's error
 */
export async function join(
  connection: Caller,
  identity: Identity,
  active: ActiveChannel,
  context: Context,
): Promise<Membership | undefined> {
  const { presence } = active.resolved.def;
  if (presence === undefined) return undefined;
  // The data is what JSON has, from here on: what is no JSON must fail here, and what the app changes later must not show.
  const text = JSON.stringify(presence.data?.(context)) as string | undefined;
  const data: unknown = text === undefined ? undefined : JSON.parse(text);
  const member = { id: identity.member, ...(data !== undefined && { data }) };
  // A name of its own for each subscription: a leave that comes late must not take the next one's member away.
  const instance = `${connection.client}.${connection.node.nextNumber().toString(36)}`;
  const membership = { id: member.id, instance, grace: presence.grace };
  const { name } = active.resolved;
  try {
    await connection.node.broker.join(name, member, instance);
  } catch (error) {
    // Nobody knows whether the join arrived.
    leave(connection, name, membership, 0);
    throw error;
  }
  // The connection may have closed meanwhile, and then nobody else would take the member back.
  if (!connection.closed) return membership;
  leave(connection, name, membership, presence.grace);
  return undefined;
}

export function membershipOf({ subscription }: ChannelSession): Membership | undefined {
  return typeof subscription === "object" ? subscription.membership : undefined;
}

/** Takes a member back, who stays for `grace` milliseconds; does nothing where there is none. Never fails. */
export function leave(
  connection: Caller,
  channel: string,
  membership: Membership | undefined,
  grace: number,
): void {
  if (membership === undefined) return;
  const { id, instance } = membership;
  connection.node.leaves.say({ channel, id, instance, grace });
}
