import {
  type ConnectResult,
  type EventFrame,
  type StartAt,
  type SubscribeResult,
  MAX_CONNECT_SUBS,
  MAX_CONNECT_SUBS_HTTP,
  canonicalName,
  channelNameProblem,
  isOffset,
  readError,
  parseCursor,
  utf8Length,
} from "../protocol/index.js";
import type { Core } from "./core.js";
import { TidemarkError } from "./errors.js";
import type { ClientKind } from "./kinds/kind.js";
import { type Subscription, type SubscriptionTable, createSubscription } from "./subscription.js";
import { MAX_FRAME_BYTES, UNTOLD } from "./wire.js";

/** All subscriptions of a client. */
export interface Subscriptions {
  /**
   * The subscription of a channel, made if there is none: one, however its name is spelled.
   *
   * @throws {TidemarkError} `invalid` for a name or start that no server takes, `wrong_kind` when there is one of the other kind
   */
  readonly get: (name: string, kind: ClientKind, start: StartAt) => Subscription;
  /**
   * The `subs` of a connect command in which so many bytes are used already, as JSON: as many as it takes. The others are
   * asked for later, or over HTTP when there is room.
   */
  readonly resume: (used: number) => string;
  /** What became of those in the connect command; the rest is asked for now. */
  readonly online: (result: ConnectResult) => void;
  readonly down: () => void;
  /** The one with this number on this connection. */
  readonly channel: (ch: number) => Subscription | undefined;
  readonly event: (event: Exclude<EventFrame, { event: "goaway" }>) => void;
  readonly close: (error: TidemarkError) => void;
}

/** What a connect command, and the answer to it, have besides the subscriptions at most, in bytes. */
const AROUND_SUBS = 2048;
/** What an answer says of a channel at most, besides its name, in bytes. A connect command says less. */
const IN_ANSWER = 100;

/** A server that says nothing of a channel is asked again. */
const NO_ANSWER = { error: { code: "internal", message: "no answer", retry: true } } as const;

export function createSubscriptions(core: Core): Subscriptions {
  const byName = new Map<string, Subscription>();
  const byNumber = new Map<number, Subscription>();
  const table: SubscriptionTable = { byName, byNumber, asking: new Set(), full: false, ask: askMore, freed };
  /** What the server has subscribed by itself and no handle has asked for yet; it begins where it began first. */
  const given = new Map<string, SubscribeResult>();
  /** Those that are part of the connect command on its way. */
  let resuming: Subscription[] = [];
  /** Whether there was less room for them than there may be, since the server had not said how much there is. */
  let untold = false;

  function get(name: string, kind: ClientKind, start: StartAt): Subscription {
    const problem = channelNameProblem(name) ?? startProblem(start);
    if (problem) throw new TidemarkError("invalid", problem, { channel: name });
    const key = canonicalName(name);
    let subscription = byName.get(key);
    if (!subscription) {
      const cursor = given.get(key)?.cursor;
      given.delete(key);
      const from = !cursor || Object.keys(start).length > 0 ? start : { cursor };
      subscription = createSubscription(core, table, name, kind, from);
      byName.set(key, subscription);
    } else if (subscription.kind !== kind) {
      throw new TidemarkError("wrong_kind", `${name} is in use as a ${subscription.kind.name} channel`, {
        channel: name,
      });
    }
    return subscription;
  }

  function give(name: string, result: SubscribeResult): void {
    const key = canonicalName(name);
    if (!byName.has(key)) given.set(key, { ...result, ...given.get(key), ch: result.ch });
  }

  function askMore(): void {
    for (const subscription of byName.values()) subscription.ask();
  }

  /** Over HTTP a connect command is on its way in any case, which asks for those too. */
  function freed(): void {
    for (const subscription of byName.values()) if (subscription.retry()) return;
  }

  return {
    get,
    resume(used) {
      const http = core.wire.renew;
      const { limits } = core.wire;
      untold = limits === UNTOLD;
      // Over HTTP it takes all there are.
      let room = (http ? limits.frame - AROUND_SUBS : MAX_FRAME_BYTES) - used;
      let answer = limits.answer - AROUND_SUBS;
      let subs = "";
      resuming = [];
      byNumber.clear();
      table.full = false;
      for (const subscription of byName.values()) {
        if (!["idle", "asked", "on"].includes(subscription.at())) continue;
        const name = JSON.stringify(subscription.name);
        const options = subscription.options();
        const size = utf8Length(name);
        room -= size + utf8Length(options) + 2;
        answer -= size + IN_ANSWER;
        table.full =
          room < 0 || answer < 0 || resuming.length === (http ? MAX_CONNECT_SUBS_HTTP : MAX_CONNECT_SUBS);
        if (table.full) break;
        subs += `,${name}:${options}`;
        subscription.asked();
        resuming.push(subscription);
      }
      return `{${subs.slice(1)}}`;
    },
    online({ subs = {} }) {
      if (untold) table.full = false;
      const results = new Map(Object.entries(subs));
      // First what nobody wants any more: a server takes no second subscription to a channel, and whatever comes
      // next may ask for the same one anew.
      for (const { name, at, unsubscribe } of resuming) {
        if (at() === "ended" && "ch" in (results.get(name) ?? NO_ANSWER)) unsubscribe();
      }
      for (const subscription of resuming) {
        const result = results.get(subscription.name) ?? NO_ANSWER;
        results.delete(subscription.name);
        if ("error" in result) subscription.refused(readError(result.error));
        else subscription.subscribed(result);
      }
      for (const [name, result] of results) if ("ch" in result) give(name, result);
      askMore();
    },
    down() {
      byNumber.clear();
      resuming = [];
      for (const subscription of byName.values()) {
        subscription.down();
      }
    },
    channel: (ch) => byNumber.get(ch),
    event(event) {
      const { ch, channel = "" }: { readonly ch?: number | undefined; readonly channel?: string } = event;
      // What is told aside over HTTP names no number.
      const subscription = byNumber.get(ch ?? -1) ?? byName.get(canonicalName(channel));
      if (event.event === "subscribed") {
        // One that was ended may go on. Whoever has asked for it has an answer of their own coming.
        if (subscription?.at() === "refused") subscription.subscribed(event);
        else give(channel, event);
        return;
      }
      subscription?.event(event);
      if (event.event === "unsubscribed") {
        for (const [name, result] of given) if (result.ch === ch) given.delete(name);
      }
    },
    close(error) {
      for (const subscription of byName.values()) subscription.close(error);
      byName.clear();
      byNumber.clear();
    },
  };
}

/** Why a server would not take this start; it would refuse the whole connect command for it. */
function startProblem(start: StartAt): string | undefined {
  const { cursor = "e:0", last = 0, since = 0 } = start;
  const fits = parseCursor(cursor) && isOffset(last) && last <= 1000 && isOffset(since);
  if (fits && !("last" in start && "since" in start)) return undefined;
  return `${JSON.stringify(start)} is no start: cursor, last (0 to 1000) or since (milliseconds)`;
}
