/**
 * A client's connection as the protocol has it, without the client library: it connects, comes back, asks, and gives each line to
 * whom it is for. What a library must not get wrong, a simulation of servers gets right in few lines.
 */
import type { Transport, TransportEvents } from "../../../client/transport.js";
import { decodeServer, splitTextLines, type ErrorBody, type ServerFrame } from "../../../protocol/index.js";
import type { Line } from "../line.js";
import type { SimProcess } from "../process.js";

/** Who is connected. */
export interface WireOwner {
  /** What the connect command says, without its braces. */
  hello(): string;
  online(result: Readonly<Record<string, unknown>>): void;
  down(): void;
  /** A message or an event. `size` is that of its line on a WebSocket, in bytes, with the one that ends it. */
  told(frame: ServerFrame, size: number): void;
  /** Something that must not come. */
  wrong(what: string): void;
}

type Answer = (error: ErrorBody | undefined, ok: unknown) => void;

/** Nothing for so long, in milliseconds, and the server is taken to be gone: its pings, and ten seconds. */
const SILENCE_MS = 19_000;
const LOOK_MS = 2000;
const CONNECT_MS = 5000;
const LEAST_BACKOFF_MS = 100;
const MOST_BACKOFF_MS = 4000;

export class WireClient {
  readonly #line: Line;
  readonly #process: SimProcess;
  readonly #owner: WireOwner;
  #transport: Transport | undefined;
  /** Of the connection at hand: what comes from another one is nobody's. */
  #life = {};
  #isOnline = false;
  #closed = false;
  #ids = 0;
  #answers = new Map<number, Answer>();
  #heard = 0;
  #moved = 0;
  #backoff = LEAST_BACKOFF_MS;
  /** Which of its ways it tries. */
  #way = 0;
  #isRenewing = false;

  constructor(line: Line, process: SimProcess, owner: WireOwner) {
    this.#line = line;
    this.#process = process;
    this.#owner = owner;
  }

  get online(): boolean {
    return this.#isOnline;
  }

  /** Whether subscriptions are made by connecting again, with all of them. */
  get oneWay(): boolean {
    return this.#transport?.idle !== undefined;
  }

  open(): void {
    if (this.#closed) return;
    const life = (this.#life = {});
    const here = (): boolean => life === this.#life && !this.#closed;
    const { clock } = this.#process;
    this.#heard = clock.monotonic();
    const events: TransportEvents = {
      open: () => here() && this.#hello(),
      frame: (frame, aside) => here() && this.#receive(frame, aside),
      over: () => here() && (this.#isOnline ? this.#hello() : this.#lost()),
      idle() {},
      better() {},
      close: () => here() && this.#lost(),
    };
    const { transports } = this.#line.ways;
    const name = transports[this.#way % transports.length] ?? "websocket";
    this.#transport = this.#line.transport("ws://cluster/connect", events, name);
    clock.setTimeout(() => here() && !this.#isOnline && this.#lost(), CONNECT_MS);
    this.#watch(here);
  }

  /** Sends a command; whether there is a connection. Its answer comes over the same one, or never. */
  ask(body: string, answer: Answer): boolean {
    if (!this.#isOnline) return false;
    this.#send(body, answer);
    return true;
  }

  /** Sends a command that has no answer. */
  say(body: string): void {
    if (this.#isOnline) this.#transport?.send(`{${body}}`);
  }

  /** Asks anew for all that is wanted, where it is one-way. */
  renew(): void {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    queueMicrotask(() => {
      this.#isRenewing = false;
      if (this.#isOnline && !this.#closed) this.#hello();
    });
  }

  close(): void {
    this.#closed = true;
    this.#transport?.close(true);
  }

  movedWithin(ms: number): boolean {
    return this.#process.clock.monotonic() - this.#moved < ms;
  }

  #hello(): void {
    this.#send(`"connect":{${this.#owner.hello()}}`, (error, ok) => {
      if (error !== undefined) return this.#lost(error.after);
      if (!this.#isOnline) this.#moved = this.#process.clock.monotonic();
      this.#isOnline = true;
      this.#backoff = LEAST_BACKOFF_MS;
      this.#owner.online(ok as Readonly<Record<string, unknown>>);
    });
  }

  #send(body: string, answer: Answer): void {
    const id = ++this.#ids;
    this.#answers.set(id, answer);
    this.#transport?.send(`{"id":${id},${body}}`);
  }

  #receive(frame: string | Uint8Array, aside = false): void {
    if (!aside) this.#heard = this.#process.clock.monotonic();
    const life = this.#life;
    const text = typeof frame === "string" ? frame : new TextDecoder().decode(frame);
    let at = 0;
    for (const line of splitTextLines(text)) {
      if (life !== this.#life) return;
      const newline = text.indexOf("\n", at);
      const end = newline < 0 ? text.length : newline;
      // All that is said here is ASCII.
      this.#read(line, end + 1 - at);
      at = end + 1;
    }
  }

  #read(line: Parameters<typeof decodeServer>[0], size: number): void {
    const frame = decodeServer(line);
    const { id, event } = frame;
    if (event?.event === "goaway") return this.#leaveAfter(event.after);
    if (id !== undefined) {
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      answer?.(frame.error, frame.ok);
    } else if (frame.error !== undefined) this.#owner.wrong(`${frame.error.code} ${frame.error.message}`);
    else if (frame.message !== undefined || event !== undefined) this.#owner.told(frame, size);
  }

  #leaveAfter(ms: number): void {
    const life = this.#life;
    this.#process.clock.setTimeout(() => {
      if (life !== this.#life) return;
      this.#transport?.close();
      this.#lost();
    }, ms);
  }

  #lost(after = 0): void {
    const wasOnline = this.#isOnline;
    this.#transport?.close();
    this.#life = {};
    this.#isOnline = false;
    this.#answers = new Map();
    this.#moved = this.#process.clock.monotonic();
    if (wasOnline) this.#owner.down();
    // Where it never got through, another way may.
    this.#way = wasOnline ? 0 : this.#way + 1;
    this.#process.clock.setTimeout(() => this.open(), Math.max(after, this.#backoff));
    this.#backoff = Math.min(2 * this.#backoff, MOST_BACKOFF_MS);
  }

  #watch(here: () => boolean): void {
    const { clock } = this.#process;
    clock.setTimeout(() => {
      if (!here()) return;
      if (clock.monotonic() - this.#heard > SILENCE_MS) this.#lost();
      else this.#watch(here);
    }, LOOK_MS);
  }
}
