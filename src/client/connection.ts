import {
  type ConnectResult,
  type ErrorBody,
  type EventFrame,
  type MessageFrame,
  type RefreshResult,
  type ServerFrame,
  type Timer,
  decodeServer,
  readBinaryLines,
  shouldReconnect,
  splitTextLines,
} from "../protocol/index.js";
import { createAlarm } from "./alarm.js";
import { createBackoff } from "./backoff.js";
import { closeError } from "./close.js";
import type { Core } from "./core.js";
import type { Environment } from "./environment.js";
import { TidemarkError, fromReply, messageOf } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import { createTokenSource } from "./token.js";
import type { Transport, TransportEvents, TransportName } from "./transport.js";
import { createChoice } from "./transports/choice.js";

/** What the connection needs of the rest of the client, and tells it. */
export interface Session {
  /** The inside of a connect command with this token. */
  readonly connectBody: (token: string | undefined) => string;
  readonly online: (result: ConnectResult) => void;
  /** What was sent has been answered, where that is to be waited for. */
  readonly idle: () => void;
  /** The connection is gone. What waits for an answer is told after this. */
  readonly down: () => void;
  readonly message: (message: MessageFrame) => void;
  readonly event: (event: Exclude<EventFrame, { event: "goaway" }>) => void;
  /** `id` is the server's name for the connection, or for the last one. */
  readonly status: (status: Status, reason: TidemarkError | undefined, id: string | undefined) => void;
  /** Something went wrong that nobody waits for. */
  readonly error: (error: TidemarkError) => void;
}

/**
 * `connecting`: a connection is being made. `online`: commands are answered. `offline`: waiting before the next try.
 * `closed`: for good, by `close()` or because the server said that coming back is no use.
 */
export type Status = "connecting" | "online" | "offline" | "closed";

/** Has one connection at a time, and makes the next one. All the waiting there is to do, is done here. */
export interface Connection {
  readonly start: () => void;
  /** The platform says that now is a good time: a waiting connection is made at once, a dead one noticed. */
  readonly nudge: () => void;
  readonly close: (reason: TidemarkError) => void;
  /** The one in use, or being tried. */
  readonly transport: () => TransportName;
}

/** One try to have a connection. Whatever comes from a link that is not the state's own any more is ignored. */
interface Link {
  transport: Transport | undefined;
}

type State =
  | { readonly at: "idle" }
  | { readonly at: "connecting"; readonly link: Link; readonly timer: Timer }
  | { readonly at: "handshake"; readonly link: Link; readonly timer: Timer }
  /** `timer` runs when the server has asked to leave. */
  | { readonly at: "online"; readonly link: Link; readonly since: Moment; timer: Timer }
  | { readonly at: "waiting"; readonly timer: Timer }
  | { readonly at: "closed" };

const STATUS = {
  idle: "connecting",
  connecting: "connecting",
  handshake: "connecting",
  online: "online",
  waiting: "offline",
  closed: "closed",
} as const satisfies Record<State["at"], Status>;

/** A server that says something every `ping` milliseconds is dead when it has said nothing for this much longer. */
const SILENCE_BEYOND_PING = 10_000;
/** Before giving up, once more: a page that was frozen finds its timers due before it sees what has arrived. */
const LAST_LOOK = 1000;
/** A token is renewed this long before it expires, or a tenth of its life if that is less. */
const RENEW_BEFORE = 30_000;
/** The longest wait of a browser's timers. */
const LONGEST_WAIT = 2 ** 31 - 1;
/** Backoff starts over only after a connection that lasted; a server that cuts everyone off is not hammered. */
const STABLE_AFTER = 10_000;
/** How long a server may take to answer when it is asked whether it is there. */
const PROBE_MS = 5000;

export function createConnection(
  { clock, random, settings, wire }: Core,
  url: string,
  { transport: openTransport, memory }: Environment,
  session: Session,
): Connection {
  const token = createTokenSource(settings.token);
  const backoff = createBackoff(settings.backoff, random);
  const silence = createAlarm(clock, checkSilence);
  const choice = createChoice(settings.transports, memory?.()?.getItem(url));
  const renewal = createAlarm(clock, refresh);
  let state: State = { at: "idle" };
  let id: string | undefined;
  let heard = momentOf(clock);
  let longestSilence = Infinity;
  /** How much of that is left to it; less when it was asked to say something. */
  let patience = Infinity;
  let suspect = false;
  let secret: string | undefined;
  let renewing = false;
  /** Whether a refused token was replaced since the last connection that lasted. */
  let renewed = false;

  function connect(reason?: TidemarkError): void {
    const link: Link = { transport: undefined };
    enter({ at: "connecting", link, timer: timeout(link) }, reason);
    const now = token.get();
    if (!(now instanceof Promise)) {
      open(link, now);
      return;
    }
    now.then(
      (fetched) => open(link, fetched),
      (cause: unknown) => {
        const message = `the token function failed: ${messageOf(cause)}`;
        const error = new TidemarkError("token_failed", message, { cause, retry: true });
        if (has(link)) retry(error);
        session.error(error);
      },
    );
  }

  function timeout(link: Link): Timer {
    const { connectTimeout, transports } = settings;
    // With another way to try, half of it will do.
    const ms = connectTimeout / Math.min(transports.length, 2);
    return clock.setTimeout(() => {
      const error = new TidemarkError("connect_timeout", `no answer within ${ms} ms`);
      if (link.transport === undefined) retry(error);
      else unreachable(error, true);
    }, ms);
  }

  function open(link: Link, fetched: string | undefined): void {
    if (!has(link)) return;
    secret = fetched;
    try {
      link.transport = openTransport(url, eventsOf(link), choice.name(), choice.better());
    } catch (cause) {
      const error = new TidemarkError("invalid", `cannot connect to ${url}: ${messageOf(cause)}`, { cause });
      (choice.failed(true) ? connect : close)(error);
    }
  }

  function eventsOf(link: Link): TransportEvents {
    return {
      open: () => shakeHands(link),
      frame: (frame, aside) => read(link, frame, aside),
      over() {
        if (!has(link)) return;
        if (state.at === "online") greet(link);
        else closed(1006, "");
      },
      idle() {
        if (has(link)) session.idle();
      },
      better(adopt) {
        if (!has(link)) return;
        const next: Link = { transport: undefined };
        next.transport = adopt(eventsOf(next));
        choice.reset();
        enter({ at: "connecting", link: next, timer: timeout(next) });
        shakeHands(next);
      },
      close(code, reason) {
        if (has(link)) closed(code, reason);
      },
    };
  }

  function shakeHands(link: Link): void {
    if (state.at !== "connecting" || state.link !== link || link.transport === undefined) return;
    state = { at: "handshake", link, timer: state.timer };
    wire.attach(link.transport);
    wire.renew = link.transport.idle && renew;
    greet(link);
  }

  /** Has all subscriptions made anew after this microtask, for as many as want it. */
  function renew(): void {
    if (renewing) return;
    renewing = true;
    queueMicrotask(() => {
      renewing = false;
      if (state.at === "online") greet(state.link);
    });
  }

  function greet(link: Link): void {
    wire.flush();
    wire.request(session.connectBody(secret), (error, result) => {
      if (!has(link)) return;
      if (error === undefined) online(link, result as ConnectResult);
      else refused(fromReply(error), error);
    });
    wire.flush();
  }

  function online(link: Link, result: ConnectResult): void {
    id = result.client;
    longestSilence = patience = result.ping + SILENCE_BEYOND_PING;
    wire.open = true;
    wire.me = result.sender ?? "";
    choice.worked();
    enter({
      at: "online",
      link,
      since: state.at === "online" ? state.since : momentOf(clock),
      timer: undefined,
    });
    if (!has(link)) return;
    silence.within(longestSilence - LAST_LOOK);
    expiresIn(result.expires);
    session.online(result);
  }

  /** A token that can be renewed is, a while before it expires. */
  function expiresIn(ms: number | undefined): void {
    if (ms !== undefined && token.renewable)
      renewal.within(Math.min(ms - Math.min(ms / 10, RENEW_BEFORE), LONGEST_WAIT));
  }

  /** Where it cannot be done, the server ends the connection when the token has expired, and the next one has a new token. */
  function refresh(): undefined {
    if (state.at !== "online") return;
    const { link } = state;
    token.forget();
    Promise.resolve(token.get()).then(
      (fetched) => {
        if (!has(link)) return;
        secret = fetched;
        if (wire.renew) renew();
        else
          wire.request(`"refresh":${JSON.stringify({ token: fetched })}`, (error, result) => {
            if (error === undefined) expiresIn((result as RefreshResult).expires);
          });
      },
      () => {},
    );
  }

  /** The server did not take the connect command, or threw the connection out for its token. */
  function refused(error: TidemarkError, body?: ErrorBody): void {
    if (error.code === "token_expired" && token.renewable) {
      token.forget();
      // Nothing is wrong with the server, so there is no reason to wait - unless this keeps happening.
      retry(error, settled() ? 0 : undefined);
    } else if (error.code === "unauthorized" && token.renewable && !renewed) {
      renewed = true;
      token.forget();
      connect(error);
    } else if (error.retry) {
      retry(error, body?.after);
    } else {
      close(error);
    }
  }

  function closed(code: number, reason: string): void {
    const error = closeError(code, reason);
    if (!shouldReconnect(code) || error.code === "token_expired") refused(error);
    else if (code < 4000) unreachable(error);
    else retry(error);
  }

  /** It is lost, and nobody said why. If that was before the server had answered, there may be another way to it. */
  function unreachable(error: TidemarkError, certain = false): void {
    (state.at !== "online" && choice.failed(certain) ? connect : retry)(error);
  }

  /** Whether nothing has gone wrong lately. After a connection that lasted, that is so again. */
  function settled(): boolean {
    if (state.at === "online" && elapsedSince(clock, state.since) >= STABLE_AFTER) {
      backoff.reset();
      renewed = false;
    }
    return backoff.fresh();
  }

  function retry(reason: TidemarkError, delay?: number): void {
    settled();
    const jittered = backoff.next();
    const timer = clock.setTimeout(() => connect(reason), delay ?? jittered);
    enter({ at: "waiting", timer }, reason);
  }

  function read(link: Link, frame: string | Uint8Array, aside = false): void {
    if (!has(link)) return;
    if (!aside) {
      heard = momentOf(clock);
      patience = longestSilence;
      suspect = false;
    }
    try {
      for (const line of typeof frame === "string" ? splitTextLines(frame) : readBinaryLines(frame)) {
        const decoded = decodeServer(line);
        if (decoded !== undefined) dispatch(decoded);
        // What a frame's first lines lead to can be the end of the connection they came on.
        if (!has(link)) return;
      }
    } catch (cause) {
      const message = `malformed frame: ${messageOf(cause)}`;
      const error = new TidemarkError("malformed", message, { cause, retry: true });
      if (has(link)) unreachable(error);
      session.error(error);
    }
  }

  function dispatch(frame: ServerFrame): void {
    switch (frame.is) {
      case "ping":
        break;
      case "message":
        session.message(frame.message);
        break;
      case "ok":
        wire.answer(frame.id, undefined, frame.ok);
        break;
      case "error":
        if (frame.id === undefined) session.error(fromReply(frame.error));
        else wire.answer(frame.id, frame.error, undefined);
        break;
      case "event":
        if (frame.event.event === "goaway") leaveAfter(frame.event.after);
        else session.event(frame.event);
        break;
    }
  }

  function leaveAfter(ms: number): void {
    if (state.at !== "online") return;
    clock.clearTimeout(state.timer);
    state.timer = clock.setTimeout(
      () => connect(new TidemarkError("going_away", "the server stops", { retry: true })),
      ms,
    );
  }

  function checkSilence(): number | undefined {
    if (state.at !== "online") return undefined;
    const left = patience - elapsedSince(clock, heard);
    if (left > LAST_LOOK) return left - LAST_LOOK;
    if (!suspect) {
      suspect = true;
      return LAST_LOOK;
    }
    if (left > 0) return left;
    retry(new TidemarkError("silent", "the server is silent", { retry: true }));
    return undefined;
  }

  function has(link: Link): boolean {
    return "link" in state && state.link === link;
  }

  function enter(next: State, reason?: TidemarkError): void {
    const last = state;
    state = next;
    if ("timer" in last) clock.clearTimeout(last.timer);
    if ("link" in last && next.at !== "online") {
      silence.stop();
      renewal.stop();
      last.link.transport?.close(next.at === "closed");
      wire.open = false;
      session.down();
      wire.detach();
    }
    // Whoever was told that the connection is gone may have closed the client.
    if (state === next) session.status(STATUS[next.at], reason, id);
  }

  function close(reason: TidemarkError): void {
    if (state.at !== "closed") enter({ at: "closed" }, reason);
  }

  return {
    start() {
      if (state.at === "idle") connect();
    },
    nudge() {
      if (state.at === "waiting") connect();
      else if (state.at === "online") {
        patience = Math.min(longestSilence, elapsedSince(clock, heard) + PROBE_MS);
        if (wire.renew) renew();
        else state.link.transport?.send("{}");
        silence.look();
      }
    },
    close,
    transport: choice.name,
  };
}
