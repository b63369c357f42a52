/** A subscriber of one channel that looks at every frame, and can stop reading. */
import { clientFrame, WireSocket } from "tidemark/load";

export interface Gap {
  readonly after: number;
  readonly until: number;
  readonly reason: string;
}

type Reply = { readonly id: number; readonly ok?: unknown; readonly error?: { readonly message: string } };

export class Listener {
  /** Offsets of messages, and gaps, in the order in which they came. */
  readonly got: (number | Gap)[] = [];
  readonly #replies = new Map<number, { resolve: (ok: unknown) => void; reject: (error: Error) => void }>();
  #wire: WireSocket | undefined;
  #lastId = 0;
  /** Why the connection has ended, if so. */
  ended: string | undefined;

  /** Connects and subscribes to `channel`. */
  static async join(port: number, channel: string): Promise<Listener> {
    const listener = new Listener();
    const events = {
      frame: (bytes: Uint8Array, start: number, end: number) => listener.#frame(bytes, start, end),
      closed: (reason: string) => {
        listener.ended = reason;
        for (const { reject } of listener.#replies.values())
          reject(new Error(`the connection ended: ${reason}`));
      },
    };
    listener.#wire = await WireSocket.open({ port, path: "/connect", events });
    await listener.ask({ connect: { subs: { [channel]: {} } } });
    return listener;
  }

  /** The newest offset it got. */
  get newest(): number {
    const last = this.got.at(-1);
    return typeof last === "number" ? last : (last?.until ?? 0);
  }

  /** Sends a command; resolves with its `ok`. */
  ask(command: object): Promise<unknown> {
    const id = ++this.#lastId;
    this.#wire?.send(clientFrame(JSON.stringify({ id, ...command })));
    return new Promise((resolve, reject) => this.#replies.set(id, { resolve, reject }));
  }

  pause(): void {
    this.#wire?.pause();
  }

  resume(): void {
    this.#wire?.resume();
  }

  leave(): void {
    this.#wire?.destroy();
  }

  #frame(bytes: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
    for (const line of text.split("\n"))
      this.#line(JSON.parse(line) as readonly unknown[] | Reply | ({ event: string } & Gap));
  }

  #line(line: readonly unknown[] | Reply | ({ readonly event: string } & Gap)): void {
    if (Array.isArray(line)) this.got.push(line[1] as number);
    else if ("event" in line) {
      if (line.event === "gap") this.got.push({ after: line.after, until: line.until, reason: line.reason });
    } else if ("id" in line) {
      const reply = this.#replies.get(line.id);
      this.#replies.delete(line.id);
      if (line.error === undefined) reply?.resolve(line.ok);
      else reply?.reject(new Error(line.error.message));
    }
  }
}
