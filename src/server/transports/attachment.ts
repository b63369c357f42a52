/** Our place on somebody's HTTP server: before all handlers, so that they see only what is not ours. */
import type { EventEmitter } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2SecureServer, Http2Server, Http2ServerRequest } from "node:http2";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { json, type AnyResponse } from "./http/json.js";
import type { Sniffer } from "./websocket/sniffer.js";

/** A server that requests can come to: over TLS or not, HTTP/1.1 or 2. */
export type AnyServer = Server | Http2Server | Http2SecureServer;
export type AnyRequest = IncomingMessage | Http2ServerRequest;

type Emit = EventEmitter["emit"];
type Listener = (request: unknown, answer: never) => void;

/** The listeners of all attachments, whichever server they are on. */
const ours = new WeakSet<Listener>();

/** Who takes requests and upgrades on our paths; `false` for those on others. */
export interface Handlers {
  handleRequest(request: AnyRequest, response: AnyResponse): boolean;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

export class Attachment {
  readonly #server: AnyServer;
  readonly #handlers: Handlers;
  /** The server's own `emit`, and whether that was a property of this server alone. */
  readonly #emit: Emit;
  readonly #hadOwnEmit: boolean;
  /** The function that stands in place of the server's `emit`. */
  readonly #first: Emit;
  readonly #sniffer: Sniffer | undefined;
  #attached = true;

  /** @param snifferFor looks at connections before the server sees them, where nobody else uses the server */
  constructor(
    server: AnyServer,
    handlers: Handlers,
    snifferFor: ((pass: (socket: Socket) => void) => Sniffer) | undefined,
  ) {
    this.#server = server;
    this.#handlers = handlers;
    // What all kinds of servers have in common.
    this.#emit = (server.emit as Emit).bind(server);
    this.#hadOwnEmit = Object.hasOwn(server, "emit");
    this.#sniffer = snifferFor?.((socket) => this.#emit("connection", socket));
    this.#first = (event, ...args: readonly unknown[]) =>
      (this.#attached && this.#takes(event, args)) ||
      Boolean(Reflect.apply(this.#emit, undefined, [event, ...args]));
    server.emit = this.#first;
    ours.add(this.#onRequest).add(this.#onUpgrade);
    server.on("request", this.#onRequest);
    server.on("upgrade", this.#onUpgrade);
  }

  /** Leaves the server as it was; whoever has come after us leaves with what they found. */
  detach(): void {
    const server = this.#server;
    this.#attached = false;
    this.#sniffer?.close();
    if (Reflect.get(server, "emit") === this.#first) {
      if (this.#hadOwnEmit) server.emit = this.#emit;
      else Reflect.deleteProperty(server, "emit");
    }
    server.off("request", this.#onRequest);
    server.off("upgrade", this.#onUpgrade);
  }

  readonly #onRequest = (_request: unknown, response: AnyResponse): void => {
    if (this.#isLast("request", this.#onRequest)) json(response, 404, { error: "nothing here" });
  };

  readonly #onUpgrade = (_request: unknown, socket: Duplex): void => {
    // Nobody else is there to answer, and an upgrade without an answer would hang.
    if (this.#isLast("upgrade", this.#onUpgrade)) refuseUpgrade(socket);
  };

  /** Whether nobody but us listens, of whom there may be several: then one of us has to say that there is nothing. */
  #isLast(event: "request" | "upgrade", own: Listener): boolean {
    const listeners = this.#server.listeners(event) as Listener[];
    return listeners.at(-1) === own && listeners.every((listener) => ours.has(listener));
  }

  #takes(event: string | symbol, [request, second, head]: readonly unknown[]): boolean {
    if (event === "connection" && this.#sniffer !== undefined && request instanceof Socket) {
      this.#sniffer.sniff(request);
      return true;
    }
    if (event === "request")
      return isRequest(request) && isResponse(second) && this.#handlers.handleRequest(request, second);
    if (event !== "upgrade" || !isRequest(request)) return false;
    return (
      second instanceof Duplex && Buffer.isBuffer(head) && this.#handlers.handleUpgrade(request, second, head)
    );
  }
}

/** Whether it is a request of Node's, or of whoever stands in for Node and does not have Node's classes. */
function isRequest(value: unknown): value is IncomingMessage {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, "url") === "string" &&
    typeof Reflect.get(value, "headers") === "object"
  );
}

function isResponse(value: unknown): value is ServerResponse {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "writeHead") === "function";
}

/** Says no and lets go of the socket: its peer might break it, or hold it open for ever. */
function refuseUpgrade(socket: Duplex): void {
  socket.on("error", () => {});
  socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", () =>
    socket.destroy(),
  );
}
