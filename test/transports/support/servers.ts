/** Servers on free ports, and a network between them and their clients that deals connections out in turn. */
import { once } from "node:events";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createMemoryHub, type Broker } from "tidemark/broker";
import type { ContractApp, ServedApp, TransportHarness } from "tidemark/testing";
import { clientsOf, type Way } from "./ways.js";

/** A port of this machine, or the path of a socket. */
export type Target = number | string;

function reach(target: Target): Socket {
  return typeof target === "number" ? connect(target, "127.0.0.1") : connect(target);
}

/** TCP from one port to several, connection by connection in turn: no stickiness. */
export class Network {
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  #targets: readonly Target[];
  #next = 0;
  #whole = true;
  #stalled = false;

  private constructor(targets: readonly Target[]) {
    this.#targets = targets;
    this.#server = createServer((near) => this.#join(near));
  }

  static async to(targets: readonly Target[]): Promise<Network> {
    const network = new Network(targets);
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#whole = false;
    this.#break();
  }

  /** From now on only to these. */
  leadTo(targets: readonly Target[]): void {
    this.#targets = targets;
  }

  mend(): void {
    this.#whole = true;
  }

  stall(): void {
    this.#stalled = true;
    for (const { near, far } of this.#pairs) far.unpipe(near).pause();
  }

  flow(): void {
    this.#stalled = false;
    for (const { near, far } of this.#pairs) far.pipe(near);
  }

  close(): void {
    this.#server.close();
    this.#break();
  }

  #join(near: Socket): void {
    if (!this.#whole) return void near.destroy();
    const far = reach(this.#targets[this.#next++ % this.#targets.length] ?? 0);
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const [a, b] of [
      [near, far],
      [far, near],
    ] as const) {
      a.setNoDelay(true);
      a.on("error", () => {});
      a.on("close", () => {
        this.#pairs.delete(pair);
        b.destroy();
      });
    }
    near.pipe(far);
    if (!this.#stalled) far.pipe(near);
    return undefined;
  }

  #break(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }
}

/** An HTTP server for each app, which outlives its app. */
export async function listen(app: Pick<ContractApp, "attach">): Promise<HttpServer> {
  const server = createHttpServer((_request, response) => response.writeHead(503).end());
  app.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export function portOf(server: HttpServer): number {
  return (server.address() as AddressInfo).port;
}

/** What stands before the servers at these ports: where to find it, and how to end it. */
export type Front = (
  ports: readonly number[],
) => Promise<{ readonly target: Target; readonly close: () => unknown }>;

/** Servers of an app, wherever they run. */
export interface Servers {
  readonly apps: readonly ServedApp[];
  readonly targets: readonly Target[];
  readonly close: () => unknown;
}

/** Servers behind a network. */
export function networkHarness(
  way: Way,
  start: (...what: Parameters<TransportHarness["serve"]>) => Promise<Servers>,
): TransportHarness {
  const closers: (() => unknown)[] = [];
  let network: Network | undefined;
  return {
    ...clientsOf(way),
    async serve(...what) {
      const servers = await start(...what);
      network = await Network.to(servers.targets);
      closers.push(() => network?.close(), servers.close);
      return { url: `http://127.0.0.1:${network.port}/connect`, apps: servers.apps };
    },
    cut: () => network?.cut(),
    mend: () => network?.mend(),
    stall: () => network?.stall(),
    flow: () => network?.flow(),
    async close() {
      for (const close of closers) await close();
    },
  };
}

/** One node for each broker, on one store, and a front before them where there is one. */
export async function nodesHarness(
  way: Way,
  openBrokers: () => Promise<readonly Broker[]>,
  front?: Front,
): Promise<TransportHarness> {
  return networkHarness(way, async (makeApp) => {
    const brokers = await openBrokers();
    const apps = brokers.map(makeApp);
    const servers = await Promise.all(apps.map(listen));
    const ports = servers.map(portOf);
    const gate = await front?.(ports);
    return {
      apps,
      targets: gate === undefined ? ports : [gate.target],
      async close() {
        await gate?.close();
        for (const server of servers) {
          server.close();
          server.closeAllConnections();
        }
        for (const app of apps) await app.close();
        for (const broker of brokers) await broker.close();
      },
    };
  });
}

/** Some nodes on one store in memory, and a front before them where there is one. */
export function harness(way: Way, nodes: number, front?: Front): Promise<TransportHarness> {
  const hub = createMemoryHub();
  return nodesHarness(way, async () => Array.from({ length: nodes }, () => hub.broker()), front);
}
