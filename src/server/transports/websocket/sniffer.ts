/**
 * The first look at a connection to a server of our own. Nearly all begin with a WebSocket's handshake, for which Node's
 * HTTP server would make a parser, a request and a dozen listeners, and let go of them at once. So what is plainly a
 * handshake is taken here; whatever else comes, or does not come soon, is the HTTP server's, from the first byte on.
 */
import type { Socket } from "node:net";
import type { OnError } from "../../guard.js";
import { readPlainUpgrade, type UpgradeRequest } from "./plain-upgrade.js";
import { handleOf } from "./socket-handle.js";
import { SocketReader, type ReadOwner } from "./socket-reader.js";

export interface SnifferOptions {
  /** Takes an upgrade if its path is one of ours; says whether it was. */
  readonly take: (request: UpgradeRequest, socket: Socket, head: Buffer, reader: SocketReader) => boolean;
  /** Gives a connection to the HTTP server. */
  readonly pass: (socket: Socket) => void;
  /** Whether sockets are read past Node's stream layer, where they can be. */
  readonly direct: boolean;
  /** Told what has failed; the socket that it was about is gone. */
  readonly onError: OnError;
}

/** How long a connection that says nothing is waited for here, in milliseconds, and up to twice that. */
const PATIENCE_MS = 500;

/** A socket of which nothing is known yet. */
class Newcomer implements ReadOwner {
  readonly socket: Socket;
  readonly reader: SocketReader;
  readonly #sniffer: Sniffer;

  constructor(sniffer: Sniffer, socket: Socket, direct: boolean) {
    this.#sniffer = sniffer;
    this.socket = socket;
    this.reader = new SocketReader(socket, this, direct ? handleOf(socket) : undefined);
  }

  read(bytes: Buffer): void {
    this.#sniffer.heard(this, bytes);
  }

  failed(error: unknown): void {
    this.#sniffer.failed(this, error);
  }
}

export class Sniffer {
  readonly #options: SnifferOptions;
  /** Sockets that have said nothing yet: those that have come since the timer rang last, and those that came before. */
  #young = new Set<Newcomer>();
  #old = new Set<Newcomer>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SnifferOptions) {
    this.#options = options;
  }

  sniff(socket: Socket): void {
    // A socket may break at any moment, and without a listener that would end the process. This listener stays.
    socket.on("error", ignore);
    this.#young.add(new Newcomer(this, socket, this.#options.direct));
    this.#timer ??= setTimeout(() => this.#age(), PATIENCE_MS);
  }

  /** Ends all sockets that have said nothing. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { socket } of [...this.#young, ...this.#old]) socket.destroy();
  }

  /** For newcomers only: the first bytes of one have come. What follows a handshake that was refused goes nowhere. */
  heard(newcomer: Newcomer, bytes: Buffer): void {
    if (!this.#young.delete(newcomer) && !this.#old.delete(newcomer)) return;
    const { socket, reader } = newcomer;
    const found = readPlainUpgrade(bytes);
    if (found !== undefined) {
      const request = { method: "GET", url: found.url, headers: found.headers, socket };
      if (this.#options.take(request, socket, found.head, reader)) return;
    }
    this.#pass(newcomer, bytes);
  }

  /** For newcomers only. */
  failed(newcomer: Newcomer, error: unknown): void {
    this.#young.delete(newcomer);
    this.#old.delete(newcomer);
    newcomer.socket.destroy();
    this.#options.onError(error);
  }

  #age(): void {
    const late = this.#old;
    this.#old = this.#young;
    this.#young = new Set();
    for (const newcomer of late) {
      const { socket } = newcomer;
      try {
        if (socket.readableEnded) socket.destroy();
        else if (!socket.destroyed) this.#pass(newcomer);
      } catch (error) {
        this.failed(newcomer, error);
      }
    }
    this.#timer = this.#old.size > 0 ? setTimeout(() => this.#age(), PATIENCE_MS) : undefined;
  }

  /** Nothing is read until the HTTP server listens. */
  #pass({ socket, reader }: Newcomer, bytes?: Buffer): void {
    socket.pause();
    reader.giveBack(bytes);
    this.#options.pass(socket);
    socket.resume();
  }
}

function ignore(): void {}
