/** A link in memory: a client's transport at one end, a server's connection at the other, frames in order, no sockets. */
import type { Transport, TransportEvents } from "../client/index.js";
import { CLOSE_CODES, type CloseName, type Clock } from "../protocol/index.js";
import type { Link, Peer } from "../server/connection/link.js";
import type { Engine } from "../server/engine.js";
import type { Chunk } from "../server/delivery/chunk.js";
import { textFrame } from "./text-frame.js";

export class MemoryLink implements Link {
  readonly #clock: Clock;
  readonly #connection: ReturnType<Engine["accept"]>;
  #events: TransportEvents | undefined;
  #open = true;

  /** Both ends are told of each other in turns of their own, as they would be over a network. */
  constructor(clock: Clock, engine: Engine, peer: Peer, events: TransportEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#connection = engine.accept(this, peer);
    this.#toClient((client) => client.open());
  }

  /** The client's end. */
  readonly transport: Transport = {
    send: (frame) =>
      this.#toServer(() => {
        this.#connection.alive();
        if (typeof frame === "string") this.#connection.receiveText(...textFrame(frame));
        else this.#connection.receiveBinary(frame);
      }),
    close: () => {
      this.#events = undefined;
      this.#toServer(() => this.#endServer("1000", true));
    },
  };

  /** The network fails: both ends are told that it is over, and not why. */
  cut(): void {
    this.#toClient((client) => this.#endClient(client, 1006, ""));
    this.#toServer(() => this.#endServer("1006", false));
  }

  /** The client is gone, without a word. */
  vanish(): void {
    this.#events = undefined;
    this.#toServer(() => this.#endServer("1006", false));
  }

  readonly unsent = 0;

  write(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) this.writeShared(chunk);
  }

  writeShared(chunk: Chunk): void {
    if (!this.#open) return;
    const frame = chunk.text ?? chunk.toBinary();
    this.#toClient((client) => client.frame(frame));
  }

  whenDrained(run: () => void): void {
    this.#clock.setImmediate(run);
  }

  pause(): void {}
  resume(): void {}

  ping(at: number): void {
    this.#toClient((client) => {
      this.#toServer(() => this.#connection.alive(at));
      client.frame("{}");
    });
  }

  close(name: CloseName, reason: string): void {
    this.#open = false;
    this.#toClient((client) => this.#endClient(client, CLOSE_CODES[name].code, reason));
  }

  terminate(): void {
    this.#open = false;
    this.#toClient((client) => this.#endClient(client, 1006, ""));
  }

  #toClient(run: (client: TransportEvents) => void): void {
    this.#clock.setImmediate(() => {
      if (this.#events !== undefined) run(this.#events);
    });
  }

  #toServer(run: () => void): void {
    this.#clock.setImmediate(() => {
      if (this.#open) run();
    });
  }

  #endClient(client: TransportEvents, code: number, reason: string): void {
    this.#events = undefined;
    client.close(code, reason);
  }

  #endServer(reason: string, said: boolean): void {
    this.#open = false;
    this.#connection.transportClosed(reason, said);
  }
}
