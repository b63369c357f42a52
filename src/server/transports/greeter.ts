/**
 * The first look at a connection to a server of our own. Nearly all begin with a WebSocket's handshake, for which Node's
 * HTTP server would make a parser, a request and a dozen listeners, and let go of them at once. So what is plainly one is
 * taken here; whatever else comes, or does not come soon, is the HTTP server's, from the first byte on.
 */
import type { Socket } from "node:net";
import { readPlainUpgrade, type UpgradeRequest } from "./plain-upgrade.js";

export interface GreeterOptions {
  /** Takes an upgrade if its path is one of ours; says whether it was. */
  readonly take: (request: UpgradeRequest, socket: Socket, head: Buffer) => boolean;
  /** Gives a connection to the HTTP server. */
  readonly pass: (socket: Socket) => void;
}

/** How long a connection that says nothing is waited for here, in milliseconds, and up to twice that. */
const PATIENCE_MS = 500;

const GREETER = Symbol("greeter");
interface GreetedSocket extends Socket {
  [GREETER]?: Greeter;
}

export class Greeter {
  readonly #options: GreeterOptions;
  /** Those that have said nothing yet: who has come since the timer rang last, and who came before. */
  #young = new Set<Socket>();
  #old = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GreeterOptions) {
    this.#options = options;
  }

  greet(socket: GreetedSocket): void {
    socket[GREETER] = this;
    // It may break at any moment, and without a listener that would end the process. This one stays.
    socket.on("data", onData).on("error", ignore);
    this.#young.add(socket);
    this.#timer ??= setTimeout(() => this.#age(), PATIENCE_MS);
  }

  /** Ends all that have said nothing. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const socket of [...this.#young, ...this.#old]) socket.destroy();
  }

  /** For the listener below only: its first bytes have come. */
  heard(socket: Socket, bytes: Buffer): void {
    socket.off("data", onData);
    if (!this.#young.delete(socket)) this.#old.delete(socket);
    const found = readPlainUpgrade(bytes);
    if (found !== undefined) {
      const request = { method: "GET", url: found.url, headers: found.headers, socket };
      if (this.#options.take(request, socket, found.head)) return;
    }
    this.#pass(socket, bytes);
  }

  #age(): void {
    const late = this.#old;
    this.#old = this.#young;
    this.#young = new Set();
    for (const socket of late) {
      socket.off("data", onData);
      if (socket.readableEnded) socket.destroy();
      else if (!socket.destroyed) this.#pass(socket);
    }
    this.#timer = this.#old.size > 0 ? setTimeout(() => this.#age(), PATIENCE_MS) : undefined;
  }

  /** Nothing is read until the HTTP server listens. */
  #pass(socket: Socket, read?: Buffer): void {
    socket.pause();
    if (read !== undefined) socket.unshift(read);
    this.#options.pass(socket);
    socket.resume();
  }
}

function onData(this: GreetedSocket, bytes: Buffer): void {
  this[GREETER]?.heard(this, bytes);
}

function ignore(): void {}
