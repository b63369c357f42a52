/** Subscribing and unsubscribing. */
import {
  formatCursor,
  type Command,
  type SubscribeOptions,
  type SubscribeResult,
} from "../../../protocol/index.js";
import { isPromise } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import type { ActiveChannel } from "../../feed/active-channel.js";
import type { Start } from "../../feed/channel-feed.js";
import { AckWindow } from "../../delivery/ack-window.js";
import { Subscriber } from "../../delivery/audience.js";
import type { Caller, Identity } from "../caller.js";
import { contextOf, mustAllow, mustResolve } from "./access.js";
import { enter, isPlay, mayEnter, type Visitor } from "./enter-room.js";
import { join, leave, membershipOf } from "./membership.js";
import { narrowed } from "./slot-rights.js";
import { presentable } from "../presentable.js";
import type { ChannelSession, Membership, Subscription } from "./session.js";
import type { Visit, VisitEnd } from "./visit.js";

/** A subscription that is ready: `result` goes into the reply, and right after the reply `start` begins delivery. */
export interface Started {
  readonly result: SubscribeResult;
  readonly start: () => void;
}

export function subscribe(connection: Caller, command: Command & { do: "subscribe" }): void {
  const { id, channel } = command;
  connection.sessions.of(channel).queue.run(async () => {
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
  const session = connection.sessions.of(channel);
  session.queue.run(() => {
    if (connection.closed) return undefined;
    const { subscription } = session;
    let left: Promise<void> | undefined;
    if (subscription === undefined || subscription === "opening") {
      connection.fail(
        id,
        new TidemarkError("not_subscribed", `not subscribed to ${JSON.stringify(channel)}`),
      );
    } else {
      left = subscription.visit?.leave();
      end(connection, session, 0);
      if (left === undefined) connection.reply(id, "{}");
    }
    connection.sessions.tidy(channel);
    return left?.then(
      () => connection.reply(id, "{}"),
      (error: unknown) => connection.fail(id, presentable(connection, error, "leave the room")),
    );
  });
}

/** Subscribes a connection without its asking, and tells its client; does nothing where there is a subscription. */
export function subscribeByServer(connection: Caller, channel: string): void {
  connection.sessions.grant(channel);
  const session = connection.sessions.of(channel);
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

/** Ends a connection's subscription without its asking, and tells its client why. */
export function unsubscribeByServer(
  connection: Caller,
  channel: string,
  code: string,
  message: string,
): void {
  connection.sessions.revoke(channel);
  const session = connection.sessions.of(channel);
  session.queue.run(() => {
    const { subscription } = session;
    if (subscription !== undefined && subscription !== "opening") {
      const { ch } = subscription.active;
      end(connection, session, 0);
      connection.tell(JSON.stringify({ event: "unsubscribed", ch, code, message }));
    }
    connection.sessions.tidy(channel);
  });
}

/** The room has ended a visit: its client is told why. */
function visitEnded(
  connection: Caller,
  session: ChannelSession,
  visit: Visit,
  { code, message }: VisitEnd,
): void {
  session.queue.run(() => {
    const { subscription } = session;
    if (connection.closed || typeof subscription !== "object" || subscription.visit !== visit) return;
    const { ch } = subscription.active;
    end(connection, session, 0);
    connection.tell(JSON.stringify({ event: "unsubscribed", ch, code, message }));
    connection.sessions.tidy(session.channel);
  });
}

/**
 * Ends every subscription of a connection that has ended. Members stay for the grace of their channel, and at least for so
 * many milliseconds; after a goodbye not at all.
 */
export function leaveAll(connection: Caller, how: "goodbye" | number): void {
  for (const session of connection.sessions) {
    const grace = membershipOf(session)?.grace ?? 0;
    end(connection, session, how === "goodbye" ? 0 : Math.max(grace, how));
  }
  connection.sessions.clear();
}

/**
 * Does all of a subscription that has to be waited for. What this returns must be called, in the same turn as the reply is written:
 * there the place in the log is taken, so that delivery begins exactly where the reply says. Never rejects.
 */
export async function prepare(
  connection: Caller,
  identity: Identity,
  name: string,
  options: SubscribeOptions,
): Promise<() => Started | TidemarkError> {
  const session = connection.sessions.of(name);
  // A subscription that the client did not ask for gives way to one that it asks for, with a start of its own.
  if (session.given) end(connection, session, 0);
  if (session.subscription !== undefined) {
    return refused(new TidemarkError("already_subscribed", `already subscribed to ${JSON.stringify(name)}`));
  }
  const { node } = connection;
  const { limits, hub } = node;
  if (connection.sessions.subscribed >= limits.subscriptions) {
    connection.sessions.tidy(name);
    return refused(
      new TidemarkError("limit_reached", `at most ${limits.subscriptions} subscriptions on one connection`),
    );
  }
  connection.sessions.subscribed++;
  session.subscription = "opening";
  let active: ActiveChannel | undefined;
  let membership: Membership | undefined;
  let visit: Visit | undefined;
  const undo = (): void => {
    connection.sessions.subscribed--;
    session.subscription = undefined;
    visit?.ended(0);
    if (active !== undefined) hub.release(name);
    leave(connection, name, membership, 0);
    connection.sessions.tidy(name);
  };
  try {
    const resolved = mustResolve(connection, name);
    const { def } = resolved;
    if (options.kind !== undefined && options.kind !== def.kind.name) {
      throw new TidemarkError(
        "wrong_kind",
        `${JSON.stringify(name)} is a ${def.kind.name}, not a ${options.kind}; use ${def.kind.handle(name)}`,
      );
    }
    const visitor: Visitor = { connection, identity, resolved, options };
    if (def.room !== undefined) await mayEnter(visitor);
    const context = contextOf(connection, identity, resolved);
    // Hooks that are not there are not waited for: each wait is a turn of the microtask queue for each subscription.
    let wanted = options;
    if (def.allow !== undefined && !connection.sessions.granted.has(name)) {
      if (def.kind.by === "slots") wanted = await narrowed(node, context, resolved, options);
      else await mustAllow(node, context, resolved, "subscribe");
    }
    if (def.onSubscribe !== undefined)
      await node.slowHooks.watch(def.onSubscribe(context), "onSubscribe", resolved.name);
    if (!connection.sessions.granted.has(name)) connection.node.newChannels.use(connection, name);
    active = await hub.acquire(resolved);
    const begins = active.feed.start(wanted);
    const start = isPromise(begins) ? await begins : begins;
    const { room } = active.feed;
    if (room !== undefined && !(connection.closed && isPlay(options)))
      visit = await enter(visitor, room, (ended, why) => visitEnded(connection, session, ended, why));
    if (def.presence !== undefined && !connection.closed)
      membership = await join(connection, identity, active, context);
    return () => {
      if (connection.closed) {
        undo();
        return new TidemarkError("going_away", "the connection has closed");
      }
      return begin(
        connection,
        session,
        { active: active as ActiveChannel, membership, visit },
        start,
        options,
      );
    };
  } catch (error) {
    undo();
    return refused(presentable(connection, error, "subscribe"));
  }
}

function refused(error: TidemarkError): () => TidemarkError {
  return () => error;
}

function begin(
  connection: Caller,
  session: ChannelSession,
  { active, membership, visit }: Omit<Subscription, "subscriber">,
  start: Start,
  { window: asked, budget }: SubscribeOptions,
): Started {
  const { resolved, ch, feed } = active;
  const cursor = start.cursor ?? feed.beginning;
  // Over HTTP acknowledgements would come with other requests, maybe to another node.
  const size = start.as === undefined || connection.asksAgain ? undefined : asked;
  const subscriber = new Subscriber(
    connection.out,
    cursor ?? { epoch: "", offset: 0 },
    (start.cursor ?? start.seen) === undefined,
    size === undefined ? undefined : new AckWindow(size, connection.out),
  );
  session.subscription = { active, subscriber, membership, visit };
  return {
    result: {
      ch,
      kind: resolved.def.kind.name,
      ...(cursor !== undefined && { cursor: formatCursor(cursor) }),
      ...(active.roster !== undefined && { presence: true as const }),
      ...(start.complete !== undefined && { complete: start.complete }),
      ...(start.as?.rate.perSecond !== undefined && { rate: start.as.rate.perSecond }),
      ...(start.as?.view.id !== undefined && { view: start.as.view.id }),
      ...(size !== undefined && { window: size }),
      ...visit?.result,
    },
    start: () => {
      // The reply may have been one too many for a peer that does not read.
      if (!connection.closed && visit !== undefined) visit.begin(subscriber, ch, { cursor, budget });
      else if (!connection.closed) feed.add(subscriber, start);
      connection.node.hub.release(resolved.name);
    },
  };
}

function end(connection: Caller, session: ChannelSession, grace: number): void {
  const { channel, subscription } = session;
  // A subscription that is still opening sees that the connection has closed, and takes itself back.
  if (subscription === undefined || subscription === "opening") return;
  session.subscription = undefined;
  session.given = false;
  connection.sessions.subscribed--;
  subscription.visit?.ended(grace);
  subscription.active.audience.delete(subscription.subscriber);
  connection.node.hub.release(channel, "subscription");
  connection.node.newChannels.note(channel);
  leave(connection, channel, subscription.membership, grace);
}
