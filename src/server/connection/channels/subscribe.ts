/** Subscribing and unsubscribing. */
import {
  formatCursor,
  type Command,
  type SubscribeOptions,
  type SubscribeResult,
} from "../../../protocol/index.js";
import type { Action, Context } from "../../channels/define.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { isPromise } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import type { ActiveChannel } from "../../feed/active-channel.js";
import type { Start } from "../../feed/channel-feed.js";
import { Subscriber } from "../../delivery/audience.js";
import type { Caller, Identity } from "../caller.js";
import type { ServerNode } from "../node.js";
import type { ChannelSession, Membership } from "./session.js";

/** A subscription that is ready: `result` goes into the reply, and right after the reply `start` begins delivery. */
export interface Started {
  readonly result: SubscribeResult;
  readonly start: () => void;
}

export function subscribe(connection: Caller, command: Command & { do: "subscribe" }): void {
  const { id, channel } = command;
  connection.session(channel).queue.run(async () => {
    const { identity } = connection;
    if (identity === undefined) return;
    const started = (await prepare(connection, identity, channel, command.options))();
    if (started instanceof TidemarkError) return connection.fail(id, started);
    connection.reply(id, JSON.stringify(started.result));
    started.start();
  });
}

export function unsubscribe(connection: Caller, command: Command & { do: "unsubscribe" }): void {
  const { id, channel } = command;
  const session = connection.session(channel);
  session.queue.run(() => {
    if (connection.closed) return;
    const { subscription } = session;
    if (subscription === undefined || subscription === "opening") {
      connection.fail(
        id,
        new TidemarkError("not_subscribed", `not subscribed to ${JSON.stringify(channel)}`),
      );
    } else {
      end(connection, channel, session, 0);
      connection.reply(id, "{}");
    }
    connection.tidy(channel);
  });
}

/** Subscribes a connection without its asking, and tells it; does nothing where it is subscribed. */
export function subscribeByServer(connection: Caller, channel: string): void {
  connection.grant(channel);
  const session = connection.session(channel);
  session.queue.run(async () => {
    const { identity } = connection;
    if (identity === undefined || connection.closed || session.subscription !== undefined) return;
    const started = (await prepare(connection, identity, channel, {}))();
    if (started instanceof TidemarkError) return notGiven(connection, channel, started);
    session.given = true;
    connection.tell(JSON.stringify({ event: "subscribed", channel, ...started.result }));
    started.start();
  });
}

export function notGiven({ node, client }: Caller, channel: string, error: TidemarkError): void {
  node.log.warn({ client, channel, error }, "the server could not subscribe a connection by itself");
}

/** Ends a connection's subscription without its asking, and tells it why. */
export function unsubscribeByServer(
  connection: Caller,
  channel: string,
  code: string,
  message: string,
): void {
  connection.revoke(channel);
  const session = connection.session(channel);
  session.queue.run(() => {
    const { subscription } = session;
    if (subscription !== undefined && subscription !== "opening") {
      const { ch } = subscription.active;
      end(connection, channel, session, 0);
      connection.tell(JSON.stringify({ event: "unsubscribed", ch, code, message }));
    }
    connection.tidy(channel);
  });
}

/**
 * Ends every subscription of a connection that has ended. Members stay for the grace of their channel, and at least for so
 * many milliseconds; after a goodbye not at all.
 */
export function leaveAll(connection: Caller, how: "goodbye" | number): void {
  for (const [channel, session] of connection.sessions) {
    const grace = membershipOf(session)?.grace ?? 0;
    end(connection, channel, session, how === "goodbye" ? 0 : Math.max(grace, how));
  }
  connection.sessions.clear();
}

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
  action: Action,
): Promise<void> {
  const { allow } = resolved.def;
  if (allow === undefined) return;
  const verdict = node.slowHooks.watch(allow({ ...context, action }), "allow", resolved.name);
  if (!(await verdict)) throw forbidden(action, resolved.name);
}

export function forbidden(action: Action, channel: string): TidemarkError {
  return new TidemarkError("forbidden", `you may not ${action} on ${JSON.stringify(channel)}`);
}

/** @throws {TidemarkError} `not_found` when no pattern matches */
export function mustResolve(connection: Caller, name: string): ResolvedChannel {
  const resolved = connection.node.registry.resolve(name);
  if (resolved === undefined)
    throw new TidemarkError("not_found", `no channel pattern matches ${JSON.stringify(name)}`);
  return resolved;
}

/**
 * Does all that has to be waited for. What it returns must be called, in the same turn as the reply is written:
 * there the place in the log is taken, so that delivery begins exactly where the reply says. Never rejects.
 */
export async function prepare(
  connection: Caller,
  identity: Identity,
  name: string,
  options: SubscribeOptions,
): Promise<() => Started | TidemarkError> {
  const session = connection.session(name);
  // One that the client did not ask for gives way to the one that it asks for, with a start of its own.
  if (session.given) end(connection, name, session, 0);
  if (session.subscription !== undefined) {
    return refused(new TidemarkError("already_subscribed", `already subscribed to ${JSON.stringify(name)}`));
  }
  const { node } = connection;
  const { limits, hub } = node;
  if (connection.subscriptions >= limits.subscriptions) {
    connection.tidy(name);
    return refused(
      new TidemarkError("limit_reached", `at most ${limits.subscriptions} subscriptions on one connection`),
    );
  }
  connection.subscriptions++;
  session.subscription = "opening";
  let active: ActiveChannel | undefined;
  let membership: Membership | undefined;
  const undo = (): void => {
    connection.subscriptions--;
    session.subscription = undefined;
    if (active !== undefined) hub.release(name);
    leave(connection, name, membership, 0);
    connection.tidy(name);
  };
  try {
    const resolved = mustResolve(connection, name);
    const { def } = resolved;
    if (options.kind !== undefined && options.kind !== def.kind.name) {
      throw new TidemarkError(
        "wrong_kind",
        `${JSON.stringify(name)} is a ${def.kind.name}, not a ${options.kind}`,
      );
    }
    const context = contextOf(connection, identity, resolved);
    // What need not be waited for is not: each wait is a turn of the microtask queue for each subscription.
    if (def.allow !== undefined && !connection.granted.has(name))
      await mustAllow(node, context, resolved, "subscribe");
    if (def.onSubscribe !== undefined)
      await node.slowHooks.watch(def.onSubscribe(context), "onSubscribe", resolved.name);
    if (!connection.granted.has(name)) connection.node.newChannels.use(connection, name);
    active = await hub.acquire(resolved);
    const begins = active.feed.start(options);
    const start = isPromise(begins) ? await begins : begins;
    if (def.presence !== undefined && !connection.closed)
      membership = await join(connection, identity, active, context);
    return () => {
      if (connection.closed) {
        undo();
        return new TidemarkError("going_away", "the connection has closed");
      }
      return begin(connection, session, active as ActiveChannel, membership, start);
    };
  } catch (error) {
    undo();
    return refused(connection.presentable(error, "subscribe"));
  }
}

function refused(error: TidemarkError): () => TidemarkError {
  return () => error;
}

function begin(
  connection: Caller,
  session: ChannelSession,
  active: ActiveChannel,
  membership: Membership | undefined,
  start: Start,
): Started {
  const { resolved, ch, feed } = active;
  const cursor = start.cursor ?? feed.beginning;
  const subscriber = new Subscriber(
    connection.out,
    cursor ?? { epoch: "", offset: 0 },
    start.cursor === undefined,
  );
  session.subscription = { active, subscriber, membership };
  return {
    result: {
      ch,
      kind: resolved.def.kind.name,
      ...(cursor !== undefined && { cursor: formatCursor(cursor) }),
      ...(active.roster !== undefined && { presence: true as const }),
      ...(start.complete !== undefined && { complete: start.complete }),
    },
    start: () => {
      // The reply may have been one too many for a peer that does not read.
      if (!connection.closed) feed.add(subscriber);
      connection.node.hub.release(resolved.name);
    },
  };
}

async function join(
  connection: Caller,
  identity: Identity,
  active: ActiveChannel,
  context: Context,
): Promise<Membership | undefined> {
  const { presence } = active.resolved.def;
  if (presence === undefined) return undefined;
  // As JSON has it, from here on: what is no JSON must fail here, and what the app changes later must not show.
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
    // Nobody knows whether it arrived.
    leave(connection, name, membership, 0);
    throw error;
  }
  // It may have closed meanwhile, and then nobody else would take it back.
  if (!connection.closed) return membership;
  leave(connection, name, membership, presence.grace);
  return undefined;
}

function membershipOf({ subscription }: ChannelSession): Membership | undefined {
  return typeof subscription === "object" ? subscription.membership : undefined;
}

function end(connection: Caller, channel: string, session: ChannelSession, grace: number): void {
  const { subscription } = session;
  // One that is still opening sees that the connection has closed, and takes itself back.
  if (subscription === undefined || subscription === "opening") return;
  session.subscription = undefined;
  session.given = false;
  connection.subscriptions--;
  subscription.active.audience.delete(subscription.subscriber);
  connection.node.hub.release(channel, "subscription");
  connection.node.newChannels.note(channel);
  leave(connection, channel, subscription.membership, grace);
}

function leave(connection: Caller, channel: string, membership: Membership | undefined, grace: number): void {
  if (membership === undefined) return;
  const { id, instance } = membership;
  connection.node.leaves.say({ channel, id, instance, grace });
}
