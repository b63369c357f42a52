/** One HTTP request of the simulated network and its answer: `fetch` at one end, a server's handler at the other. */
import { EventEmitter } from "node:events";
import type { Answer, Part } from "../../client/transports/http-answer.js";
import type { HttpRequest, HttpResponse } from "../../server/transports/http/exchange.js";
import type { Pipe } from "./pipe.js";
import { type Conditions, type NodeLink, pipesOf } from "./pipes.js";
import type { SimProcess } from "./process.js";

export interface ExchangeOptions extends Conditions {
  readonly client: SimProcess;
  readonly server: SimProcess;
  /** Told of everything that the server writes, with what is unsent then. */
  readonly onWrite: (unsent: number) => void;
  readonly onEnd: () => void;
}

export interface Asked {
  /** Path and query. */
  readonly url: string;
  readonly type: string | undefined;
  readonly body: Buffer;
}

/** Node's mark: above it a writer is asked to wait. */
const HIGH_WATER = 16 * 1024;

export class Exchange implements NodeLink {
  readonly #options: ExchangeOptions;
  readonly #down: Pipe;
  readonly #up: Pipe;
  readonly #response: SimResponse;
  readonly #answer: Promise<Answer>;
  #settle: ((answer: Answer) => void) | undefined;
  #fail: (error: Error) => void = () => {};
  #ignore: () => void = () => {};
  #clientOpen = true;
  #serverOpen = true;
  /** What has come and was not read yet. */
  readonly #parts: Part[] = [];
  #broken: Error | undefined;
  #reader: { resolve(part: Part): void; reject(error: Error): void } | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { up, down } = pipesOf(options);
    this.#up = up;
    this.#down = down;
    this.#answer = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
    });
    this.#response = new SimResponse(options.server, down, {
      head: (status, headers) => this.#toClient(0, () => this.#begin(status, headers)),
      part: (text) => {
        this.#toClient(text.length, () => this.#arrived({ done: false, value: Buffer.from(text) }));
        options.onWrite(down.unsent);
      },
      over: () => {
        this.#toClient(0, () => {
          this.#arrived({ done: true });
          this.#endClient();
        });
        down.whenDrained(() => this.#endServer());
      },
      destroyed: () => {
        this.cut();
      },
    });
  }

  /** The client's end. `handle` serves the request, at the server. */
  ask(
    asked: Asked,
    signal: AbortSignal,
    handle: (request: HttpRequest, response: HttpResponse) => void,
  ): Promise<Answer> {
    const onAbort = (): void => this.#abort();
    signal.addEventListener("abort", onAbort);
    this.#ignore = () => signal.removeEventListener("abort", onAbort);
    this.#up.put(asked.body.length, () =>
      this.#options.server.run(() => {
        if (!this.#serverOpen) return;
        const request = new SimRequest(asked);
        handle(request, this.#response);
        request.arrives(asked.body);
      }),
    );
    return this.#answer;
  }

  /** What is on its way is gone, and both ends learn it, each in its own time. */
  cut(): void {
    for (const pipe of [this.#down, this.#up]) {
      pipe.cut();
      pipe.lose();
    }
    const { clock, latency, client } = this.#options;
    clock.setTimeout(() => client.run(() => this.#break("the connection was cut")), latency());
    clock.setTimeout(() => this.#endServer(), latency());
  }

  lose(ends: "both" | "up" | "down"): void {
    if (ends !== "up") this.#down.lose();
    if (ends !== "down") this.#up.lose();
  }

  serverDied(): void {
    this.#serverOpen = false;
    this.cut();
  }

  // The client's end.

  #toClient(size: number, run: () => void): void {
    if (!this.#serverOpen) return;
    this.#down.put(size, () => this.#options.client.run(() => this.#clientOpen && run()));
  }

  #begin(status: number, headers: Readonly<Record<string, string>>): void {
    this.#settle?.({
      status,
      headers: { get: (name) => headers[name] ?? null },
      body: { getReader: () => ({ read: () => this.#read() }) },
    });
  }

  #read(): Promise<Part> {
    const part = this.#parts.shift();
    if (part !== undefined) return Promise.resolve(part);
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  #arrived(part: Part): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#parts.push(part);
    else reader.resolve(part);
  }

  #break(why: string): void {
    if (!this.#clientOpen) return;
    this.#broken = new TypeError(why);
    this.#fail(this.#broken);
    this.#reader?.reject(this.#broken);
    this.#endClient();
  }

  /** The client wants no more of it, and its system tells the server so. */
  #abort(): void {
    if (!this.#clientOpen) return;
    this.#up.put(0, () => this.#endServer());
    this.#endClient();
  }

  #endClient(): void {
    this.#clientOpen = false;
    this.#ignore();
    this.#tidy();
  }

  #endServer(): void {
    this.#options.server.run(() => {
      if (!this.#serverOpen) return;
      this.#serverOpen = false;
      this.#response.closed();
      this.#tidy();
    });
  }

  #tidy(): void {
    if (!this.#clientOpen && !this.#serverOpen) this.#options.onEnd();
  }
}

class SimRequest extends EventEmitter implements HttpRequest {
  readonly method = "POST";
  readonly url: string;
  readonly headers: HttpRequest["headers"];
  readonly socket = { remoteAddress: "10.0.0.1" };

  constructor({ url, type, body }: Asked) {
    super();
    this.url = url;
    this.headers = {
      host: "cluster",
      "content-length": String(body.length),
      ...(type !== undefined && { "content-type": type }),
    };
  }

  resume(): void {}

  /** As with Node's, what has come waits until somebody reads. */
  arrives(body: Buffer): void {
    if (this.listenerCount("data") > 0) return this.#hand(body);
    const onListener = (event: string): void => {
      if (event !== "data") return;
      this.off("newListener", onListener);
      queueMicrotask(() => this.#hand(body));
    };
    this.on("newListener", onListener);
    return undefined;
  }

  #hand(body: Buffer): void {
    this.emit("data", body);
    this.emit("end");
  }
}

/** What a response tells the network. */
interface Outlet {
  head(status: number, headers: Readonly<Record<string, string>>): void;
  part(text: string): void;
  over(): void;
  destroyed(): void;
}

class SimResponse extends EventEmitter implements HttpResponse {
  readonly req = { complete: true };
  readonly socket: { readonly bytesWritten: number; readonly writableLength: number };
  headersSent = false;
  writableNeedDrain = false;
  readonly #process: SimProcess;
  readonly #pipe: Pipe;
  readonly #outlet: Outlet;
  #written = 0;
  #state: "open" | "ended" | "closed" = "open";

  constructor(process: SimProcess, pipe: Pipe, outlet: Outlet) {
    super();
    this.#process = process;
    this.#pipe = pipe;
    this.#outlet = outlet;
    const written = (): number => this.#written;
    this.socket = {
      get bytesWritten() {
        return written();
      },
      get writableLength() {
        return pipe.unsent;
      },
    };
  }

  get writableLength(): number {
    return this.#state === "closed" ? 0 : this.#pipe.unsent;
  }

  setHeader(): void {}

  writeHead(status: number, headers: Readonly<Record<string, string>>): this {
    // As Node does.
    if (this.headersSent) throw new Error("ERR_HTTP_HEADERS_SENT");
    this.headersSent = true;
    this.#outlet.head(status, headers);
    return this;
  }

  write(text: string, taken?: () => void): void {
    if (this.#state !== "open") return;
    this.#written += text.length;
    if (text !== "") this.#outlet.part(text);
    if (taken !== undefined) this.#whenTaken(taken);
    if (this.writableNeedDrain || this.#pipe.unsent < HIGH_WATER) return;
    this.writableNeedDrain = true;
    this.#whenTaken(() => {
      this.writableNeedDrain = false;
      this.emit("drain");
    });
  }

  end(text = ""): void {
    if (this.#state !== "open") return;
    this.write(text);
    this.#state = "ended";
    this.#outlet.over();
  }

  destroy(): void {
    if (this.#state !== "closed") this.#outlet.destroyed();
  }

  setTimeout(ms: number, run: () => void): void {
    const taken = (): number => this.#written - this.#pipe.unsent;
    const before = taken();
    this.#process.clock.setTimeout(() => {
      if (this.#state === "closed") return;
      if (taken() === before) run();
      else this.setTimeout(ms, run);
    }, ms);
  }

  /** The connection under it is gone, or all of it has been sent. */
  closed(): void {
    this.#state = "closed";
    this.emit("close");
  }

  #whenTaken(run: () => void): void {
    this.#pipe.whenDrained(() => this.#process.run(() => this.#state !== "closed" && run()));
  }
}
