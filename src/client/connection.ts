import {
  type ConnectResult,
  type ErrorBody,
  type Limits,
  type RefreshResult,
  type Timer,
  utf8Length,
} from "../protocol/index.js";
import { createBackoff } from "./backoff.js";
import { closeError } from "./close.js";
import type { Core } from "./core.js";
import type { Environment, PlatformEvent } from "./environment.js";
import { TidemarkError, fromReply, messageOf } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import { stayFor, waitBefore } from "./patience.js";
import { receive } from "./receive.js";
import type { Session } from "./session.js";
import { createSilence } from "./silence.js";
import { createTokenSource } from "./token.js";
import type { Transport, TransportEvents, TransportName } from "./transport.js";
import { createChoice } from "./transports/choice.js";

/** Has one connection at a time, and makes the next one, the first when told `visible`. All the waiting is done here. */
export interface Connection {
  /** What the platform says: a waiting connection is made at once, a dead one noticed, one that is in the way closed. */
  readonly heed: (event: PlatformEvent) => void;
  readonly close: (reason: TidemarkError) => void;
  /** The one in use, or being tried. */
  readonly transport: () => TransportName;
}

/** One try to have a connection. Whatever comes from a link that is not the state's own any more is ignored. */
interface OpenTransport {
  transport: Transport | undefined;
}

type State =
  | { readonly at: "connecting"; readonly link: OpenTransport; readonly timer: Timer }
  /** `timer` runs when the server has asked to leave. */
  | { readonly at: "online"; readonly link: OpenTransport; readonly since: Moment; timer: Timer }
  /** `told`: the server has said how long. */
  | { readonly at: "offline"; readonly timer: Timer; readonly told: boolean }
  | { readonly at: "closed" };

/** What a server takes that does not say it. */
const UNSAID: Limits = { message: Infinity, frame: Infinity, answer: 128 * 1024 };

/** Backoff starts over only after a connection that lasted; a server that cuts everyone off is not hammered. */
const STABLE_AFTER = 10_000;

export function createConnection(
  { clock, random, settings, wire }: Core,
  url: string,
  { transport: openTransport, memory }: Environment,
  session: Session,
): Connection {
  const token = createTokenSource(clock, settings.token, refresh);
  const backoff = createBackoff(settings.backoff, random);
  const silence = createSilence(clock, ask, () => retry(lost("silent", "the server is silent")));
  const choice = createChoice(settings.transports, memory?.()?.getItem(url));
  let state: State = { at: "offline", timer: undefined, told: false };
  let id: string | undefined;
  let secret: string | undefined;
  let renewing = false;
  /** Whether a refused token was replaced since the last connection that lasted. */
  let renewed = false;

  function connect(reason?: TidemarkError): void {
    const link: OpenTransport = { transport: undefined };
    enter({ at: "connecting", link, timer: timeout(link) }, reason);
    const now = token.get();
    if (now instanceof Promise)
      now.then(
        (fetched) => open(link, fetched),
        (cause: unknown) => {
          const error = lost("token_failed", `the token function failed: ${messageOf(cause)}`, cause);
          if (has(link)) retry(error);
          session.error(error);
        },
      );
    else open(link, now);
  }

  function timeout(link: OpenTransport): Timer {
    const { connectTimeout, transports } = settings;
    // With another way to try, half of it will do.
    const ms = connectTimeout / Math.min(transports.length, 2);
    return clock.setTimeout(() => {
      const error = new TidemarkError("connect_timeout", `no answer within ${ms} ms`);
      if (link.transport === undefined) retry(error);
      else unreachable(error, true);
    }, ms);
  }

  function open(link: OpenTransport, fetched: string | undefined): void {
    if (!has(link)) return;
    secret = fetched;
    try {
      link.transport = openTransport(url, eventsOf(link), choice.name(), choice.better());
    } catch (cause) {
      const error = new TidemarkError("invalid", `cannot connect to ${url}: ${messageOf(cause)}`, { cause });
      (choice.failed(true) ? connect : close)(error);
    }
  }

  function eventsOf(link: OpenTransport): TransportEvents {
    const here = () => has(link);
    const own =
      <Args extends unknown[]>(act: (...args: Args) => void) =>
      (...args: Args): void => {
        if (here()) act(...args);
      };
    return {
      open: own(() => shakeHands(link)),
      frame: own((frame: string | Uint8Array, aside?: boolean) => read(here, frame, aside)),
      over: own(() => (state.at === "online" ? greet(link) : closed(1006, ""))),
      idle: own(session.idle),
      better: own((adopt: (events: TransportEvents) => Transport) => {
        const next: OpenTransport = { transport: undefined };
        next.transport = adopt(eventsOf(next));
        choice.reset();
        enter({ at: "connecting", link: next, timer: timeout(next) });
        shakeHands(next);
      }),
      close: own(closed),
    };
  }

  function shakeHands(link: OpenTransport): void {
    if (!link.transport) return;
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

  function greet(link: OpenTransport): void {
    wire.flush();
    wire.request(session.connect(secret), (error, result) => {
      if (!has(link)) return;
      if (!error) online(link, result as ConnectResult);
      else refused(fromReply(error), error);
    });
    wire.flush();
  }

  function online(link: OpenTransport, result: ConnectResult): void {
    id = result.client;
    wire.open = true;
    wire.limits = result.limits ?? UNSAID;
    // With the names of its fields, and the publisher secret.
    wire.head = wire.renew ? utf8Length(JSON.stringify(secret ?? "")) + 128 : 0;
    wire.me = result.sender ?? "";
    choice.worked();
    enter({
      at: "online",
      link,
      since: state.at === "online" ? state.since : momentOf(clock),
      timer: undefined,
    });
    if (!has(link)) return;
    silence.begin(result.ping);
    token.expires(result.expires);
    session.online(result);
  }

  /** A new token, in mid-connection. */
  function refresh(fetched: string | undefined): void {
    if (state.at !== "online") return;
    secret = fetched;
    if (wire.renew) renew();
    else
      wire.request(`"refresh":${JSON.stringify({ token: fetched })}`, (error, result) => {
        if (!error) token.expires((result as RefreshResult).expires);
      });
  }

  /** The server did not take the connect command, or threw the connection out for its token. */
  function refused(error: TidemarkError, body?: ErrorBody): void {
    if (error.code === "token_expired" && token.renewable) {
      token.reset();
      // Nothing is wrong with the server, so there is no reason to wait - unless this keeps happening.
      retry(error, settled() ? 0 : undefined);
    } else if (error.code === "unauthorized" && token.renewable && !renewed) {
      renewed = true;
      token.reset();
      connect(error);
    } else if (error.retry) {
      retry(error, body?.after);
    } else {
      close(error);
    }
  }

  function closed(code: number, reason: string, cause?: unknown): void {
    const error = closeError(code, reason, cause);
    const blame = code === 1009 ? "too_large" : code === 1007 && "invalid";
    if (blame && wire.blame({ code: blame, message: error.message, retry: false })) retry(error);
    else if (!error.retry || error.code === "token_expired") refused(error);
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

  /** @param after how long the server has said to wait */
  function retry(reason: TidemarkError, after?: number): void {
    settled();
    const timer = clock.setTimeout(() => connect(reason), waitBefore(after, backoff.next()));
    enter({ at: "offline", timer, told: after !== undefined }, reason);
  }

  function read(here: () => boolean, frame: string | Uint8Array, aside = false): void {
    if (!aside) silence.heard();
    try {
      receive(frame, session, wire, leaveAfter, here);
    } catch (cause) {
      const error = lost("malformed", `malformed frame: ${messageOf(cause)}`, cause);
      if (here()) unreachable(error);
      session.error(error);
    }
  }

  function leaveAfter(after: unknown): void {
    if (state.at !== "online") return;
    clock.clearTimeout(state.timer);
    const leave = () => connect(lost("going_away", "the server stops"));
    const first = settled();
    const more = backoff.next();
    state.timer = clock.setTimeout(leave, stayFor(after, first ? 0 : more));
  }

  /** Has the server say something. */
  function ask(): void {
    if (state.at !== "online") return;
    if (wire.renew) renew();
    else state.link.transport?.send("{}");
  }

  function has(link: OpenTransport): boolean {
    return "link" in state && state.link === link;
  }

  function enter(next: State, reason?: TidemarkError): void {
    const last = state;
    state = next;
    if ("timer" in last) clock.clearTimeout(last.timer);
    if ("link" in last && next.at !== "online") {
      silence.stop();
      token.stop();
      last.link.transport?.close(next.at === "closed");
      wire.open = false;
      session.down();
      wire.detach();
    }
    // Whoever was told that the connection is gone may have closed the client.
    if (state === next) session.status(next.at, reason, id);
  }

  function close(reason: TidemarkError): void {
    if (state.at !== "closed") enter({ at: "closed" }, reason);
  }

  return {
    heed(event) {
      if (event === "away") {
        if ("link" in state)
          enter({ at: "offline", timer: undefined, told: false }, lost("offline", "the page is put away"));
      } else if (state.at === "online") silence.doubt();
      else if (state.at === "offline" && !state.told && event !== "offline") connect();
    },
    close,
    transport: choice.name,
  };
}

/** Why there is no connection for the moment. */
function lost(code: TidemarkError["code"], message: string, cause?: unknown): TidemarkError {
  return new TidemarkError(code, message, { retry: true, cause });
}
