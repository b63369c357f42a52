/** Our paths on an HTTP server: channels, echo, health, the API. Everything else on that server is left alone. */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Engine } from "../engine.js";
import type { OnError } from "../guard.js";
import type { AppRooms } from "../room/app-rooms.js";
import type { Addresses } from "./addresses.js";
import { Attachment, type AnyRequest, type AnyServer, type Handlers } from "./attachment.js";
import { HttpApi } from "./http/api.js";
import { HttpEndpoints, type HttpOptions } from "./http/endpoints.js";
import { isHttp2 } from "./http/exchange.js";
import { json, type AnyResponse } from "./http/json.js";
import { refuseForFailure } from "./http/refusal.js";
import { refusedOrigin, type Origins } from "./origin.js";
import { pathOf, type Paths } from "./paths.js";
import { peerOf } from "./peer.js";
import { acceptWebSocket, mustBeNew, refuseWebSocket } from "./websocket/accept.js";
import { Deflate } from "./websocket/deflate/deflate.js";
import { asksForDeflate } from "./websocket/deflate/negotiation.js";
import { Echoes } from "./websocket/echo.js";
import type { UpgradeRequest } from "./websocket/plain-upgrade.js";
import type { Reading } from "./websocket/reading.js";
import { Sniffer } from "./websocket/sniffer.js";
import type { SocketReader } from "./websocket/socket-reader.js";

/** The largest message that the echo takes, in bytes: it is for trying things out. */
const MAX_ECHO = 1024 * 1024;
/** How long peers have for the closing handshake, in milliseconds. */
const CLOSE_MS = 1000;

export interface MountOptions extends Paths {
  readonly origins: Origins;
  readonly addresses: Addresses;
  readonly http: HttpOptions | false;
  readonly apiKey: string | undefined;
  /** What is asked about rooms over the API. */
  readonly rooms: AppRooms;
  readonly directSockets: boolean;
}

export class Mount implements Handlers {
  readonly #engine: Engine;
  readonly #options: MountOptions;
  readonly #http: HttpEndpoints;
  readonly #api: HttpApi;
  readonly #echoes: Echoes;
  /** How sockets are read: those of channels, and those of the echo. */
  readonly #reading: Reading;
  readonly #readingEcho: Reading;
  readonly #deflate: Deflate;
  readonly #onError: OnError;
  readonly #attachments: Attachment[] = [];
  /** Sockets that were upgraded here: the HTTP server does not know them any more. */
  readonly #sockets = new Set<Duplex>();
  readonly #forget: (this: Duplex) => void;
  #ready = true;

  constructor(engine: Engine, options: MountOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#http = new HttpEndpoints(engine, options);
    this.#api = new HttpApi(engine, options.rooms, options.apiKey);
    const { clock, limits, refused, turns, unfinished } = engine.node;
    this.#echoes = new Echoes({ clock, ping: limits.ping, frames: limits.frames, refused });
    this.#reading = { clock, rate: limits.bytes, unfinished, refused };
    this.#readingEcho = { ...this.#reading, room: this.#echoes.room };
    this.#deflate = new Deflate(clock, turns);
    this.#onError = (error) =>
      engine.node.log.error({ error }, "the server failed at one request, and ended it");
    const sockets = this.#sockets;
    this.#forget = function (this: Duplex) {
      sockets.delete(this);
    };
  }

  /**
   * Puts us before all handlers of the server, those that come later too.
   *
   * @param own whether nobody else uses the server: then connections are looked at before it sees them
   */
  attach(server: AnyServer, own: boolean): void {
    this.#attachments.push(new Attachment(server, this, own ? (pass) => this.#snifferFor(pass) : undefined));
  }

  #snifferFor(pass: (socket: Socket) => void): Sniffer {
    return new Sniffer({
      take: (request, socket, head, reader) => this.handleUpgrade(request, socket, head, reader),
      pass,
      direct: this.#options.directSockets,
      onError: this.#onError,
    });
  }

  /** Whoever asks whether this server is ready is told from now on that it stops. */
  stopping(): void {
    this.#ready = false;
  }

  /** Takes no more requests. Resolves when all sockets have closed; those that take longer than a second are cut. */
  async close(): Promise<void> {
    this.#ready = false;
    for (const attachment of this.#attachments.splice(0)) attachment.detach();
    const open = [...this.#sockets];
    const closed = Promise.all(open.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    const timer = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, CLOSE_MS);
    await closed;
    clearTimeout(timer);
  }

  handleRequest(request: AnyRequest, response: AnyResponse): boolean {
    try {
      return this.#answer(request, response);
    } catch (error) {
      this.#onError(error);
      refuseForFailure(response);
      return true;
    }
  }

  #answer(request: AnyRequest, response: AnyResponse): boolean {
    const path = pathOf(request);
    if (path === "/healthz") json(response, 200, { status: "ok" });
    else if (path === "/readyz")
      json(response, this.#ready ? 200 : 503, { status: this.#ready ? "ready" : "stopping" });
    else if (this.#isWebSocket(path)) {
      // Over HTTP/2 there is no upgrade header, and no WebSocket that we know.
      const headers: Record<string, string> = isHttp2(request) ? {} : { upgrade: "websocket" };
      json(response, 426, { error: "this is a WebSocket endpoint; see docs/protocol.md" }, headers);
    } else return this.#http.handle(path, request, response) || this.#api.handle(path, request, response);
    return true;
  }

  /** @param reader of the socket, where that is read already */
  handleUpgrade(request: UpgradeRequest, socket: Duplex, head: Buffer, reader?: SocketReader): boolean {
    const path = pathOf(request);
    if (!this.#isWebSocket(path)) return false;
    mustBeNew(socket);
    this.#own(socket);
    try {
      this.#upgrade(path, request, socket, head, reader);
    } catch (error) {
      this.#onError(error);
      socket.destroy();
    }
    return true;
  }

  #isWebSocket(path: string): boolean {
    const { path: ours, echo } = this.#options;
    return path === (ours || "/") || (echo !== false && path === (echo || "/"));
  }

  #upgrade(
    path: string,
    request: UpgradeRequest,
    socket: Duplex,
    head: Buffer,
    reader: SocketReader | undefined,
  ): void {
    const { echo, origins, directSockets: direct } = this.#options;
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
    } else if (echo !== false && path === (echo || "/")) {
      const options = { most: MAX_ECHO, direct, reading: this.#readingEcho, reader };
      acceptWebSocket(request, socket, head, options, (link) => this.#echoes.open(link));
    } else {
      const { hooks, limits } = this.#engine.node;
      const deflate = asksForDeflate(request.url) ? this.#deflate : undefined;
      const options = { most: limits.frame, direct, reading: this.#reading, reader, deflate };
      acceptWebSocket(request, socket, head, options, (link) =>
        this.#engine.accept(link, peerOf(request, hooks, this.#options.addresses)),
      );
    }
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
