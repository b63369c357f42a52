import type { Transport, TransportEvents } from "../transport.js";
import { type Search, seekBetter } from "./better.js";
import { type Answer, readAnswer } from "./http-answer.js";
import { BYTES, bodyOf } from "./http-body.js";

/**
 * What goes together into one request, in characters: at most three bytes each, so that with the longest token it is
 * less than every server takes.
 */
const MAX_BODY = 15 * 1024;
const CONNECT = /^\{"id":\d+,"connect":/;
const COMMAND = /^\{/m;

/** A server says something every `ping` milliseconds; when it has said nothing for this much longer, nothing comes. */
const SILENCE_BEYOND_PING = 10_000;
const DEFAULT_PING = 25_000;
/** A poll that ends within the first, with nothing to say, is followed by the next after the second; in milliseconds. */
const TOO_SOON = 100;
const NOT_SO_SOON = 1000;
/** For each of so many bytes in its body a request may take a second longer: it has to get there first. */
const BYTES_A_SECOND = 16 * 1024;
/** Before giving up, once more: a page that was frozen finds its timers due before it sees what has arrived. */
const LAST_LOOK = 1000;

const END = /^\{"close":.*$/m;

type Subs = Readonly<Record<string, { readonly secret?: string }>>;

interface End {
  readonly close: number;
  readonly reason?: string;
  readonly id?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** What it takes of the platform. */
export interface Web {
  fetch(
    address: URL,
    request: {
      readonly method: "POST";
      readonly body: BodyInit;
      readonly headers?: { readonly "content-type": string };
      readonly signal: AbortSignal;
      readonly cache: "no-store";
    },
  ): Promise<Answer>;
  readonly performance: { now(): number };
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/**
 * A transport over HTTP. A connect command is a request whose answer brings the messages, at once (`stream`) or when
 * there are some (`poll`); the other commands follow each other in requests of their own.
 */
export function httpTransport(
  url: string,
  events: TransportEvents,
  way: "stream" | "poll",
  search: Search | undefined,
  web: Web = globalThis,
): Transport {
  const stop = new AbortController();
  let listening = stop;
  /** The connect command that goes before others: who this is. */
  let head = "";
  /** When it last heard anything of the messages. What its user is denied between two answers is asked for with the next. */
  let heard: number | undefined;
  /** Whether the last answer ended by itself, so that the next may take its time. */
  let patient = false;
  let waiting: (string | Uint8Array)[] = [];
  let sending = false;
  let ping = DEFAULT_PING;
  let pause: unknown;
  /** By what the next poll shows that it goes on from this one. */
  let ticket: string | undefined;
  let stopSeeking: (() => void) | undefined;

  /** Resolves when the answer has ended, unless that is of no interest any more. */
  async function post(
    path: string,
    body: string | Uint8Array,
    aside: boolean,
    { signal }: AbortController,
  ): Promise<void> {
    const address = new URL(url.replace("ws", "http"));
    address.pathname += `/${path}`;
    const began = web.performance.now();
    const quick = path === "poll" && patient;
    /** How much it has brought besides the answer to the connect command, in lines. */
    let news = -1;
    if (path === "poll" && !patient) address.searchParams.set("wait", "0");
    patient = false;
    if (!aside && heard !== undefined)
      address.searchParams.set("away", String(Math.ceil(web.performance.now() - heard)));
    let timer: unknown;
    // The silence of the messages is noticed by who reads them; that of an answer to commands is not.
    const watch = (ms = ping + SILENCE_BEYOND_PING, last = false): void => {
      web.clearTimeout(timer);
      if (aside) timer = web.setTimeout(() => (last ? fail("no answer") : watch(LAST_LOOK, true)), ms);
    };
    const fail = (why: string, cause?: unknown): void => {
      if (signal.aborted) return;
      close();
      events.close(1006, why, cause);
    };
    try {
      watch(ping + SILENCE_BEYOND_PING + Math.floor(body.length / BYTES_A_SECOND) * 1000);
      const answer = await web.fetch(address, {
        method: "POST",
        // No Blob, which may be of another world than `fetch` is, and be sent as its name.
        body: body as BodyInit,
        ...(typeof body !== "string" && { headers: BYTES }),
        signal,
        cache: "no-store",
      });
      const last = await readAnswer(
        answer,
        () => {
          watch();
          if (!aside) heard = web.performance.now();
          return !signal.aborted;
        },
        (frame) => {
          // It works, so that there is time to look for something better.
          if (search) stopSeeking ??= seekBetter(url, way, search, idle, events, hello);
          news += frame.match(/^(\[|\{")/gm)?.length ?? 0;
          take(frame, aside);
        },
      );
      if (signal.aborted) return;
      if (!/\{\}\s*$/.test(last)) throw new Error("the answer was cut off");
      if (aside) {
        sending = false;
        events.idle();
        pump();
      } else {
        patient = true;
        // Between the two stands something that cuts every answer short, or a server that does not wait.
        const hasty = quick && news <= 0 && web.performance.now() - began < TOO_SOON;
        if (hasty) pause = web.setTimeout(() => events.over(), NOT_SO_SOON);
        else events.over();
      }
    } catch (thrown) {
      fail("", thrown);
    } finally {
      web.clearTimeout(timer);
    }
  }

  /** Over HTTP the end of a connection is a line: the last one, or the only one of a request that was refused. */
  function take(frame: string, aside: boolean): void {
    const line = END.exec(frame)?.[0] ?? "null";
    if (!aside) ping = Number(/^\{"id":\d+,"ok":\{.*?"ping":(\d+)/m.exec(frame)?.[1] ?? ping);
    if (!aside) ticket = /^\{"id":\d+,"ok":\{.*?"ticket":"([^"]+)/m.exec(frame)?.[1] ?? ticket;
    const end = JSON.parse(line) as End | null;
    // An error with an id is the answer to the connect command, and says more than the end.
    events.frame(end && end.id === undefined ? frame.replace(line, "") : frame, aside);
    if (!end || stop.signal.aborted) return;
    close();
    events.close(end.close, end.reason ?? end.error?.message ?? "");
  }

  function pump(): void {
    if (sending || waiting.length === 0) return;
    const parts: (string | Uint8Array)[] = [head];
    let size = 0;
    while (waiting.length > 0 && (size === 0 || size + (waiting[0]?.length ?? 0) <= MAX_BODY)) {
      const frame = waiting.shift() ?? "";
      parts.push("\n", frame);
      size += frame.length;
    }
    sending = true;
    void post("send", bodyOf(parts), true, stop);
  }

  function hello(): string {
    return `{"id":0,${head.slice(1)}`;
  }

  function idle(): boolean {
    // Lines that are no commands, such as the inputs of a room, are answered by nothing, and there is always another one.
    return !sending && waiting.every((frame) => typeof frame === "string" && !COMMAND.test(frame));
  }

  function close(): void {
    waiting = [];
    stopSeeking?.();
    web.clearTimeout(pause);
    search = undefined;
    stop.abort();
    listening.abort();
  }

  queueMicrotask(() => stop.signal.aborted || events.open());

  return {
    send(frame) {
      if (stop.signal.aborted) return;
      if (typeof frame === "string" && CONNECT.test(frame)) {
        const { id, connect } = JSON.parse(frame) as { id: number; connect: Record<string, unknown> };
        const { token, publisher, subs } = connect;
        // Whose inputs there are to come, where the user has no id.
        const secret = Object.values(Object(subs) as Subs).find((sub) => sub.secret)?.secret;
        head = JSON.stringify({ connect: { token, publisher, secret } });
        web.clearTimeout(pause);
        if (listening !== stop) listening.abort();
        listening = new AbortController();
        const body = ticket ? JSON.stringify({ id, connect: { ...connect, ticket } }) : frame;
        void post(way, body, false, listening);
      } else {
        waiting.push(frame);
        pump();
      }
    },
    close,
    idle,
  };
}
