/** Our paths on an HTTP server: channels, echo, health, the API. Everything else on that server is left alone. */
import { IncomingMessage, ServerResponse, type Server } from "node:http";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Engine } from "../engine.js";
import type { Addresses } from "./addresses.js";
import { HttpApi } from "./http-api.js";
import { Echo } from "./echo.js";
import { Greeter } from "./greeter.js";
import { HttpEndpoints, type HttpOptions } from "./http-endpoints.js";
import { refusedOrigin, type Origins } from "./origin.js";
import { peerOf } from "./peer.js";
import type { UpgradeRequest } from "./plain-upgrade.js";
import type { SocketReader } from "./socket-reader.js";
import { acceptWebSocket, refuseWebSocket } from "./websocket.js";

/** The largest message that the echo takes, in bytes: it is for trying things out. */
const MAX_ECHO = 1024 * 1024;
/** How long peers have for the closing handshake, in milliseconds. */
const CLOSE_MS = 1000;

export interface MountOptions {
  readonly path: string;
  readonly echo: string | false;
  readonly origins: Origins;
  readonly addresses: Addresses;
  readonly http: HttpOptions | false;
  readonly apiKey: string | undefined;
  readonly directSockets: boolean;
}

export class Mount {
  readonly #engine: Engine;
  readonly #options: MountOptions;
  readonly #http: HttpEndpoints;
  readonly #api: HttpApi;
  readonly #detach: (() => void)[] = [];
  /** Sockets that were upgraded here: the HTTP server does not know them any more. */
  readonly #sockets = new Set<Duplex>();
  readonly #forget: (this: Duplex) => void;
  #ready = true;

  constructor(engine: Engine, options: MountOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#http = new HttpEndpoints(engine, options);
    this.#api = new HttpApi(engine, options.apiKey);
    const sockets = this.#sockets;
    this.#forget = function (this: Duplex) {
      sockets.delete(this);
    };
  }

  /**
   * Puts us before all handlers of the server, those that come later too: they see only what is not ours.
   *
   * @param own whether nobody else uses the server: then connections are looked at before it sees them
   */
  attach(server: Server, own: boolean): void {
    const emit = server.emit.bind(server);
    const isOwn = Object.hasOwn(server, "emit");
    let attached = true;
    const greeter = own ? this.#greeterOf(emit) : undefined;
    const first = (event: string | symbol, ...args: readonly unknown[]): boolean =>
      (attached && this.#takes(event, args, greeter)) ||
      Boolean(Reflect.apply(emit, undefined, [event, ...args]));
    server.emit = first;
    const onRequest = (_request: IncomingMessage, response: ServerResponse): void => {
      if (server.listenerCount("request") === 1) notFound(response);
    };
    const onUpgrade = (_request: IncomingMessage, socket: Duplex): void => {
      // Nobody else is there to answer, and an upgrade without an answer would hang.
      if (server.listenerCount("upgrade") === 1) refuseUpgrade(socket);
    };
    server.on("request", onRequest);
    server.on("upgrade", onUpgrade);
    this.#detach.push(() => {
      attached = false;
      greeter?.close();
      // Whoever has come after us leaves with what it found.
      if (Reflect.get(server, "emit") === first) {
        if (isOwn) server.emit = emit;
        else Reflect.deleteProperty(server, "emit");
      }
      server.off("request", onRequest);
      server.off("upgrade", onUpgrade);
    });
  }

  #greeterOf(emit: Server["emit"]): Greeter {
    return new Greeter({
      take: (request, socket, head, reader) => this.handleUpgrade(request, socket, head, reader),
      pass: (socket) => emit("connection", socket),
      direct: this.#options.directSockets,
    });
  }

  #takes(
    event: string | symbol,
    [request, second, head]: readonly unknown[],
    greeter: Greeter | undefined,
  ): boolean {
    if (event === "connection" && greeter !== undefined && request instanceof Socket) {
      greeter.greet(request);
      return true;
    }
    if (!(request instanceof IncomingMessage)) return false;
    if (event === "request") return second instanceof ServerResponse && this.handleRequest(request, second);
    if (event !== "upgrade" || !(second instanceof Duplex) || !Buffer.isBuffer(head)) return false;
    return this.handleUpgrade(request, second, head);
  }

  /** Says from now on that this server stops, to whoever asks whether it is ready. */
  stopping(): void {
    this.#ready = false;
  }

  /** Takes no more requests. Resolves when all sockets have closed; those that take longer than a second are cut. */
  async close(): Promise<void> {
    this.#ready = false;
    for (const detach of this.#detach.splice(0)) detach();
    const open = [...this.#sockets];
    const closed = Promise.all(open.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    const timer = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, CLOSE_MS);
    await closed;
    clearTimeout(timer);
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request);
    if (path === "/healthz") json(response, 200, { status: "ok" });
    else if (path === "/readyz")
      json(response, this.#ready ? 200 : 503, { status: this.#ready ? "ready" : "stopping" });
    else if (path === this.#options.path || path === this.#options.echo) {
      json(
        response,
        426,
        { error: "this is a WebSocket endpoint; see docs/protocol.md" },
        { upgrade: "websocket" },
      );
    } else return this.#http.handle(path, request, response) || this.#api.handle(path, request, response);
    return true;
  }

  /** @param reader of the socket, where it is read already */
  handleUpgrade(request: UpgradeRequest, socket: Duplex, head: Buffer, reader?: SocketReader): boolean {
    const path = pathOf(request);
    const { path: ours, echo, origins, directSockets: direct } = this.#options;
    if (path !== ours && path !== echo) return false;
    this.#own(socket);
    const refused = refusedOrigin(request, origins);
    if (refused !== undefined) {
      this.#engine.node.log.warn(
        { origin: refused },
        `refused a page; to allow it: tidemark({ origins: [${JSON.stringify(refused)}] })`,
      );
      refuseWebSocket(
        request,
        socket,
        head,
        "forbidden_origin",
        `pages of ${refused} may not connect here`,
        reader,
      );
    } else if (path === echo)
      acceptWebSocket(request, socket, head, { most: MAX_ECHO, direct, reader }, (link) => new Echo(link));
    else {
      const { hooks, limits } = this.#engine.node;
      acceptWebSocket(request, socket, head, { most: limits.frame, direct, reader }, (link) =>
        this.#engine.accept(link, peerOf(request, hooks, this.#options.addresses)),
      );
    }
    return true;
  }

  /** Looks after an upgraded socket. The listeners are the same for all: there is one socket a client. */
  #own(socket: Duplex): void {
    // A socket may break at any moment of the handshake; without a listener that would end the process.
    socket.on("error", ignore);
    this.#sockets.add(socket);
    socket.on("close", this.#forget);
  }
}

function ignore(): void {}

function pathOf(request: Pick<UpgradeRequest, "url">): string {
  const url = request.url ?? "/";
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Says no and lets go of the socket: its peer might break it, or hold it open for ever. */
function refuseUpgrade(socket: Duplex): void {
  socket.on("error", () => {});
  socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", () =>
    socket.destroy(),
  );
}

function notFound(response: ServerResponse): void {
  json(response, 404, { error: "nothing here" });
}
