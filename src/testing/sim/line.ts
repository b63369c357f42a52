/** A client's own line into the network: its WebSockets and requests, and what goes wrong with them. */
import type { Transport, TransportEvents, TransportFactory } from "../../client/transport.js";
import type { Answer } from "../../client/transports/http-answer.js";
import { type Web, httpTransport } from "../../client/transports/http.js";
import type { Random } from "../../protocol/index.js";
import type { VirtualClock } from "../virtual-clock.js";
import { Exchange } from "./exchange.js";
import { between, pick } from "./fork.js";
import { BUDGET, type SimNode } from "./node.js";
import type { LineTrouble, NodeLink } from "./pipes.js";
import type { SimProcess } from "./process.js";
import type { Recorder } from "./recorder.js";
import { bodyOf } from "./request-body.js";
import { ActiveTroubles } from "./active-troubles.js";
import type { Ways } from "./ways.js";
import { Wire } from "./wire.js";

export interface LineOptions {
  /** Whose it is. */
  readonly name: string;
  readonly client: SimProcess;
  readonly ways: Ways;
  readonly clock: VirtualClock;
  readonly nodes: readonly SimNode[];
  readonly recorder: Recorder;
  readonly random: Random;
}

/** What is open on it. */
interface Open extends NodeLink {
  cut(): void;
}

/** How long a frame takes at most, for clients near and far. */
const SLOWEST_MS = [6, 40, 200];
/** So many begin messages in parts twice. */
const TWICE_SHARE = 0.3;
/** Beside what the budget counts: pings. */
const SLACK_BYTES = 256;
/** An answer over HTTP is padded at its beginning, and bytes take a third more there. */
const HTTP_CAP = (BUDGET.perConnection * 4) / 3 + 4096;

export class Line {
  readonly trouble = new ActiveTroubles<LineTrouble>();
  readonly ways: Ways;
  readonly #options: LineOptions;
  readonly #slowest: number;
  readonly #twice: boolean;
  readonly #open = new Set<Open>();

  constructor(options: LineOptions) {
    this.#options = options;
    this.ways = options.ways;
    this.#slowest = pick(options.random, SLOWEST_MS);
    this.#twice = options.random.float() < TWICE_SHARE;
  }

  readonly transport: TransportFactory = (url, events, name, better) => {
    this.#options.recorder.count(`opened ${name}`);
    if (name === "websocket") return this.#webSocket(events);
    const { client, ways } = this.#options;
    const search = better && {
      clock: client.clock,
      memory: ways.memory,
      open: (beside: TransportEvents) => this.transport(url, beside, better),
    };
    return httpTransport(url, events, name, search, this.#web);
  };

  /** Cuts all that is open. */
  cut(): void {
    for (const link of this.#open) link.cut();
  }

  /** Nothing gets through any more, and nobody is told: on all that is open, or only on what was opened last. */
  lose(ends: "both" | "up" | "down", last: boolean): void {
    const links = [...this.#open];
    for (const link of last ? links.slice(-1) : links) link.lose(ends);
  }

  /** All WebSockets that are open are stranded, until the returned function is called. */
  strand(): () => void {
    const releases = [...this.#open].map((link) => (link instanceof Wire ? link.strand() : () => {}));
    return () => releases.forEach((release) => release());
  }

  /** WebSockets do not get through: what is open breaks, and new ones do not come to be. */
  blockWebSockets(how: number): () => void {
    for (const link of this.#open) if (link instanceof Wire) link.cut();
    return this.trouble.begin("noWebSocket", how);
  }

  readonly #latency = (): number => between(this.#options.random, 1, this.#slowest);

  /** A balancer's choice. */
  #node(): { readonly node: SimNode; readonly server: SimProcess } | undefined {
    const up = this.#options.nodes.filter((node) => node.up);
    const node = up[Math.floor(this.#options.random.float() * up.length)];
    const server = node?.process;
    return node === undefined || server === undefined ? undefined : { node, server };
  }

  #note<Link extends Open>(link: Link, node: SimNode): Link {
    this.#open.add(link);
    node.links.add(link);
    return link;
  }

  #forget(link: Open, node: SimNode): void {
    this.#open.delete(link);
    node.links.delete(link);
  }

  #hold(who: string, bytes: number, cap: number): void {
    if (bytes > cap) this.#options.recorder.add({ is: "held", who, bytes, cap });
  }

  #webSocket(events: TransportEvents): Transport {
    const { clock, client, recorder, name } = this.#options;
    const blocked = this.trouble.strength("noWebSocket");
    const found = this.#node();
    if (found === undefined || blocked > 0) {
      let closed = false;
      // Above a half, whatever stands between does not even say no.
      if (blocked < 0.5)
        clock.setTimeout(() => client.run(() => closed || events.close(1006, "")), this.#latency());
      return { send() {}, close: () => void (closed = true) };
    }
    const { node, server } = found;
    const cap = BUDGET.perConnection + SLACK_BYTES;
    const wire: Wire = this.#note(
      new Wire({
        clock,
        client,
        server,
        events,
        latency: this.#latency,
        trouble: this.trouble,
        twice: this.#twice,
        onWrite: (bytes) => this.#hold(`${node.name} for ${name}`, bytes, cap),
        onEnd: () => this.#forget(wire, node),
      }),
      node,
    );
    recorder.count("connections");
    // There and back again, as a handshake goes.
    clock.setTimeout(() => {
      if (node.process !== server) return wire.cut();
      server.run(() => {
        const receiver = node.accept(wire);
        if (receiver === undefined) wire.cut();
        else wire.opened(receiver);
      });
    }, this.#latency());
    return wire.transport;
  }

  readonly #web: Web = {
    performance: { now: () => this.#options.client.clock.monotonic() },
    setTimeout: (run, ms) => this.#options.client.clock.setTimeout(run, ms),
    clearTimeout: (timer) => this.#options.client.clock.clearTimeout(timer),
    fetch: (address, request) => {
      const { clock, client, recorder, name } = this.#options;
      const way = address.pathname.slice(address.pathname.lastIndexOf("/") + 1);
      const found = this.#node();
      if (found === undefined) {
        return new Promise<Answer>((_resolve, reject) => {
          clock.setTimeout(() => client.run(() => reject(new TypeError("fetch failed"))), this.#latency());
        });
      }
      const { node, server } = found;
      const exchange: Exchange = this.#note(
        new Exchange({
          clock,
          client,
          server,
          latency: this.#latency,
          trouble: this.trouble,
          onWrite: (bytes) => this.#hold(`${node.name} for ${name}'s ${way}`, bytes, HTTP_CAP),
          onEnd: () => this.#forget(exchange, node),
        }),
        node,
      );
      recorder.count(`requests: ${way}`);
      const asked = { url: address.pathname + address.search, ...bodyOf(request) };
      return exchange.ask(asked, request.signal, (asking, response) => node.serve(asking, response));
    },
  };
}
