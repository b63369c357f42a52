/** A socket between the server and one viewer: it counts what is sent, and can be made slow. Nothing else knows of it. */
import { Duplex } from "node:stream";

/** On a slow link a piece is what goes in so many milliseconds. */
const PIECE_MS = 50;

export class MeasuredSocket extends Duplex {
  readonly #socket: Duplex;
  /** Bytes that have left, as they are on the wire. */
  sent = 0;
  /** Bytes a second at most. */
  rate = Infinity;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
    socket.on("data", (chunk) => this.push(chunk) || socket.pause());
    socket.on("end", () => this.push(null)).on("close", () => this.destroy());
    socket.on("error", (error) => this.destroy(error));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: () => void): void {
    const piece = chunk.subarray(0, (this.rate * PIECE_MS) / 1000);
    const rest = chunk.subarray(piece.length);
    const next = (): void => (rest.length > 0 ? this._write(rest, encoding, done) : done());
    this.sent += piece.length;
    const roomy = this.#socket.write(piece);
    if (this.rate < Infinity) setTimeout(next, (piece.length / this.rate) * 1000);
    else if (roomy) next();
    else this.#socket.once("drain", next);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
