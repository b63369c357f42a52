/** The network between clients and nodes, with a balancer in front that picks any node that is up. */
import type { TransportFactory } from "../../client/index.js";
import type { VirtualClock } from "../virtual-clock.js";
import { between, fork, pick } from "./fork.js";
import { LIMITS, BUDGET, type SimNode } from "./node.js";
import type { SimProcess } from "./process.js";
import type { Recorder } from "./recorder.js";
import { Spells } from "./spells.js";
import { Wire, type WireTrouble } from "./wire.js";

/** A client's own line into the network. */
export interface Line {
  readonly trouble: Spells<WireTrouble>;
  readonly transport: TransportFactory;
  /** The link in use, if any. */
  readonly wire: Wire | undefined;
}

/** How long a frame takes at most, for clients near and far. */
const SLOWEST_MS = [6, 40, 200];
/** Beside what the budget counts: pings. */
const SLACK_BYTES = 256;

export class Network {
  readonly #clock: VirtualClock;
  readonly #nodes: readonly SimNode[];
  readonly #recorder: Recorder;
  readonly #seed: number;

  constructor(clock: VirtualClock, nodes: readonly SimNode[], recorder: Recorder, seed: number) {
    this.#clock = clock;
    this.#nodes = nodes;
    this.#recorder = recorder;
    this.#seed = seed;
  }

  line(name: string, client: SimProcess): Line {
    const random = fork(this.#seed, `line of ${name}`);
    const trouble = new Spells<WireTrouble>();
    const clock = this.#clock;
    const slowest = pick(random, SLOWEST_MS);
    const latency = (): number => between(random, 1, slowest);
    const cap = BUDGET.perConnection + SLACK_BYTES;
    let current: Wire | undefined;
    const transport: TransportFactory = (_url, events) => {
      const up = this.#nodes.filter((node) => node.up);
      const node = up[Math.floor(random.float() * up.length)];
      const server = node?.process;
      if (node === undefined || server === undefined) {
        let closed = false;
        clock.setTimeout(() => client.run(() => closed || events.close(1006, "")), latency());
        return { send() {}, close: () => void (closed = true) };
      }
      const wire: Wire = new Wire({
        clock,
        client,
        server,
        events,
        latency,
        trouble,
        onWrite: (bytes) => {
          if (bytes > cap) this.#recorder.add({ is: "held", who: `${node.name} for ${name}`, bytes, cap });
        },
        onEnd: () => node.wires.delete(wire),
      });
      node.wires.add(wire);
      current = wire;
      this.#recorder.count("connections");
      // There and back again, as a handshake goes.
      clock.setTimeout(() => {
        if (node.process !== server) return wire.cut();
        server.run(() => {
          const receiver = node.accept(wire);
          if (receiver === undefined) wire.cut();
          else wire.opened(receiver);
        });
      }, latency());
      return wire.transport;
    };
    return {
      trouble,
      transport,
      get wire() {
        return current;
      },
    };
  }

  /** What all connections of a node hold together stays below the budget, but for what each may always hold. */
  checkBudgets(): void {
    for (const node of this.#nodes) {
      const engine = node.engine;
      if (engine === undefined) continue;
      const bytes = engine.node.budget.used;
      const cap = BUDGET.total + engine.connections.size * LIMITS.message;
      if (bytes > cap || bytes < 0)
        this.#recorder.add({ is: "held", who: node.name, bytes: bytes < 0 ? Infinity : bytes, cap });
    }
  }
}
