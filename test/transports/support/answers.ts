/** Requests to a server in virtual time, and answers whose clients read when the test says so. */
import { EventEmitter } from "node:events";
import { Addresses } from "../../../src/server/transports/addresses.js";
import { HttpEndpoints, type HttpOptions } from "../../../src/server/transports/http/endpoints.js";
import type { HttpRequest, HttpResponse } from "../../../src/server/transports/http/exchange.js";
import { silentLogger } from "../../../src/server/index.js";
import type { VirtualClock } from "../../../src/testing/index.js";
import { splitTextLines } from "../../../src/protocol/index.js";
import type { Line } from "../../server/support/client.js";
import type { World } from "../../server/support/engine.js";

/** Node's mark: above it a writer is asked to wait. */
const HIGH_WATER = 16 * 1024;

class Request extends EventEmitter implements HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HttpRequest["headers"];
  readonly socket = { remoteAddress: "192.0.2.1" };

  constructor(method: string, url: string, headers: HttpRequest["headers"]) {
    super();
    this.method = method;
    this.url = url;
    this.headers = { host: "localhost", ...headers };
  }

  resume(): void {}
}

/** What a client is answered. */
export class Answer extends EventEmitter implements HttpResponse {
  readonly req = { complete: true };
  readonly socket = undefined;
  headersSent = false;
  writableNeedDrain = false;
  writableLength = 0;
  /** While true, what is written is not read. */
  stuck = false;
  text = "";
  ended = false;
  destroyed = false;
  /** The most that was ever unsent. */
  mostUnsent = 0;
  readonly #clock: VirtualClock;
  #taken: (() => void)[] = [];

  constructor(clock: VirtualClock) {
    super();
    this.#clock = clock;
  }

  /** The lines so far; a message's payload is bytes where it was bytes. */
  get lines(): Line[] {
    return splitTextLines(this.text).map(({ value, bytes }) => {
      if (bytes === undefined) return value as Line;
      return Array.isArray(value)
        ? [value[0], value[1], bytes, value[3]]
        : { ...(value as object), content: bytes };
    });
  }

  /** Everything that was written has been read. */
  drain(): void {
    this.writableLength = 0;
    const taken = this.#taken;
    this.#taken = [];
    for (const run of taken) run();
    if (this.ended) this.emit("close");
    else if (this.writableNeedDrain) {
      this.writableNeedDrain = false;
      this.emit("drain");
    }
  }

  /** The client has gone. */
  drop(): void {
    this.emit("close");
  }

  setHeader(): void {}

  writeHead(): this {
    this.headersSent = true;
    return this;
  }

  write(text: string, taken?: () => void): void {
    this.text += text;
    if (taken !== undefined) this.#taken.push(taken);
    if (!this.stuck) {
      this.#clock.setImmediate(() => this.drain());
      return;
    }
    this.writableLength += text.length;
    this.mostUnsent = Math.max(this.mostUnsent, this.writableLength);
    this.writableNeedDrain = this.writableLength >= HIGH_WATER;
  }

  end(text: string): void {
    this.ended = true;
    this.write(text);
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }

  setTimeout(): void {}
}

/** How requests are sent to the server of a world. */
export function requests(world: World, http: Partial<HttpOptions> = {}) {
  const endpoints = new HttpEndpoints(world.engine, {
    path: "",
    origins: [],
    addresses: new Addresses(undefined, silentLogger),
    http: { poll: 25_000, stream: 120_000, ...http },
  });
  /** Sends one, and lets everything run that needs no time. */
  return async (
    method: "GET" | "POST",
    url: string,
    lines: readonly unknown[] = [],
    { stuck = false, headers = {} }: { stuck?: boolean; headers?: HttpRequest["headers"] } = {},
  ): Promise<Answer> => {
    const request = new Request(method, url, headers);
    const answer = new Answer(world.clock);
    answer.stuck = stuck;
    endpoints.handle(url.replace(/\?.*/, ""), request, answer);
    request.emit("data", Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n")));
    request.emit("end");
    await world.clock.settle();
    return answer;
  };
}

/** The client reads what it is sent, until nothing more comes. */
export async function readAll(world: World, answer: Answer): Promise<void> {
  for (let before = -1; before < answer.text.length && !answer.ended;) {
    before = answer.text.length;
    answer.drain();
    await world.clock.settle();
  }
}
