/** One client of a load: a connection that is subscribed, counts what it gets, and can publish. */
import { DIALECTS, type Dialect, type DialectName } from "./dialect.js";
import { clientFrame } from "./frames.js";
import { WireSocket } from "./wire-socket.js";

export interface MemberEvents {
  /**
   * Hot path: this many messages came in one frame. The last one's line ends at `end` in `bytes`; all payloads are
   * of the size that was said, so their places follow.
   */
  messages(member: Member, count: number, bytes: Uint8Array, start: number, end: number): void;
  /** Hot path: an answer to a request or a publish. */
  answer?(member: Member): void;
  lost(member: Member, reason: string): void;
}

export interface MemberOptions {
  readonly port: number;
  readonly host?: string;
  readonly dialect: DialectName;
  readonly channels: readonly string[];
  /** Where to go on from, one a channel, in the dialects that know such a thing. */
  readonly cursors?: readonly string[];
  /** Unique among the clients of one server. */
  readonly name: string;
  readonly events: MemberEvents;
  /** How fast it reads. Default: as fast as it can. */
  readonly bytesPerSecond?: number;
}

const NEWLINE = 10;

export class Member {
  readonly name: string;
  /** How many messages have come. For the use of `events`. */
  count = 0;
  readonly channels: readonly string[];
  /** The server's answer to the connect command, where it has one. */
  welcome = "";
  readonly #dialect: Dialect;
  readonly #events: MemberEvents;
  #wire: WireSocket | undefined;
  #ready: (() => void) | undefined;
  readonly #resuming: boolean;
  #lastId = 0;

  private constructor(options: MemberOptions, ready: () => void) {
    this.#resuming = options.cursors !== undefined;
    this.name = options.name;
    this.channels = options.channels;
    this.#dialect = DIALECTS[options.dialect];
    this.#events = options.events;
    this.#ready = ready;
  }

  /** Connects and subscribes. Resolves when the server has confirmed it. */
  static join(options: MemberOptions): Promise<Member> {
    return new Promise((resolve, reject) => {
      const member = new Member(options, () => resolve(member));
      const { host, bytesPerSecond } = options;
      const events = {
        frame: (bytes: Uint8Array, start: number, end: number) => member.#frame(bytes, start, end),
        closed: (reason: string) => {
          reject(new Error(reason));
          member.#events.lost(member, reason);
        },
      };
      WireSocket.open({
        port: options.port,
        path: member.#dialect.path,
        events,
        ...(host !== undefined && { host }),
        ...(bytesPerSecond !== undefined && { bytesPerSecond }),
      }).then((wire) => {
        member.#wire = wire;
        wire.send(clientFrame(member.#dialect.hello(options.channels, options.name, options.cursors)));
      }, reject);
    });
  }

  get wire(): WireSocket {
    if (this.#wire === undefined) throw new Error("not connected");
    return this.#wire;
  }

  /** A frame that publishes; several may be put together and sent in one go. */
  publishFrame(channel: string, payload: string): Buffer {
    return clientFrame(this.#dialect.publish(channel, payload, ++this.#lastId));
  }

  requestFrame(payload: string): Buffer {
    return clientFrame(this.#dialect.request(payload, ++this.#lastId));
  }

  /** Where it stands, given the last message's line: what `cursors` takes. `undefined` where the server knows no such thing. */
  placeAfter(line: string): string | undefined {
    return this.#dialect.place?.(this.welcome, line);
  }

  /** Bytes between a payload and the end of its line. */
  get tail(): number {
    return this.#dialect.tail;
  }

  /** Hot path. */
  #frame(bytes: Uint8Array, start: number, end: number): void {
    const { lines, marker } = this.#dialect;
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
    if (this.#ready === undefined && end - start > 2) return this.#events.answer?.(this);
    const line = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
    const meaning = this.#dialect.answer(line, this.channels, this.#resuming);
    if (meaning !== undefined && this.welcome === "") this.welcome = line;
    if (meaning === "ready") {
      this.#ready?.();
      this.#ready = undefined;
    } else if (meaning !== undefined) this.wire.send(clientFrame(meaning.send));
  }
}
