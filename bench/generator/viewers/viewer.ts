/** A connection that takes what changes and notes what it was sent. */
import { clientFrame, WireSocket } from "tidemark/load";
import type { Frame, Frames } from "./frame.js";
import type { Protocol, Wish } from "./protocols.js";
import type { Seen } from "./seen.js";

/** What viewers of a group tell. */
export interface ViewerEvents {
  /** Hot path. Bytes of one frame, with its head. */
  came(viewer: Viewer, bytes: number): void;
  /** Hot path. A frame of changes. */
  changes(viewer: Viewer, frame: Frame): void;
  lost(reason: string): void;
}

export interface ViewerOptions {
  readonly port: number;
  readonly channel: string;
  readonly protocol: Protocol;
  readonly wish: Wish;
  readonly frames: Frames;
  /** Where histories begin; without it nothing is remembered. */
  readonly nothing?: Seen;
  /** The address of this machine that it comes from. */
  readonly localAddress?: string;
  readonly events: ViewerEvents;
}

const SHORT = 126;
const LONG = 65_536;

export class Viewer {
  readonly wish: Wish;
  seen: Seen | undefined;
  readonly #options: ViewerOptions;
  #wire: WireSocket | undefined;
  #ready: () => void = () => {};
  /** Answers to what came with the handshake. */
  readonly #unsent: string[] = [];

  private constructor(options: ViewerOptions) {
    this.#options = options;
    this.wish = options.wish;
    this.seen = options.nothing;
  }

  /** Resolves when it is subscribed. */
  static async join(options: ViewerOptions): Promise<Viewer> {
    const { port, channel, protocol, wish, events, localAddress } = options;
    const viewer = new Viewer(options);
    const ready = new Promise<void>((resolve, reject) => {
      viewer.#ready = resolve;
      const { path, headers } = protocol;
      const told = {
        frame: (bytes: Uint8Array, start: number, end: number, compressed: boolean) =>
          viewer.#frame(bytes, start, end, compressed),
        closed: (reason: string) => {
          reject(new Error(reason));
          events.lost(reason);
        },
      };
      const from = { ...(localAddress !== undefined && { localAddress }) };
      const upgrade = { path, ...(headers !== undefined && { headers }) };
      WireSocket.open({ port, ...from, ...upgrade, events: told }).then((wire) => {
        viewer.#wire = wire;
        const hello = protocol.hello(wish, channel);
        if (hello !== undefined) viewer.send(hello);
        for (const text of viewer.#unsent.splice(0)) viewer.send(text);
        if (path === "/") resolve();
      }, reject);
    });
    await ready;
    return viewer;
  }

  /** A command. */
  send(text: string): void {
    if (this.#wire === undefined) this.#unsent.push(text);
    else this.#wire.send(clientFrame(text));
  }

  leave(): void {
    this.#wire?.destroy();
  }

  /** Hot path. */
  #frame(bytes: Uint8Array, start: number, end: number, compressed: boolean): void {
    const { protocol, events } = this.#options;
    const size = end - start;
    events.came(this, size + (size < SHORT ? 2 : size < LONG ? 4 : 10));
    if (compressed || protocol.isChanges(bytes, start)) this.#changes(bytes, start, end, compressed);
    else this.#aside(bytes, start, end);
  }

  /** Hot path. */
  #changes(bytes: Uint8Array, start: number, end: number, compressed: boolean): void {
    const { frames, events } = this.#options;
    const frame = frames.of(bytes, start, end, compressed);
    this.seen = this.seen?.and(frame);
    events.changes(this, frame);
  }

  #aside(bytes: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(bytes.subarray(start, end)).toString();
    const { ready = false, send, changes } = this.#options.protocol.aside(text);
    if (send !== undefined) this.send(send);
    if (ready) this.#ready();
    if (changes === undefined) return;
    const rest = Buffer.from(changes);
    this.#changes(rest, 0, rest.length, false);
  }
}
