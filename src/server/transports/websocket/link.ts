/**
 * One WebSocket: its socket, what comes in, what goes out, and the closing handshake. Frames are read and written
 * here, straight from and to the socket. There are as many links as there are clients, so each keeps little: no
 * request, no listener of its own, no timer until it closes.
 */
import type { Duplex } from "node:stream";
import { CLOSE_CODES, type CloseName } from "../../../protocol/index.js";
import { ByteRate } from "../../connection/limits/byte-rate.js";
import type { UnfinishedOwner } from "../../connection/limits/unfinished.js";
import type { Link } from "../../connection/link.js";
import { NOBODY, type Receiver } from "../../connection/receiver.js";
import type { Chunk } from "../../delivery/chunk.js";
import type { Deflate } from "./deflate/deflate.js";
import { FrameAssembler } from "./frame-assembler.js";
import { closeFrame, frameOf, framesOf, pingAndEmpty, pingedAt, pongFrame } from "./frame.js";
import type { Reading } from "./reading.js";
import { handleOf } from "./socket-handle.js";
import type { SocketOptions } from "./socket-options.js";
import { SocketReader, kept, type ReadOwner } from "./socket-reader.js";
import { SocketWriter } from "./socket-writer.js";
import { readWholeFrames, type FrameOwner } from "./whole-frames.js";

/** How much is read of one peer in a turn of the event loop, in bytes; a read of Node's more may come. */
const READ_AT_ONCE = 64 * 1024;
/** Who has no more bytes than these behind a message that waits to be inflated does not wait for those who have. */
const LITTLE = 512;
/** Unsent bytes at which pings go unanswered: the pongs of a peer that does not read would pile up without end. */
const MAX_UNSENT_PONGS = 16 * 1024;
/** How long a peer has to answer a close and let go of its socket, in milliseconds. */
const CLOSE_TIMEOUT_MS = 30_000;

/** `closing`: one side has said goodbye, or the peer broke the protocol; nothing may be written any more. */
type State = "open" | "closing" | "closed";

export class WebSocketLink implements Link, FrameOwner, ReadOwner, UnfinishedOwner {
  readonly #socket: Duplex;
  readonly #writer: SocketWriter;
  readonly #reader: SocketReader;
  readonly #most: number;
  readonly #reading: Reading | undefined;
  readonly #deflate: Deflate | undefined;
  #receiver: Receiver = NOBODY;
  #assembler: FrameAssembler | undefined;
  #state: State = "open";
  #ended = false;
  /** Bytes read since the link rested last. */
  #taken = 0;
  /** The rate of a peer that has sent much. */
  #rate: ByteRate | undefined;
  #paused = false;
  #resting = false;
  /** Whether a message that waits to be inflated is in line for that. */
  #inLine = false;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(socket: Duplex, { most, direct, reader, reading, deflate }: SocketOptions) {
    this.#socket = socket;
    const handle = direct ? handleOf(socket) : undefined;
    this.#writer = new SocketWriter(socket, handle);
    this.#reader = reader?.giveTo(this) ?? new SocketReader(socket, this, handle);
    this.#most = most;
    this.#reading = reading;
    this.#deflate = deflate;
  }

  /** Says who is told of what comes from here on. */
  open(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  get unsent(): number {
    return this.#writer.unsent;
  }

  write(chunks: readonly Chunk[]): void {
    if (this.#state === "open") this.#writer.writeAll(framesOf(chunks, this.#deflate));
  }

  /** Hot path: all who get the chunk share its frame. */
  writeShared(chunk: Chunk): void {
    this.send(
      chunk.isCompressible && this.#deflate !== undefined ? this.#deflate.frameOf(chunk) : frameOf(chunk),
    );
  }

  /** Sends a frame as it is: bytes, or a string in latin1 that stands for bytes. */
  send(frame: string | Buffer): void {
    // After a close frame nothing may follow.
    if (this.#state === "open") this.#writer.write(frame);
  }

  whenDrained(run: () => void): void {
    this.#writer.whenDrained(run);
  }

  pause(): void {
    this.#paused = true;
    this.#reader.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#resting) this.#readOn();
  }

  /** Whether the socket is not read because its peer has sent too much. */
  get resting(): boolean {
    return this.#resting;
  }

  get unread(): boolean {
    return this.#paused || this.#resting || this.#waits;
  }

  /** A message cost more than its bytes: so many bytes are counted, too. */
  weigh(bytes: number): void {
    this.#taken += bytes;
  }

  ping(at: number): void {
    this.send(pingAndEmpty(at));
  }

  close(name: CloseName, reason: string): void {
    const { code } = CLOSE_CODES[name];
    // A peer that sends too much is not listened to any more, not even for its goodbye.
    if (name === "rate_limited") this.onBroken(code, reason);
    else this.#sayGoodbye(code, reason);
  }

  terminate(): void {
    this.#state = "closed";
    this.#socket.destroy();
  }

  /** Bytes have come. Hot path: frames that are whole are read where they lie. */
  read(bytes: Buffer): void {
    this.#receiver.alive();
    if (this.#assembler === undefined) {
      const at = readWholeFrames(bytes, 0, this.#most, this);
      if (at < bytes.length) this.#assemble(bytes.subarray(at));
    } else this.#assembler.read(bytes);
    this.#taken += bytes.length;
    this.#settle();
  }

  /** Bytes have come with the handshake. */
  take(bytes: Buffer): void {
    try {
      this.read(bytes);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Reading has failed. */
  failed(error: unknown): void {
    this.#receiver.abandon(error);
    // The receiver may be a connection that has ended.
    if (this.#state === "open") this.terminate();
  }

  /** The peer has closed its side without a word. */
  halfClosed(): void {
    this.#end("1006");
    this.#socket.end();
  }

  /** The socket is closed. */
  gone(): void {
    clearTimeout(this.#closeTimer);
    this.#end("1006");
    this.#state = "closed";
  }

  get ended(): boolean {
    return this.#ended || this.#state === "closed";
  }

  onText(bytes: Buffer, from: number, to: number, ascii: boolean): void {
    if (this.#state === "open") this.#receiver.receiveText(bytes, from, to, ascii);
  }

  onBinary(bytes: Buffer): void {
    if (this.#state === "open") this.#receiver.receiveBinary(kept(bytes));
  }

  onPing(data: Buffer): void {
    this.#tellNothing();
    if (this.unsent < MAX_UNSENT_PONGS) this.send(pongFrame(data));
  }

  onPong(data: Buffer): void {
    // In the middle of a message a pong says nothing of that message's beginning.
    if (this.#assembler?.fragmented !== true) this.#receiver.alive(pingedAt(data));
    this.#tellNothing();
  }

  onFragment(): void {
    this.#tellNothing();
  }

  onUnfinished(reason: string): void {
    if (this.#reading !== undefined) this.#reading.refused.unfinished++;
    this.#receiver.unfinished(reason);
  }

  mayInflate(): boolean {
    return !this.#paused && this.#taken < READ_AT_ONCE && this.#deflate?.takeTurn() === true;
  }

  onInflated(bytes: number): void {
    this.weigh(bytes);
    this.#deflate?.inflated(bytes);
  }

  onClose(code: number, reason: string): void {
    this.#sayGoodbye(code, reason);
    this.#end(`${code} ${reason}`.trim(), code === 1000);
    this.#socket.end();
  }

  onNoRoom(): void {
    if (this.#reading !== undefined) this.#reading.refused.echo++;
    this.onBroken(CLOSE_CODES.unavailable.code, "too many messages are under way here; come back later");
  }

  onBroken(code: number, reason = ""): void {
    this.#sayGoodbye(code, reason);
    this.#end(`${code} ${reason}`.trim());
    this.#socket.end();
    // The rest is read and thrown away: a socket that is closed with something unread is reset, and the code lost.
    this.resume();
  }

  /**
   * Now and then the peer has to wait for a turn: Node reads up to 2 MiB of one socket in a row, and meanwhile nothing
   * is written to anybody.
   */
  #rest(): void {
    const wait = this.#overRate(this.#taken);
    this.#taken = 0;
    this.#reader.pause();
    if (wait > 0) this.#resting = true;
    const goOn = (): void => {
      this.#resting = false;
      if (this.#paused) return;
      // Bytes that came meanwhile are yet to be read.
      if (wait > 0) this.#receiver.alive();
      this.#readOn();
    };
    if (wait > 0) this.#reading?.clock.setTimeout(goOn, wait);
    else setImmediate(goOn);
  }

  /** What came has been read, as far as that may be now; whether reading goes on at once. */
  #settle(): boolean {
    if (this.#assembler?.idle === true) this.#letGo();
    if (this.#taken >= READ_AT_ONCE) this.#rest();
    else if (this.#waits) this.#awaitTurn();
    else return true;
    return false;
  }

  #readOn(): void {
    if (this.#waits) this.#awaitTurn();
    else this.#reader.resume();
  }

  /** Whether a message has yet to be inflated before anything else is read. */
  get #waits(): boolean {
    return this.#assembler?.waits === true;
  }

  /** Has the message that waits inflated in a turn that has time for it. */
  #awaitTurn(): void {
    this.#reader.pause();
    if (this.#inLine || this.#paused) return;
    this.#inLine = true;
    this.#deflate?.whenTurn(
      () => {
        this.#inLine = false;
        this.#inflate();
      },
      (this.#assembler?.behind ?? 0) <= LITTLE,
    );
  }

  /** Reads on from the message that waits. Where reading rests meanwhile, or the owner has paused it, that is done later. */
  #inflate(): void {
    if (this.#paused || this.#resting || !this.#waits) return;
    try {
      this.#receiver.alive();
      this.#assembler?.goOn();
      if (this.#settle() && !this.#paused) this.#reader.resume();
    } catch (error) {
      this.failed(error);
    }
  }

  /** Counts bytes that were read: for how many milliseconds no more are. */
  #overRate(bytes: number): number {
    if (this.#reading === undefined || this.#reading.rate === false) return 0;
    const { rate, clock, refused } = this.#reading;
    const now = clock.monotonic();
    const wait = (this.#rate ??= new ByteRate(rate, now)).read(bytes, now);
    if (wait > 0) refused.bytes++;
    return wait;
  }

  /** Has an assembler go on with a frame that is not plain, or not whole. */
  #assemble(bytes: Buffer): void {
    const inflates = this.#deflate !== undefined;
    const assembler = new FrameAssembler(this.#most, this, this.#reading?.room, inflates);
    this.#assembler = assembler;
    assembler.read(bytes);
    if (this.ended || assembler.idle) this.#letGo();
    else this.#reading?.unfinished.add(assembler, this);
  }

  #letGo(): void {
    const assembler = this.#assembler;
    if (assembler === undefined) return;
    this.#assembler = undefined;
    this.#reading?.unfinished.delete(assembler);
    assembler.drop();
  }

  #tellNothing(): void {
    if (this.#state === "open") this.#receiver.receiveNothing();
  }

  #sayGoodbye(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.send(closeFrame(code, reason));
    this.#state = "closing";
    this.#closeTimer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
  }

  /** Nothing more is read. */
  #end(reason: string, said = false): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#state === "open") this.#state = "closing";
    this.#letGo();
    this.#receiver.transportClosed(reason, said);
  }
}
