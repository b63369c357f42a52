import {
  type ConnectResult,
  type ErrorBody,
  type EventFrame,
  type MessageFrame,
  type ServerFrame,
  type Timer,
  decodeServer,
  readBinaryLines,
  shouldReconnect,
  splitTextLines,
} from "../protocol/index.js";
import { Alarm } from "./alarm.js";
import { Backoff } from "./backoff.js";
import { closeError } from "./close.js";
import type { Environment } from "./environment.js";
import { TidemarkError, fromReply, messageOf } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import type { Settings } from "./options.js";
import { TokenSource } from "./token.js";
import type { Transport } from "./transport.js";
import type { Wire } from "./wire.js";

/** What the connection needs of the rest of the client, and tells it. */
export interface Session {
  /** The inside of a connect command with this token. */
  connectBody(token: string | undefined): string;
  online(result: ConnectResult): void;
  /** The connection is gone. Whoever waited for a reply has been told by the wire already. */
  down(): void;
  message(message: MessageFrame): void;
  event(event: Exclude<EventFrame, { event: "goaway" }>): void;
  status(status: Status, reason: TidemarkError | undefined): void;
  /** Something went wrong that nobody waits for. */
  error(error: TidemarkError): void;
}

/**
 * `connecting`: a connection is being made. `online`: commands are answered. `offline`: waiting before the next try.
 * `closed`: for good, by `close()` or because the server said that coming back is no use.
 */
export type Status = "connecting" | "online" | "offline" | "closed";

/** One try to have a connection. Whatever comes from a link that is not the state's own any more is ignored. */
interface Link {
  transport: Transport | undefined;
}

type State =
  | { readonly at: "idle" }
  | { readonly at: "connecting"; readonly link: Link; readonly timer: Timer }
  | { readonly at: "handshake"; readonly link: Link; readonly timer: Timer }
  | { readonly at: "online"; readonly link: Link; readonly since: Moment; leaving: Timer | undefined }
  | { readonly at: "waiting"; readonly timer: Timer }
  | { readonly at: "closed" };

/** A server that says something every `ping` milliseconds is dead when it has said nothing for this much longer. */
const SILENCE_BEYOND_PING = 10_000;
/** Before giving up, once more: a page that was frozen finds its timers due before it sees what has arrived. */
const LAST_LOOK = 1000;
/** Backoff starts over only after a connection that lasted; a server that cuts everyone off is not hammered. */
const STABLE_AFTER = 10_000;

/** Has one connection at a time, and makes the next one. All the waiting there is to do, is done here. */
export class Connection {
  readonly #env: Environment;
  readonly #settings: Settings;
  readonly #url: string;
  readonly #wire: Wire;
  readonly #session: Session;
  readonly #token: TokenSource;
  readonly #backoff: Backoff;
  readonly #silence: Alarm;
  /** The server's name for the connection, or for the last one. */
  id: string | undefined;
  #state: State = { at: "idle" };
  #heard: Moment;
  #limit = Infinity;
  #suspect = false;
  /** Whether a refused token was replaced since the last connection that lasted. */
  #renewed = false;

  constructor(env: Environment, settings: Settings, url: string, wire: Wire, session: Session) {
    this.#env = env;
    this.#settings = settings;
    this.#url = url;
    this.#wire = wire;
    this.#session = session;
    this.#token = new TokenSource(settings.token);
    this.#backoff = new Backoff(settings.backoff, env.random);
    this.#silence = new Alarm(env.clock, () => this.#checkSilence());
    this.#heard = momentOf(env.clock);
  }

  start(): void {
    if (this.#state.at === "idle") this.#connect();
  }

  /** The platform says that now is a good time: a waiting connection is made at once, a dead one noticed. */
  nudge(): void {
    if (this.#state.at === "waiting") this.#connect();
    else if (this.#state.at === "online") this.#silence.look();
  }

  close(reason: TidemarkError): void {
    if (this.#state.at === "closed") return;
    this.#enter({ at: "closed" }, reason);
  }

  #connect(reason?: TidemarkError): void {
    const link: Link = { transport: undefined };
    const timer = this.#env.clock.setTimeout(() => {
      const ms = this.#settings.connectTimeout;
      this.#retry(new TidemarkError("connect_timeout", `no connection within ${ms} ms`));
    }, this.#settings.connectTimeout);
    this.#enter({ at: "connecting", link, timer }, reason);
    const token = this.#token.get();
    if (!(token instanceof Promise)) {
      this.#open(link, token);
      return;
    }
    token.then(
      (fetched) => this.#open(link, fetched),
      (cause: unknown) => {
        if (!this.#has(link)) return;
        const message = `the token function failed: ${messageOf(cause)}`;
        const error = new TidemarkError("token_failed", message, { cause, retry: true });
        this.#retry(error);
        this.#session.error(error);
      },
    );
  }

  #open(link: Link, token: string | undefined): void {
    if (!this.#has(link)) return;
    try {
      link.transport = this.#env.transport(this.#url, {
        open: () => this.#shakeHands(link, token),
        frame: (frame) => this.#read(link, frame),
        close: (code, reason) => {
          if (this.#has(link)) this.#closed(code, reason);
        },
      });
    } catch (cause) {
      const message = `cannot connect to ${this.#url}: ${messageOf(cause)}`;
      this.close(new TidemarkError("invalid", message, { cause }));
    }
  }

  #shakeHands(link: Link, token: string | undefined): void {
    const state = this.#state;
    if (state.at !== "connecting" || state.link !== link || link.transport === undefined) return;
    this.#state = { at: "handshake", link, timer: state.timer };
    this.#wire.attach(link.transport);
    this.#wire.request(this.#session.connectBody(token), {
      ok: (result) => this.#online(link, result as ConnectResult),
      error: (error) => this.#refused(fromReply(error), error),
      lost: () => {},
    });
    this.#wire.flush();
  }

  #online(link: Link, result: ConnectResult): void {
    const now = momentOf(this.#env.clock);
    this.id = result.client;
    this.#limit = result.ping + SILENCE_BEYOND_PING;
    this.#wire.unlock();
    this.#enter({ at: "online", link, since: now, leaving: undefined }, undefined);
    if (!this.#has(link)) return;
    this.#silence.within(this.#limit - LAST_LOOK);
    this.#session.online(result);
  }

  /** The server did not take the connect command, or threw the connection out for its token. */
  #refused(error: TidemarkError, body?: ErrorBody): void {
    if (error.code === "unauthorized" && this.#token.renewable && !this.#renewed) {
      this.#renewed = true;
      this.#token.forget();
      this.#connect(error);
    } else if (error.retry) {
      this.#retry(error, body?.after);
    } else {
      this.close(error);
    }
  }

  #closed(code: number, reason: string): void {
    const error = closeError(code, reason);
    if (!shouldReconnect(code)) {
      this.#refused(error);
      return;
    }
    if (error.code === "token_expired") {
      this.#token.forget();
      // Nothing is wrong with the server, so there is no reason to wait - unless this keeps happening.
      this.#retry(error, this.#settled() ? 0 : undefined);
      return;
    }
    this.#retry(error);
  }

  /** Whether the connection has lasted; then backoff starts over. */
  #settled(): boolean {
    const state = this.#state;
    if (state.at === "online" && elapsedSince(this.#env.clock, state.since) >= STABLE_AFTER) {
      this.#backoff.reset();
      this.#renewed = false;
    }
    return this.#backoff.fresh;
  }

  #retry(reason: TidemarkError, delay?: number): void {
    this.#settled();
    const backoff = this.#backoff.next();
    const timer = this.#env.clock.setTimeout(() => this.#connect(reason), delay ?? backoff);
    this.#enter({ at: "waiting", timer }, reason);
  }

  #read(link: Link, frame: string | Uint8Array): void {
    if (!this.#has(link)) return;
    this.#heard = momentOf(this.#env.clock);
    this.#suspect = false;
    try {
      for (const line of typeof frame === "string" ? splitTextLines(frame) : readBinaryLines(frame)) {
        const decoded = decodeServer(line);
        if (decoded !== undefined) this.#dispatch(decoded);
        // What a frame's first lines lead to can be the end of the connection they came on.
        if (!this.#has(link)) return;
      }
    } catch (cause) {
      const message = `the server sent a frame that makes no sense: ${messageOf(cause)}`;
      const error = new TidemarkError("malformed", message, { cause, retry: true });
      if (this.#has(link)) this.#retry(error);
      this.#session.error(error);
    }
  }

  #dispatch(frame: ServerFrame): void {
    switch (frame.is) {
      case "ping":
        break;
      case "message":
        this.#session.message(frame.message);
        break;
      case "ok":
        this.#wire.answer(frame.id, frame.ok);
        break;
      case "error":
        if (frame.id === undefined) this.#session.error(fromReply(frame.error));
        else this.#wire.answer(frame.id, undefined, frame.error);
        break;
      case "event":
        if (frame.event.event === "goaway") this.#leaveAfter(frame.event.after);
        else this.#session.event(frame.event);
        break;
    }
  }

  #leaveAfter(ms: number): void {
    const state = this.#state;
    if (state.at !== "online" || state.leaving !== undefined) return;
    state.leaving = this.#env.clock.setTimeout(() => {
      this.#connect(new TidemarkError("going_away", "the server is stopping", { retry: true }));
    }, ms);
  }

  #checkSilence(): number | undefined {
    if (this.#state.at !== "online") return undefined;
    const left = this.#limit - elapsedSince(this.#env.clock, this.#heard);
    if (left > LAST_LOOK) return left - LAST_LOOK;
    if (!this.#suspect) {
      this.#suspect = true;
      return LAST_LOOK;
    }
    if (left > 0) return left;
    this.#retry(new TidemarkError("silent", "the server has been silent for too long", { retry: true }));
    return undefined;
  }

  #has(link: Link): boolean {
    return "link" in this.#state && this.#state.link === link;
  }

  #enter(next: State, reason: TidemarkError | undefined): void {
    const last = this.#state;
    this.#state = next;
    switch (last.at) {
      case "connecting":
      case "handshake":
        this.#env.clock.clearTimeout(last.timer);
        if (next.at !== "online") this.#drop(last.link);
        break;
      case "online":
        if (last.leaving !== undefined) this.#env.clock.clearTimeout(last.leaving);
        this.#silence.stop();
        this.#drop(last.link);
        break;
      case "waiting":
        this.#env.clock.clearTimeout(last.timer);
        break;
      case "idle":
      case "closed":
        break;
    }
    // Whoever was told that the connection is gone may have closed the client.
    if (this.#state === next) this.#session.status(statusOf(next), reason);
  }

  #drop(link: Link): void {
    link.transport?.close();
    this.#wire.detach();
    this.#session.down();
  }
}

function statusOf(state: State): Status {
  switch (state.at) {
    case "idle":
    case "connecting":
    case "handshake":
      return "connecting";
    case "waiting":
      return "offline";
    case "online":
    case "closed":
      return state.at;
  }
}
