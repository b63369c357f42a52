import {
  type Cursor,
  type ErrorBody,
  type EventFrame,
  type StartAt,
  type SubscribeResult,
  type Timer,
  canonicalName,
  formatCursor,
  parseCursor,
} from "../protocol/index.js";
import { createBackoff } from "./backoff.js";
import type { Core } from "./core.js";
import { TidemarkError, fromReply } from "./errors.js";
import type { ChannelSubscription } from "./host.js";
import type { ClientKind } from "./kinds/kind.js";
import { messageFrom } from "./message.js";
import { createLatePresence } from "./late-presence.js";
import type { ChannelReceiver } from "./session.js";
import type { Sink, SubscriptionEvents } from "./sink.js";

type State =
  /** Not asked for on this connection. */
  | { readonly at: "idle" }
  /** `steady`: it was on until then, on the same connection. Over HTTP all are asked for anew, again and again. */
  | { readonly at: "asked"; readonly steady: boolean }
  | { readonly at: "on"; readonly ch: number }
  /** Refused for the moment; asked again when the timer goes off. */
  | { readonly at: "waiting"; readonly timer: Timer }
  /** Not asked for again by itself: refused until the next connection (`again`), or ended by the server. */
  | { readonly at: "refused"; readonly code: string; readonly again: boolean }
  | { readonly at: "ended" };

/** One channel's subscription over all connections, shared by the handles on it. It ends with the last of them. */
export interface Subscription extends ChannelSubscription, ChannelReceiver {
  readonly kind: ClientKind;
  readonly at: () => State["at"];
  /** What to subscribe with, as JSON: where it got to, or else where it was to begin. */
  readonly options: () => string;
  /** Asks once more where the server had no room for it; says whether that was so. */
  readonly retry: () => boolean;
  /** It is part of a connect command that is on its way. */
  readonly asked: () => void;
  readonly unsubscribe: () => void;
  /** The server has subscribed it, asked or by itself. */
  readonly subscribed: (result: SubscribeResult) => void;
  /** The server did not subscribe it. */
  readonly refused: (error: ErrorBody) => void;
  readonly event: (event: Exclude<EventFrame, { event: "goaway" | "subscribed" }>) => void;
  /** The connection is gone. */
  readonly down: () => void;
  /** The client is closed. */
  readonly close: (error: TidemarkError) => void;
}

/** The subscriptions of a client; each keeps its own entries true. */
export interface SubscriptionTable {
  /** By the name as `canonicalName` spells it. */
  readonly byName: Map<string, Subscription>;
  /** By channel number, which is valid on its connection only. */
  readonly byNumber: Map<number, Subscription>;
  /** Those that are being asked for, or are asked for again soon. */
  readonly asking: Set<Subscription>;
  /** Whether there are more than one connect command takes. */
  full: boolean;
  /** Asks for those that could not be asked for because there were too many. */
  readonly ask: () => void;
  /** One has ended: another one may have its place. */
  readonly freed: () => void;
}

/** So many are asked for at once: a server that limits the rate of commands is not flooded. */
const MAX_ASKING = 100;

export function createSubscription(
  { clock, random, chunks, settings, wire }: Core,
  table: SubscriptionTable,
  name: string,
  kind: ClientKind,
  start: StartAt,
): Subscription {
  const { byName, byNumber } = table;
  const quoted = JSON.stringify(name);
  const { compacted } = kind;
  const backoff = createBackoff(settings.backoff, random);
  // Replaced, never changed, so that handles may come and go while they are being told something.
  let sinks: readonly Sink[] = [];
  /** Those of them that have not been told that it is on. */
  const fresh = new Set<Sink>();
  const presence = createLatePresence(
    chunks.presence,
    {
      clock,
      backoff,
      wire,
      name,
      tell,
      refused: (error) => failed(fromReply(error, name)),
    },
    failed,
  );
  let state: State = { at: "idle" };
  let cursor: Cursor | undefined;
  /** Whether it has had a handle. */
  let used = false;
  /** Whether its handles know that there is no room for it. */
  let told = false;

  function tell<Name extends keyof SubscriptionEvents>(about: Name, value: SubscriptionEvents[Name]): void {
    for (const sink of sinks) sink.tell(about, value);
  }

  function failed(error: TidemarkError): void {
    for (const sink of sinks) sink.failed(error);
  }

  /** Tells those that have not been told that it is on, and the others unless it is as before. For the former nothing is resumed. */
  function tellSubscribed(resumed: boolean, complete: boolean, kept: boolean): void {
    for (const sink of sinks) {
      const first = fresh.delete(sink);
      if (first || !kept) sink.tell("subscribed", { resumed: resumed && !first, complete });
    }
  }

  function options(): string {
    const place = !cursor ? start : { cursor: formatCursor(cursor) };
    return JSON.stringify({ kind: kind.name, ...place, ...compacted?.options(!wire.renew) });
  }

  function ask(): void {
    if (state.at !== "idle" || sinks.length === 0 || !wire.open || table.asking.size >= MAX_ASKING) return;
    if (wire.renew) {
      if (!table.full) wire.renew();
      else if (!told) noRoom();
      return;
    }
    enter({ at: "asked", steady: false });
    wire.request(`"subscribe":${quoted},${options().slice(1, -1)}`, (error, result) => {
      if (!error) confirm(result as SubscribeResult);
      else refuse(error);
    });
  }

  /** It waits, for a WebSocket or for another one to end. */
  function noRoom(): void {
    told = true;
    const message = "too many channels for HTTP: this one waits";
    failed(new TidemarkError("limit_reached", message, { retry: true, channel: name }));
  }

  /** Until the server has done so it counts, and messages come for nobody. */
  function unsubscribe(): void {
    if (wire.renew) {
      wire.renew();
      return;
    }
    wire.request(`"unsubscribe":${quoted}`, (error) => {
      if (!error?.retry) table.freed();
      else if (!byName.has(name)) clock.setTimeout(leave, (error.after ?? 0) + backoff.next());
    });
  }

  /** Unless somebody wants it again, or has left it with the connection. */
  function leave(): void {
    if (wire.open && !byName.has(name)) unsubscribe();
  }

  function confirm(result: SubscribeResult): void {
    if (state.at === "ended") return;
    if (result.kind !== kind.name) {
      unsubscribe();
      const message = `a ${result.kind} channel, not a ${kind.name} channel`;
      over(new TidemarkError("wrong_kind", message, { channel: name }));
      return;
    }
    const { ch } = result;
    const steady = state.at === "asked" && state.steady;
    const before = cursor;
    if (kind.read || result.cursor) begin(parseCursor(result.cursor ?? ""));
    const same = cursor === before;
    backoff.reset();
    told = false;
    enter({ at: "on", ch });
    byNumber.set(ch, subscription);
    compacted?.on(result);
    tellSubscribed(same && before !== undefined, result.complete ?? true, steady && same);
    if (result.presence) presence.subscribed(steady);
  }

  /** Another epoch's cursor counts; in the same one, nothing that was applied is taken back, unless all is told anew. */
  function begin(from: Cursor | undefined): void {
    if (from === undefined) throw new Error("no cursor");
    if (cursor?.epoch !== from.epoch || cursor.offset < from.offset || (compacted && !from.offset))
      cursor = from;
  }

  function refuse(error: ErrorBody): void {
    // `ended`, `idle`: nobody wants to know.
    if (state.at !== "asked") return;
    // The last handle's: the server has not ended that one yet.
    // The last handle's: the server has not ended that one yet.
    if (error.code === "already_subscribed") unsubscribe();
    else if (!error.retry || compacted?.told?.(error)) {
      over(fromReply(error, name));
      return;
    }
    enter({ at: "waiting", timer: clock.setTimeout(askAgain, (error.after ?? 0) + backoff.next()) });
  }

  function askAgain(): void {
    enter({ at: "idle" });
    ask();
  }

  function over(error: TidemarkError): void {
    const why = state.at === "on" ? "unsubscribed" : "refused";
    enter({ at: "refused", code: error.code, again: why === "refused" });
    for (const sink of sinks) sink.over(error, why);
    if (why === "unsubscribed") table.freed();
  }

  function end(): void {
    const last = state;
    if (last.at === "ended" || sinks.length > 0) return;
    enter({ at: "ended" });
    const key = canonicalName(name);
    if (byName.get(key) === subscription) byName.delete(key);
    if (last.at === "on") byNumber.delete(last.ch);
    // In a connect command that is on its way it can be undone only when the answer is there.
    if (last.at === "on" || (last.at === "asked" && wire.open)) unsubscribe();
  }

  function enter(next: State): void {
    if (state.at === "waiting") clock.clearTimeout(state.timer);
    if (next.at !== "on" && next.at !== "asked") presence.stop();
    state = next;
    // Nothing goes on elsewhere in the middle of a message: it comes again, whole.
    subscription.parts = undefined;
    if (next.at === "asked" || next.at === "waiting") table.asking.add(subscription);
    else if (table.asking.delete(subscription)) table.ask();
  }

  const subscription: Subscription = {
    name,
    kind,
    at: () => state.at,
    cursor: () => cursor,
    members: presence.members,
    memberCount: presence.memberCount,
    add(sink, own) {
      // One that nobody wanted before it was asked for begins where its next handle says.
      if (used && sinks.length === 0 && state.at === "idle" && !cursor) start = own;
      used = true;
      sinks = [...sinks, sink];
      fresh.add(sink);
      told = false;
      if (state.at === "refused") enter({ at: "idle" });
      // One that came when it was on already is told so as well.
      queueMicrotask(() => state.at === "on" && tellSubscribed(false, true, true));
      const { last, ...place } = own;
      if (!kind.read || (!last && Object.keys(place).length === 0)) return false;
      return cursor !== undefined || JSON.stringify(own) !== JSON.stringify(start);
    },
    remove(sink) {
      fresh.delete(sink);
      sinks = sinks.filter((other) => other !== sink);
      queueMicrotask(end);
    },
    options,
    retry() {
      if (state.at !== "refused" || state.code !== "limit_reached") return false;
      askAgain();
      return true;
    },
    asked() {
      const steady = state.at === "on" || (state.at === "asked" && state.steady);
      enter({ at: "asked", steady });
    },
    ask,
    again() {
      if (state.at === "on") {
        byNumber.delete(state.ch);
        unsubscribe();
      } else if (state.at !== "refused") return state.at !== "asked";
      askAgain();
      return true;
    },
    line(write) {
      if (state.at === "on") wire.line(write(wire.renew ? name : state.ch));
    },
    unsubscribe,
    subscribed: confirm,
    refused: refuse,
    apart: compacted !== undefined,
    message(frame, size) {
      if (compacted?.line(frame, size)) return;
      const [, offset, data, meta] = frame;
      const before = cursor;
      // Everything in the log comes once; what is not in a log has offset 0.
      if (offset > 0) {
        if (!cursor || offset <= cursor.offset) return;
        cursor = { epoch: cursor.epoch, offset };
      }
      const message = messageFrom(offset, data, meta, wire.me, clock.now());
      for (const sink of sinks) sink.message(message, before);
    },
    event(event) {
      if (event.event === "gap") {
        const { after, until, epoch, reason } = event;
        cursor = { epoch, offset: until };
        subscription.parts = undefined;
        tell("gap", { after, until, reason });
      } else if (event.event === "unsubscribed") {
        byNumber.delete(event.ch);
        over(new TidemarkError(event.code, event.message, { channel: name }));
      } else if ("version" in event) presence.change(event);
      else compacted?.told?.(event);
    },
    down() {
      if (state.at === "refused" ? state.again : state.at !== "ended") enter({ at: "idle" });
    },
    close(error) {
      enter({ at: "ended" });
      for (const sink of sinks) sink.over(error, "closed");
    },
  };
  return subscription;
}
