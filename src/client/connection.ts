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
import { TidemarkError, fromReply, messageOf } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import { createTokenSource } from "./token.js";
import type { Transport, TransportFactory } from "./transport.js";

/** What the connection needs of the rest of the client, and tells it. */
export interface Session {
  /** The inside of a connect command with this token. */
  readonly connectBody: (token: string | undefined) => string;
  readonly online: (result: ConnectResult) => void;
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

export function createConnection(
  { clock, random, settings, wire }: Core,
  url: string,
  openTransport: TransportFactory,
  session: Session,
): Connection {
  const token = createTokenSource(settings.token);
  const backoff = createBackoff(settings.backoff, random);
  const silence = createAlarm(clock, checkSilence);
  const renewal = createAlarm(clock, refresh);
  let state: State = { at: "idle" };
  let id: string | undefined;
  let heard = momentOf(clock);
  let longestSilence = Infinity;
  let suspect = false;
  /** Whether a refused token was replaced since the last connection that lasted. */
  let renewed = false;

  function connect(reason?: TidemarkError): void {
    const link: Link = { transport: undefined };
    const { connectTimeout } = settings;
    const timer = clock.setTimeout(
      () => retry(new TidemarkError("connect_timeout", `no connection within ${connectTimeout} ms`)),
      connectTimeout,
    );
    enter({ at: "connecting", link, timer }, reason);
    const now = token.get();
    if (!(now instanceof Promise)) {
      open(link, now);
      return;
    }
    now.then(
      (fetched) => open(link, fetched),
      (cause: unknown) => {
        const message = `the token function failed: ${messageOf(cause)}`;
        failed(link, new TidemarkError("token_failed", message, { cause, retry: true }));
      },
    );
  }

  function open(link: Link, secret: string | undefined): void {
    if (!has(link)) return;
    try {
      link.transport = openTransport(url, {
        open: () => shakeHands(link, secret),
        frame: (frame) => read(link, frame),
        close: (code, reason) => {
          if (has(link)) closed(code, reason);
        },
      });
    } catch (cause) {
      close(new TidemarkError("invalid", `cannot connect to ${url}: ${messageOf(cause)}`, { cause }));
    }
  }

  function shakeHands(link: Link, secret: string | undefined): void {
    if (state.at !== "connecting" || state.link !== link || link.transport === undefined) return;
    state = { at: "handshake", link, timer: state.timer };
    wire.attach(link.transport);
    wire.request(session.connectBody(secret), (error, result) => {
      if (!has(link)) return;
      if (error === undefined) online(link, result as ConnectResult);
      else refused(fromReply(error), error);
    });
    wire.flush();
  }

  function online(link: Link, result: ConnectResult): void {
    id = result.client;
    longestSilence = result.ping + SILENCE_BEYOND_PING;
    wire.open = true;
    wire.me = result.sender ?? "";
    enter({ at: "online", link, since: momentOf(clock), timer: undefined });
    if (!has(link)) return;
    silence.within(longestSilence - LAST_LOOK);
    expiresIn(result.expires);
    session.online(result);
  }

  /** A token that can be renewed is, a while before it expires. */
  function expiresIn(ms: number | undefined): void {
    if (ms !== undefined && token.renewable) renewal.within(Math.min(ms - Math.min(ms / 10, RENEW_BEFORE), LONGEST_WAIT));
  }

  /** Where it cannot be done, the server ends the connection when the token has expired, and the next one has a new token. */
  function refresh(): undefined {
    const before = state;
    token.forget();
    Promise.resolve(token.get()).then(
      (fetched) => {
        if (state !== before) return;
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
    if (shouldReconnect(code) && error.code !== "token_expired") retry(error);
    else refused(error);
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

  /** Something that the application should hear about, and that may be better next time. */
  function failed(link: Link, error: TidemarkError): void {
    if (has(link)) retry(error);
    session.error(error);
  }

  function read(link: Link, frame: string | Uint8Array): void {
    if (!has(link)) return;
    heard = momentOf(clock);
    suspect = false;
    try {
      for (const line of typeof frame === "string" ? splitTextLines(frame) : readBinaryLines(frame)) {
        const decoded = decodeServer(line);
        if (decoded !== undefined) dispatch(decoded);
        // What a frame's first lines lead to can be the end of the connection they came on.
        if (!has(link)) return;
      }
    } catch (cause) {
      const message = `the server sent a frame that makes no sense: ${messageOf(cause)}`;
      failed(link, new TidemarkError("malformed", message, { cause, retry: true }));
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
      () => connect(new TidemarkError("going_away", "the server is stopping", { retry: true })),
      ms,
    );
  }

  function checkSilence(): number | undefined {
    if (state.at !== "online") return undefined;
    const left = longestSilence - elapsedSince(clock, heard);
    if (left > LAST_LOOK) return left - LAST_LOOK;
    if (!suspect) {
      suspect = true;
      return LAST_LOOK;
    }
    if (left > 0) return left;
    retry(new TidemarkError("silent", "the server has been silent for too long", { retry: true }));
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
      last.link.transport?.close();
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
      else if (state.at === "online") silence.look();
    },
    close,
  };
}
