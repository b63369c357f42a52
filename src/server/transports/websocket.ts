/**
 * Channels over WebSocket. `ws` does the handshake, receiving, pongs and the closing handshake; what goes out is
 * framed here and written straight to the socket. That is safe between frames, as long as `ws` itself sends no
 * data frames - it never does here.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { CLOSE_CODES, type CloseName } from "../../protocol/index.js";
import type { Chunk } from "../feed/chunk.js";
import type { Link, Peer } from "../connection/link.js";
import { PING_AND_EMPTY, frameOf, framesOf } from "./frame.js";

/** What the transport tells its connection. */
export interface Receiver {
  receiveText(frame: string): void;
  receiveBinary(frame: Uint8Array): void;
  alive(): void;
  transportClosed(reason: string, said: boolean): void;
}

/** The longest reason a close frame carries, in bytes. */
const MAX_REASON = 123;
const EMPTY = Buffer.alloc(0);
/** How much is read of one peer in a turn of the event loop, in bytes, and a read of Node's more. */
const READ_AT_ONCE = 64 * 1024;
/** Unsent bytes at which pings go unanswered. */
const MAX_UNSENT_PONGS = 16 * 1024;

/** @param maxFrame bytes of an incoming frame, over which the connection is closed with 1009 */
export function webSocketServer(maxFrame: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: maxFrame,
    autoPong: false,
  });
}

/** Answers pings, but not those of a peer that does not read: its pongs would pile up without end. */
export function answerPings(webSocket: WebSocket, socket: Duplex): void {
  webSocket.on("ping", (data) => {
    if (socket.writableLength < MAX_UNSENT_PONGS) webSocket.pong(data);
  });
}

/** Takes a socket over from the HTTP server and makes a connection of it. */
export function acceptWebSocket(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  connect: (link: Link) => Receiver,
): void {
  server.handleUpgrade(request, socket, head, (webSocket) => {
    const link = new WebSocketLink(webSocket, socket);
    listen(webSocket, socket, link, connect(link));
  });
}

/** Apart from {@link acceptWebSocket}: listeners made there would keep the request for as long as the connection. */
function listen(webSocket: WebSocket, socket: Duplex, link: WebSocketLink, receiver: Receiver): void {
  webSocket.on("message", (data: RawData, isBinary: boolean) => {
    const bytes = data as Buffer;
    link.took(bytes.length);
    if (isBinary) receiver.receiveBinary(bytes);
    else receiver.receiveText(bytes.toString());
  });
  answerPings(webSocket, socket);
  const alive = (): void => receiver.alive();
  webSocket.on("pong", alive);
  webSocket.on("ping", alive);
  // ws closes by itself after an error; what it was is in the close.
  webSocket.on("error", ignore);
  webSocket.on("close", (code, reason) =>
    receiver.transportClosed(`${code} ${reason.toString()}`.trim(), code === 1000),
  );
}

function ignore(): void {}

/** Closes a socket with a code that says why, right after the handshake: a page cannot see why a handshake failed. */
export function refuseWebSocket(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  name: CloseName,
  reason: string,
): void {
  server.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on("error", () => {});
    webSocket.close(CLOSE_CODES[name].code, cut(reason));
  });
}

/** The peer as hooks see it. */
export function peerOf(request: IncomingMessage): Peer {
  return { headers: request.headers, url: request.url ?? "/", ip: request.socket.remoteAddress ?? "" };
}

class WebSocketLink implements Link {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  #taken = 0;
  #paused = false;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(chunks: readonly Chunk[]): void {
    const frames = framesOf(chunks);
    if (frames.length > 1) this.#socket.cork();
    for (const frame of frames) this.#put(frame);
    if (frames.length > 1) this.#socket.uncork();
  }

  /** Hot path: no callback, no copy, no allocation. */
  writeShared(chunk: Chunk): void {
    this.#put(frameOf(chunk));
  }

  whenDrained(run: () => void): void {
    // Asked for with an empty write, since 'drain' comes only after a write that was told to wait.
    if (this.#socket.writableNeedDrain) this.#socket.once("drain", run);
    else this.#socket.write(EMPTY, () => run());
  }

  pause(): void {
    this.#paused = true;
    this.#webSocket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#webSocket.resume();
  }

  /**
   * A frame of this many bytes was read. Now and then the peer has to wait for a turn: Node reads up to 2 MiB of
   * one socket in a row, and meanwhile nothing is written to anybody.
   */
  took(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < READ_AT_ONCE) return;
    this.#taken = 0;
    this.#webSocket.pause();
    setImmediate(() => {
      if (!this.#paused) this.#webSocket.resume();
    });
  }

  ping(): void {
    this.#put(PING_AND_EMPTY);
  }

  close(name: CloseName, reason: string): void {
    this.#webSocket.close(CLOSE_CODES[name].code, cut(reason));
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  #put(frame: string | Buffer): void {
    // After a close frame nothing may follow.
    if (this.#webSocket.readyState !== OPEN) return;
    if (typeof frame === "string") this.#socket.write(frame, "latin1");
    else this.#socket.write(frame);
  }
}

const OPEN = 1;

/** As much of a reason as fits, cut between characters. */
function cut(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > MAX_REASON) text = text.slice(0, -1);
  // Half of a surrogate pair has no UTF-8 form.
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}
