/**
 * The HTTP transports: every request is a connection of its own, from a connect command to the end of the answer.
 * Nothing is kept between two requests, so any server serves any of them.
 */
import { FrameError, NotACommand, type CloseName, type ErrorBody } from "../../../protocol/index.js";
import { joinLines } from "../../connection/commands/part.js";
import { overloaded } from "../../connection/limits/incomplete.js";
import type { Arrival } from "../../connection/limits/admission.js";
import type { Incoming } from "../../connection/commands/read-frame.js";
import type { Connection } from "../../connection/connection.js";
import { KEPT_MS } from "../../connection/users/revocations.js";
import type { Engine } from "../../engine.js";
import { REQUEST } from "../../connection/limits/turn-budget.js";
import { detach } from "../../guard.js";
import type { Addresses } from "../addresses.js";
import { begun, brake, waits } from "./brake.js";
import { IncomingBody, isBytes, linesOf, mostOfBody } from "./body.js";
import { hostsOf, type HttpRequest, type HttpResponse } from "./exchange.js";
import { HttpLink, NDJSON, PADDED_NDJSON, type HttpLinkOptions } from "./link.js";
import { corsHeaders, preflightHeaders, refusedPage } from "./cors.js";
import { GoodEnd } from "./good-end.js";
import { refusalFor, refusalOf, refuse, refuseForFailure } from "./refusal.js";
import { readCommands, readConnect } from "./request-lines.js";
import { connectOf, eventStream } from "./sse.js";
import type { Origins } from "../origin.js";
import { peerOf } from "../peer.js";

/** How long requests of the HTTP transports last. */
export interface HttpOptions {
  /** How long a poll waits for something to say, in milliseconds. Default 25 s. */
  readonly poll: number;
  /**
   * How long a stream lasts, in milliseconds; its client comes back at once. That bounds how long one can be taken for
   * present whose network has gone: over HTTP nothing answers a ping. A stream or poll that is in the middle of a message
   * when it should end may take as long again for the rest of it. Default 2 minutes.
   */
  readonly stream: number;
}

export const DEFAULT_HTTP: HttpOptions = { poll: 25_000, stream: 120_000 };

export interface HttpMountOptions {
  /** The path below which the endpoints are: such as `/connect`, or nothing for the root. */
  readonly path: string;
  readonly origins: Origins;
  readonly addresses: Addresses;
  readonly http: HttpOptions | false;
}

const METHODS = { stream: "POST", poll: "POST", send: "POST", sse: "GET" } as const;
type Endpoint = keyof typeof METHODS;

/** How long an answer and the next request may take on their way, in milliseconds. */
const ON_THE_WAY_MS = 5000;

/** So many bytes of a body count in a turn as one command. */
const BYTES_A_COUNT = 16;

/** How an answer to connect has a subscription that was refused; a channel's name cannot look so, as quotes are escaped. */
const REFUSED = '"error":{';

export class HttpEndpoints {
  readonly #engine: Engine;
  readonly #options: HttpMountOptions;

  constructor(engine: Engine, options: HttpMountOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** Serves a request if its path is one of ours; says whether it was. */
  handle(path: string, request: HttpRequest, response: HttpResponse): boolean {
    const { path: base, http } = this.#options;
    const endpoint = http === false || !path.startsWith(`${base}/`) ? "" : path.slice(base.length + 1);
    if (!Object.hasOwn(METHODS, endpoint)) return false;
    this.#serve(endpoint as Endpoint, request, response);
    return true;
  }

  #serve(endpoint: Endpoint, request: HttpRequest, response: HttpResponse): void {
    const { origins } = this.#options;
    const method = METHODS[endpoint];
    response.on("error", () => {});
    begun(request, response);
    const page = refusedPage(request, origins);
    if (page !== undefined) {
      this.#engine.node.log.warn(
        { origin: page },
        `refused a page; to allow it: tidemark({ origins: [${JSON.stringify(page)}] })`,
      );
      refuse(response, refusalOf("forbidden_origin", `pages of ${page} may not connect here`), {
        vary: "origin",
      });
      return;
    }
    const headers = corsHeaders(request, origins);
    if (request.method === "OPTIONS") {
      response.writeHead(204, { allow: method, ...preflightHeaders(request, origins, method) }).end("");
    } else if (request.method !== method) {
      refuse(
        response,
        { ...refusalOf("policy", `${endpoint} takes ${method}`), status: 405 },
        { allow: method, ...headers },
      );
    } else if (endpoint === "sse") this.#sse(request, response, headers);
    else {
      detach(this.#post(endpoint, request, response, headers), (error) => {
        this.#engine.node.log.error({ error, endpoint }, "the server failed at one request, and ended it");
        refuseForFailure(response);
      });
    }
  }

  /** Runs it in a turn of the event loop that has room for something that counts as `count`: at once, or later. */
  #inTurn(count: number, run: () => void): Promise<void> | undefined {
    const { requests } = this.#engine.node;
    if (requests.take(count)) {
      run();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      requests.wait(() => {
        requests.spend(count);
        try {
          run();
          resolve();
        } catch (error) {
          reject(error);
        }
      }, false);
    });
  }

  async #post(
    endpoint: "stream" | "poll" | "send",
    request: HttpRequest,
    response: HttpResponse,
    headers: Record<string, string>,
  ): Promise<void> {
    const { limits, clock, stillness, requests } = this.#engine.node;
    const arrived = clock.monotonic();
    const no = (name: CloseName, reason: string): void => refuse(response, refusalOf(name, reason), headers);
    // A proxy before us may have gone by another one than we would.
    if (hostsOf(request) > 1) return no("malformed", "two Host headers");
    const { "content-encoding": encoding = "identity" } = request.headers;
    if (encoding !== "identity") return no("unsupported", "the body must not be compressed");
    // Other requests carry nothing that could happen twice.
    if (stillness.mayBeOld(arrived) && endpoint === "send")
      return no(
        "unavailable",
        "the server stood still, and nobody can tell when this was sent; send it again",
      );
    // Where there is room, the body is read from this very turn on.
    const turn = requests.room(REQUEST);
    if (turn !== undefined) await turn;
    const { connectTimeout: patience, frame } = limits;
    const most = endpoint === "send" && isBytes(request) ? mostOfBody(limits) : frame;
    const incoming = new IncomingBody(request, { most, frame, patience }, this.#engine.node);
    let gone = false;
    response.once("close", () => {
      gone = true;
      incoming.done();
    });
    const body = await incoming.read();
    if (body === "gone") return undefined;
    if (body === "too_big") return no(body, `a body has at most ${most} bytes`);
    if (body === "connect_timeout") return no(body, `the body did not come within ${patience} ms`);
    if (body === "overloaded") return refuse(response, refusalFor("unavailable", overloaded()), headers);
    // To read a body takes about as long as it is, and to open what it asks for longer.
    return this.#inTurn(body.length / BYTES_A_COUNT, () => {
      if (gone) return;
      const commands = commandsOf(endpoint, request, body);
      if (commands instanceof FrameError) no("malformed", commands.message);
      else if (typeof commands === "string") no("policy", commands);
      else if (endpoint === "stream") this.#stream(request, response, headers, commands);
      else if (endpoint === "poll") this.#poll(request, response, headers, commands);
      else this.#send(request, response, headers, commands, arrived);
    });
  }

  #stream(
    request: HttpRequest,
    response: HttpResponse,
    headers: Record<string, string>,
    commands: Incoming[],
  ): void {
    const link = new HttpLink(response, { format: PADDED_NDJSON, headers });
    const connection = this.#open(request, link, "first");
    connection.receiveCommands(commands);
    waits(request, response, () => connection.finish());
    this.#finishInTime(response, this.#endOf(connection, link, response));
  }

  #sse(request: HttpRequest, response: HttpResponse, headers: Record<string, string>): void {
    const query = queryOf(request);
    const { authorization, "last-event-id": last } = request.headers;
    const bearer = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
    const connect = connectOf(query, last?.toString(), bearer);
    const commands =
      typeof connect === "string" ? connect : readConnect([{ value: { connect }, bytes: undefined }]);
    if (typeof commands === "string") return refuse(response, refusalOf("policy", commands), headers);
    // Retries are spread out, since the clients of a server that went away all come back.
    const retry = Math.round(500 + 2500 * this.#engine.node.random.float());
    const onRefused = (error: ErrorBody): void => link.refuseChannel(error);
    const onBroken = (): void => link.breakOff();
    const link: HttpLink = new HttpLink(response, {
      format: eventStream(query.get("channel") ?? "", retry, { onRefused, onBroken }),
      headers,
    });
    const connection = this.#open(request, link, "first");
    connection.receiveCommands(commands);
    waits(request, response, () => connection.finish());
    this.#finishInTime(response, this.#endOf(connection, link, response));
  }

  #poll(
    request: HttpRequest,
    response: HttpResponse,
    headers: Record<string, string>,
    commands: Incoming[],
  ): void {
    const { clock } = this.#engine.node;
    const most = (this.#options.http as HttpOptions).poll;
    const asked = queryOf(request).get("wait");
    const wait = Math.min(
      most,
      Number.isFinite(Number(asked ?? most)) ? Math.max(0, Number(asked ?? most)) : most,
    );
    let replied = false;
    const onFrame: HttpLinkOptions["onFrame"] = (text, chunks) => {
      // The first chunk is the answer to connect.
      const news = replied || chunks > 1 || wait === 0 || text.includes(REFUSED);
      if (!replied) response.once("close", clearer(clock.setTimeout(() => end.begin(), wait)));
      replied = true;
      // The answer does not end at once: the connection is in the middle of writing.
      if (news) queueMicrotask(() => end.begin());
    };
    const clearer = (timer: unknown) => () => clock.clearTimeout(timer);
    const link = new HttpLink(response, { format: NDJSON, headers, onFrame });
    const connection = this.#open(request, link, "poll");
    const end = this.#endOf(connection, link, response);
    connection.receiveCommands(commands);
    waits(request, response, () => connection.finish());
  }

  #send(
    request: HttpRequest,
    response: HttpResponse,
    headers: Record<string, string>,
    commands: Incoming[],
    arrived: number,
  ): void {
    const link = new HttpLink(response, { format: NDJSON, headers });
    const connection = this.#open(request, link, "aside", arrived);
    connection.intake.whenIdle(() => {
      brake(request, connection.allowance.spentFor);
      connection.out.flush();
      link.finish();
    });
    connection.receiveCommands(commands);
  }

  #open(request: HttpRequest, link: HttpLink, arrival: Arrival, arrived?: number): Connection {
    const peer = peerOf(request, this.#engine.node.hooks, this.#options.addresses);
    const connection = this.#engine.accept(link, peer, arrival, arrived);
    connection.missed = missedBy(request);
    link.attach(connection);
    return connection;
  }

  /** Ends a stream before long. Streams that began together end at different times, so that they do not come back together. */
  #finishInTime(response: HttpResponse, end: GoodEnd): void {
    const { clock, random } = this.#engine.node;
    const { stream } = this.#options.http as HttpOptions;
    const timer = clock.setTimeout(() => end.begin(), stream * (0.8 + 0.2 * random.float()));
    response.once("close", () => clock.clearTimeout(timer));
  }

  #endOf(connection: Connection, link: HttpLink, response: HttpResponse): GoodEnd {
    const { stream } = this.#options.http as HttpOptions;
    return new GoodEnd(connection, link, response, this.#engine.node.clock, stream);
  }
}

/** What a body asks for; what it is where that cannot be read, or in words why it is not served. */
function commandsOf(
  endpoint: "stream" | "poll" | "send",
  request: HttpRequest,
  body: Buffer,
): Incoming[] | FrameError | string {
  try {
    const lines = linesOf(request, body);
    return endpoint === "send" ? readCommands(joinLines(lines)) : readConnect(lines);
  } catch (error) {
    if (error instanceof FrameError) return error;
    if (error instanceof NotACommand) return error.message;
    throw error;
  }
}

function queryOf({ url = "" }: HttpRequest): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
}

/** For how many milliseconds a request's client may have missed what its user was denied: since it last heard anything. */
function missedBy(request: HttpRequest): number {
  const away = /[?&]away=(\d{1,15})(&|$)/.exec(request.url ?? "")?.[1];
  // A browser that comes back by itself waits for up to three seconds.
  const ms = away ?? (request.headers["last-event-id"] === undefined ? undefined : 3000);
  return ms === undefined ? 0 : Math.min(Number(ms) + ON_THE_WAY_MS, KEPT_MS);
}
