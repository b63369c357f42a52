/** A link of the simulated network: a client's transport at one end, a server's connection at the other. */
import type { Transport, TransportEvents } from "../../client/index.js";
import { CLOSE_CODES, type CloseName } from "../../protocol/index.js";
import type { Link } from "../../server/connection/link.js";
import type { Receiver } from "../../server/connection/receiver.js";
import type { Chunk } from "../../server/delivery/chunk.js";
import { textFrame } from "../text-frame.js";
import { PART_BYTES } from "../../server/delivery/chunk.js";
import type { Pipe } from "./pipe.js";
import { type Conditions, type NodeLink, pipesOf } from "./pipes.js";
import type { SimProcess } from "./process.js";

export interface WireOptions extends Conditions {
  readonly client: SimProcess;
  readonly server: SimProcess;
  readonly events: TransportEvents;
  /** Told of every frame that the server writes, with what is unsent then. */
  readonly onWrite: (unsent: number) => void;
  readonly onEnd: () => void;
  /** Whether messages in parts are begun twice here, as by who breaks one off: part 0 begins anew, so that harms nobody. */
  readonly twice: boolean;
}

const PING_BYTES = 4;
/** How soon a client sees that it has another network. */
const NOTICED_MS = 100;
/** `ws` gives a close frame this long to be answered. */
const CLOSE_TIMEOUT_MS = 30_000;

export class Wire implements Link, NodeLink {
  readonly #options: WireOptions;
  readonly #down: Pipe;
  readonly #up: Pipe;
  #receiver: Receiver | undefined;
  #clientOpen = true;
  #serverOpen = true;
  /** The server has said goodbye: it sends nothing more. */
  #closing = false;
  #reading = true;
  #held: (() => void)[] = [];
  #stranded = false;

  constructor(options: WireOptions) {
    this.#options = options;
    const { up, down } = pipesOf(options, () => this.#stranded);
    this.#up = up;
    this.#down = down;
  }

  get ended(): boolean {
    return !this.#clientOpen && !this.#serverOpen;
  }

  /** The server has taken the connection; the client is told. */
  opened(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#down.put(0, () => this.#toClient(() => this.#options.events.open()));
  }

  // The client's end.

  #send(frame: string | Uint8Array): void {
    if (!this.#clientOpen) return;
    const arrive = (): void =>
      this.#toServer((receiver) => {
        receiver.alive();
        if (typeof frame === "string") receiver.receiveText(...textFrame(frame));
        else receiver.receiveBinary(frame);
      });
    if (this.#options.twice && beginsMessage(frame)) this.#up.put(0, arrive);
    this.#up.put(frame.length, arrive);
  }

  /** What the client holds of it. */
  get transport(): Transport {
    return { send: (frame) => this.#send(frame), close: (goodbye) => this.#closeByClient(goodbye) };
  }

  #closeByClient(goodbye = false): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.#up.put(0, () => this.#endServer(goodbye ? "1000" : "1005", goodbye));
    this.#tidy();
  }

  // The server's end.

  get unsent(): number {
    return this.#serverOpen ? this.#down.unsent : 0;
  }

  write(chunks: readonly Chunk[]): void {
    const size = chunks.reduce((sum, chunk) => sum + chunk.size, 0);
    const text = chunks.every((chunk) => chunk.text !== undefined);
    this.#put(size, text ? chunks.map((chunk) => chunk.toText()).join("\n") : joinBytes(chunks));
  }

  writeShared(chunk: Chunk): void {
    this.#put(chunk.size, chunk.text ?? chunk.toBinary());
  }

  whenDrained(run: () => void): void {
    if (this.#serverOpen) this.#down.whenDrained(() => this.#options.server.run(run));
  }

  pause(): void {
    this.#reading = false;
  }

  resume(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#readHeld();
  }

  /** What was held back is read in its order, before anything that came later. */
  #readHeld(): void {
    this.#options.clock.setImmediate(() => {
      this.#options.server.run(() => {
        if (!this.#reading || !this.#serverOpen) return;
        this.#held.shift()?.();
        if (this.#held.length > 0) this.#readHeld();
      });
    });
  }

  ping(at: number): void {
    this.#put(PING_BYTES, "{}");
    // The peer's WebSocket answers by itself, as long as its machine is awake.
    this.#down.put(0, () =>
      this.#toClient(() => this.#up.put(0, () => this.#toServer((receiver) => receiver.alive(at)))),
    );
  }

  terminate(): void {
    this.#endServer("1006", false);
    this.#down.put(0, () => this.#endClient(1006, ""));
  }

  close(name: CloseName, reason: string): void {
    const { code } = CLOSE_CODES[name];
    if (!this.#serverOpen || this.#closing) return;
    this.#closing = true;
    this.#down.put(0, () => {
      this.#up.put(0, () => this.#endServer(String(code), false));
      this.#endClient(code, reason);
    });
    this.#options.clock.setTimeout(() => this.#endServer("1006", false), CLOSE_TIMEOUT_MS);
  }

  // What the network does to it.

  /** What is on its way is gone, and both ends learn it, each in its own time. */
  cut(): void {
    for (const pipe of [this.#down, this.#up]) {
      pipe.cut();
      pipe.lose();
    }
    const { clock, latency } = this.#options;
    clock.setTimeout(() => this.#endClient(1006, ""), latency());
    clock.setTimeout(() => this.#endServer("1006", false), latency());
  }

  /**
   * The client's machine goes on with another network; what it sent over this one, and what is for it, stays under way until
   * the returned function is called.
   */
  strand(): () => void {
    const { clock } = this.#options;
    this.#stranded = true;
    clock.setTimeout(() => {
      if (!this.#clientOpen) return;
      this.#up.put(0, () => this.#endServer("1006", false));
      this.#endClient(1006, "");
    }, NOTICED_MS);
    return () => void (this.#stranded = false);
  }

  lose(ends: "both" | "up" | "down"): void {
    if (ends !== "up") this.#down.lose();
    if (ends !== "down") this.#up.lose();
  }

  serverDied(): void {
    this.#serverOpen = false;
    this.cut();
  }

  #put(size: number, frame: string | Uint8Array): void {
    if (!this.#serverOpen || this.#closing) return;
    const arrive = (): void => this.#toClient(() => this.#options.events.frame(frame));
    if (this.#options.twice && beginsMessage(frame)) this.#down.put(0, arrive);
    this.#down.put(size, arrive);
    this.#options.onWrite(this.#down.unsent);
  }

  #toClient(run: () => void): void {
    this.#options.client.run(() => {
      if (this.#clientOpen) run();
    });
  }

  #toServer(run: (receiver: Receiver) => void): void {
    this.#options.server.run(() => {
      const receiver = this.#receiver;
      if (!this.#serverOpen || receiver === undefined) return;
      if (!this.#reading || this.#held.length > 0) this.#held.push(() => run(receiver));
      else run(receiver);
    });
  }

  #endClient(code: number, reason: string): void {
    this.#options.client.run(() => {
      if (!this.#clientOpen) return;
      this.#clientOpen = false;
      this.#options.events.close(code, reason);
      this.#tidy();
    });
  }

  #endServer(reason: string, said: boolean): void {
    this.#options.server.run(() => {
      if (!this.#serverOpen) return;
      this.#serverOpen = false;
      this.#receiver?.transportClosed(reason, said);
      this.#tidy();
    });
  }

  #tidy(): void {
    if (this.ended) this.#options.onEnd();
  }
}

/** Whether that is the first of several parts, and nothing else. */
function beginsMessage(frame: string | Uint8Array): boolean {
  if (typeof frame === "string" || frame.length < PART_BYTES) return false;
  const line = decoder.decode(frame.subarray(0, frame.indexOf(NEWLINE[0] as number)));
  const { bytes } = /"bytes":(?<bytes>\d+),"part":0,"more":true\}\]?$/.exec(line)?.groups ?? {};
  return bytes !== undefined && frame.length === line.length + 1 + Number(bytes);
}

function joinBytes(chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.flatMap((chunk, i) => (i === 0 ? [chunk.toBinary()] : [NEWLINE, chunk.toBinary()]));
  return Buffer.concat(parts);
}

const decoder = new TextDecoder();
const NEWLINE = Buffer.from("\n");
