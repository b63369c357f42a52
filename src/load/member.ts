/** One client of a load: a connection that is subscribed, counts what it gets, and can publish. */
import type { Dialect, Greeting, Refusal } from "./dialect.js";
import { clientFrame } from "./frames.js";
import { WireSocket } from "./wire-socket.js";

/** What a client tells of. */
export interface MemberEvents {
  /** Hot path: this many messages came in one frame, a line each from `start` to `end`; only valid during the call. */
  messages(member: Member, count: number, bytes: Uint8Array, start: number, end: number): void;
  /** Hot path: an answer to a request or a publish. */
  answer?(member: Member): void;
  /** The server said no to a request or a publish. */
  refused?(member: Member, refusal: Refusal): void;
  /** The connection has ended although nobody here wanted that. */
  lost(member: Member, reason: string): void;
}

/** Where a load goes. */
export interface Target {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Whether with TLS. */
  readonly secure?: boolean;
  /** Default: the dialect's. */
  readonly path?: string;
  /** Who it says it is. */
  readonly token?: string;
  readonly dialect: Dialect;
}

/** What {@link Member.join} takes. */
export interface MemberOptions extends Target {
  readonly channels: readonly string[];
  /** Where to go on from, one a channel, in the dialects that know such a thing. */
  readonly cursors?: readonly string[];
  /** Unique among the clients of one server. */
  readonly name: string;
  readonly events: MemberEvents;
  /** How fast it reads. Default: as fast as it can. */
  readonly bytesPerSecond?: number;
  /** How long it waits to be subscribed, in milliseconds. Default: without end. */
  readonly patience?: number;
}

/** A server did not take a client, or what it published. */
export class LoadError extends Error {
  override readonly name = "LoadError";
  /** The server's own, where it said one; else `connection_lost`. */
  readonly code: string;

  constructor({ code, message }: Refusal) {
    super(message);
    this.code = code;
  }
}

const NEWLINE = 10;

/** One client of a load: a connection that is subscribed, counts what it gets, and can publish. */
export class Member {
  readonly name: string;
  readonly dialect: Dialect;
  readonly channels: readonly string[];
  /** How many messages have come. For the use of `events`. */
  count = 0;
  readonly #greeting: Greeting;
  readonly #events: MemberEvents;
  /** The server's answer to the connect command, where it has one. */
  #first = "";
  #wire: WireSocket | undefined;
  #settle: ((refused?: Refusal) => void) | undefined;
  #lastId = 0;

  private constructor(options: MemberOptions, settle: (refused?: Refusal) => void) {
    const { name, channels, token, cursors, dialect, events } = options;
    this.name = name;
    this.channels = channels;
    this.dialect = dialect;
    this.#greeting = { name, channels, token, cursors };
    this.#events = events;
    this.#settle = settle;
  }

  /**
   * Connects and subscribes. Resolves when the server has confirmed it.
   *
   * @throws {LoadError} when the server cannot be reached, refuses, or does not answer in time
   */
  static join(options: MemberOptions): Promise<Member> {
    return new Promise((resolve, reject) => {
      const { host, bytesPerSecond, patience, secure, port, dialect, path = dialect.path } = options;
      const member = new Member(options, (refused) => {
        clearTimeout(timer);
        if (refused === undefined) return resolve(member);
        reject(new LoadError(refused));
        member.#wire?.destroy();
      });
      const lost = (message: string): void => {
        if (member.#settle === undefined) return member.#events.lost(member, message);
        member.#settled({ code: "connection_lost", message });
      };
      const timer =
        patience === undefined
          ? undefined
          : setTimeout(() => lost(`no answer within ${patience / 1000} s`), patience);
      const frame = (bytes: Uint8Array, start: number, end: number): void => member.#frame(bytes, start, end);
      WireSocket.open({
        port,
        path,
        events: { frame, closed: lost },
        ...(host !== undefined && { host }),
        ...(secure !== undefined && { secure }),
        ...(bytesPerSecond !== undefined && { bytesPerSecond }),
        ...(patience !== undefined && { patience }),
      }).then(
        (wire) => {
          if (member.#settle === undefined) return wire.destroy();
          member.#wire = wire;
          wire.send(clientFrame(dialect.hello(member.#greeting)));
        },
        (error: Error) => lost(error.message),
      );
    });
  }

  get wire(): WireSocket {
    if (this.#wire === undefined) throw new Error("not connected");
    return this.#wire;
  }

  /** A frame that publishes; several may be put together and sent in one go. */
  publishFrame(channel: string, payload: string): Buffer {
    return clientFrame(this.dialect.publish(channel, payload, ++this.#lastId));
  }

  requestFrame(payload: string): Buffer {
    return clientFrame(this.dialect.request(payload, ++this.#lastId));
  }

  /** Where it stands, given the last message's line: what `cursors` takes. `undefined` where the server knows no such thing. */
  placeAfter(line: string): string | undefined {
    return this.dialect.place?.(this.#first, line);
  }

  /** Hot path. */
  #frame(bytes: Uint8Array, start: number, end: number): void {
    const { lines, marker } = this.dialect;
    if (!lines) {
      if (bytes[start + marker.at] === marker.byte && end - start > 2) {
        this.#events.messages(this, 1, bytes, start, end);
      } else this.#other(bytes, start, end);
      return;
    }
    // Lines of one channel have one length nearly always: where the last one ended, this one should too.
    let at = start;
    let from = start;
    let count = 0;
    let length = 0;
    while (at < end) {
      let stop = at + length;
      if (length === 0 || (stop < end && bytes[stop] !== NEWLINE) || stop > end) {
        stop = bytes.indexOf(NEWLINE, at);
        if (stop < 0 || stop > end) stop = end;
        length = stop - at;
      }
      if (bytes[at + marker.at] === marker.byte) count++;
      else {
        if (count > 0) this.#events.messages(this, count, bytes, from, at - 1);
        count = 0;
        from = stop + 1;
        this.#other(bytes, at, stop);
      }
      at = stop + 1;
    }
    if (count > 0) this.#events.messages(this, count, bytes, from, end);
  }

  #other(bytes: Uint8Array, start: number, end: number): void {
    // What is shorter than any answer is a ping.
    if (this.#settle === undefined && end - start > 2) {
      const reply = this.dialect.reply(bytes, start, end);
      if (reply === "ok") this.#events.answer?.(this);
      else if (reply === "refused") this.#refused(textOf(bytes, start, end));
      return;
    }
    const line = textOf(bytes, start, end);
    const welcome = this.dialect.welcome(line, this.#greeting);
    if (welcome !== undefined && this.#first === "") this.#first = line;
    if (welcome === "ready") this.#settled();
    else if (welcome === undefined) return;
    else if ("refused" in welcome) this.#settled(welcome.refused);
    else this.wire.send(clientFrame(welcome.send));
  }

  #settled(refused?: Refusal): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(refused);
  }

  #refused(line: string): void {
    const refusal = this.dialect.refusal?.(line);
    if (refusal !== undefined) this.#events.refused?.(this, refusal);
  }
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}
