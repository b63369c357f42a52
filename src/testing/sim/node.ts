/** A server of the simulated cluster: the real engine in a process that can be stopped, killed and started again. */
import type { Random } from "../../protocol/index.js";
import type { ChannelRegistry } from "../../server/channels/registry.js";
import type { WalkPage } from "../../server/feed/slots/slots-log.js";
import type { Link, Peer } from "../../server/connection/link.js";
import { publishAsServer } from "../../server/connection/publish/publish-as-server.js";
import type { TidemarkError } from "../../server/errors.js";
import { silentLogger, type Logger } from "../../server/logger.js";
import { Engine } from "../../server/engine.js";
import { readLimits } from "../../server/options.js";
import { Addresses } from "../../server/transports/addresses.js";
import { HttpEndpoints } from "../../server/transports/http/endpoints.js";
import type { HttpRequest, HttpResponse } from "../../server/transports/http/exchange.js";
import type { Receiver } from "../../server/connection/receiver.js";
import type { VirtualClock } from "../virtual-clock.js";
import { SimBroker } from "./broker.js";
import type { BrokerSite } from "./broker-site.js";
import { DENIED } from "./channels.js";
import { simMethods } from "./methods.js";
import type { NodeLink } from "./pipes.js";
import { contentOf } from "./payload.js";
import { SimProcess } from "./process.js";
import type { Recorder } from "./recorder.js";

/** Small enough to be reached. */
export const { limits: LIMITS, budget: BUDGET } = readLimits({
  limits: {
    message: 16 * 1024,
    binary: 200 * 1024,
    frame: 64 * 1024,
    ping: 8000,
    connectTimeout: 5000,
    unanswered: 32,
  },
  unsent: { perConnection: 64 * 1024, total: 96 * 1024 },
});

/** Short, so that there are many of them. */
const HTTP = {
  path: "/connect",
  origins: [],
  addresses: new Addresses(undefined, silentLogger),
  http: { poll: 5000, stream: 20_000 },
} as const;

/** A node that stops may be without connections for so many looks less one: how long it needs to notice. */
const MOST_DESERTED = 3;

const PEER: Peer = { headers: {}, url: "/connect", ip: "10.0.0.1" };

/** What application a node serves. */
export interface NodeApplication {
  /** How much of a log by slots is read at once. */
  readonly walkPage?: WalkPage;
  registry(): ChannelRegistry;
}

interface Life {
  readonly process: SimProcess;
  readonly broker: SimBroker;
  readonly engine: Engine;
  readonly http: HttpEndpoints;
}

export interface SimNodeOptions {
  readonly name: string;
  readonly site: BrokerSite;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly application: NodeApplication;
  /** How many bytes it keeps of messages that are sent in parts. */
  readonly large: number;
  /** How many bytes it holds of messages that are not whole. */
  readonly incomplete: number;
}

export class SimNode {
  readonly name: string;
  readonly links = new Set<NodeLink>();
  readonly #site: BrokerSite;
  readonly #random: Random;
  readonly #recorder: Recorder;
  readonly #clock: VirtualClock;
  readonly #application: NodeApplication;
  readonly #room: Pick<SimNodeOptions, "large" | "incomplete">;
  /** What was published by lives of this node that have ended is not answered any more. */
  readonly #unanswered = new Set<() => void>();
  #published = 0;
  #life: Life | undefined;
  #draining = false;
  /** Looks in a row at which it was stopping, with nobody there. */
  #deserted = 0;

  constructor({ name, site, clock, random, recorder, application, large, incomplete }: SimNodeOptions) {
    this.name = name;
    this.#site = site;
    this.#clock = clock;
    this.#random = random;
    this.#recorder = recorder;
    this.#application = application;
    this.#room = { large, incomplete };
    this.start();
  }

  /** Whether it takes connections. */
  get up(): boolean {
    return this.#life !== undefined && !this.#draining;
  }

  get process(): SimProcess | undefined {
    return this.#life?.process;
  }

  get broker(): SimBroker | undefined {
    return this.#life?.broker;
  }

  get engine(): Engine | undefined {
    return this.#life?.engine;
  }

  start(): void {
    if (this.#life !== undefined) return;
    const process = new SimProcess(this.#clock);
    const broker = new SimBroker(this.#site, process);
    const engine = new Engine({
      clock: process.clock,
      random: this.#random,
      broker,
      log: this.#logger(),
      registry: this.#application.registry(),
      walkPage: this.#application.walkPage,
      methods: simMethods(process.clock, this.#recorder),
      hooks: { authenticate: ({ token }) => ({ id: token }), onConnect: undefined, onDisconnect: undefined },
      limits: LIMITS,
      budget: BUDGET,
      secret: "shared by all nodes",
      ...this.#room,
    });
    this.#life = { process, broker, engine, http: new HttpEndpoints(engine, HTTP) };
  }

  accept(link: Link): Receiver | undefined {
    return this.#life?.engine.accept(link, PEER);
  }

  serve(request: HttpRequest, response: HttpResponse): void {
    const life = this.#life;
    if (life === undefined || !life.http.handle(pathOf(request), request, response)) response.destroy();
  }

  /** Publishes as the application itself. No order is promised between calls, so each has a publisher's name of its own. */
  publish(channel: string, size: number, bytes: boolean): void {
    const { engine, process } = this.#life ?? {};
    const resolved = engine?.node.registry.resolve(channel);
    if (engine === undefined || process?.state !== "running" || resolved === undefined) return;
    const publisher = `${this.name}.${++this.#published}@${channel}`;
    const id = `${publisher}/1`;
    this.#recorder.add({ is: "publish", channel, publisher, sequence: 1, id });
    const refused = (code: string): void => {
      if (!this.#unanswered.delete(lost)) return;
      this.#recorder.count(`refused: ${code}`);
      this.#recorder.add({ is: "refused", channel, id, outcome: "unknown", code });
    };
    const lost = (): void => refused("crashed");
    this.#unanswered.add(lost);
    publishAsServer(engine.node, resolved, contentOf(publisher, 1, size, bytes)).then(
      ({ offset }) => {
        if (this.#unanswered.delete(lost)) this.#recorder.add({ is: "ack", channel, id, offset });
      },
      ({ code }: TidemarkError) => refused(code),
    );
  }

  /** Ends a user's subscription on all nodes, as far as this one can reach them. */
  deny(user: string, channel: string): void {
    const command = { user, do: "unsubscribe", channel, code: DENIED, message: "not any more" } as const;
    this.#life?.engine.command(command).catch(() => this.#recorder.count("revocation failed"));
  }

  /** Ends without a word. With `silently` not even its kernel tells the peers: the machine is gone. */
  crash(silently: boolean): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#draining = false;
    life.process.kill();
    life.broker.died();
    for (const lost of this.#unanswered) lost();
    for (const link of this.links) {
      if (silently) link.lose("both");
      else link.serverDied();
    }
    this.links.clear();
  }

  /**
   * Stops as a deployment does: clients are told to move within the grace time, then the rest is sent away and the
   * broker let go. `stopped` is called when nothing of it is left.
   */
  drain(grace: number, stopped: () => void): void {
    const life = this.#life;
    if (life === undefined || this.#draining) return;
    this.#draining = true;
    void life.engine.drain(grace, "the server is stopping").done.then(() => {
      // It may have died meanwhile.
      if (this.#life !== life) return;
      this.#life = undefined;
      this.#draining = false;
      life.engine.close("the server is stopping");
      void life.broker.close();
      this.#clock.setTimeout(() => {
        life.process.kill();
        for (const lost of this.#unanswered) lost();
      }, 1000);
      stopped();
    });
  }

  /** Once everybody has gone, a node that stops is done. To be called twice a second. */
  checkDrain(): void {
    const life = this.#life;
    const isDeserted =
      this.#draining && life?.process.state === "running" && life.engine.connections.size === 0;
    this.#deserted = isDeserted ? this.#deserted + 1 : 0;
    if (this.#deserted === MOST_DESERTED)
      this.#recorder.add({ is: "complaint", who: this.name, what: "it stops, and waits for nobody" });
  }

  #logger(): Logger {
    const complain = (fields: Readonly<Record<string, unknown>>, message: string): void => {
      this.#recorder.add({ is: "complaint", who: this.name, what: `${message}: ${String(fields["error"])}` });
    };
    return { info() {}, warn: () => this.#recorder.count("server warning"), error: complain };
  }
}

function pathOf({ url = "/" }: HttpRequest): string {
  return url.split("?", 1)[0] ?? "/";
}
