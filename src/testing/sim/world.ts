/** A whole cluster in one process: nodes, a broker, clients and the network between them, in virtual time. */
import { VirtualClock } from "../virtual-clock.js";
import { BrokerSite } from "./broker-site.js";
import { fork, pick } from "./fork.js";
import { Network } from "./network.js";
import { SimNode } from "./node.js";
import { simKind } from "./kinds.js";
import type { SimKind, WorldClient, WorldView } from "./sim-kind.js";
import type { Plan, Step } from "./step.js";
import { SimProcess } from "./process.js";
import { Recorder } from "./recorder.js";
import { RecordingStore } from "./store.js";

/** Clocks run up to this much too fast or too slow. */
const MOST_DRIFT = 0.01;

/** What nodes keep of messages in parts: all of them, some, or the one sent last, so that the others are read again. */
const LARGE_KEPT = [64 * 1024 * 1024, 1024 * 1024, 1];

/** What nodes hold of messages that are not whole: as much as anybody sends, or hardly more than one of them. */
const INCOMPLETE_HELD = [64 * 1024 * 1024, 400 * 1024];

export class World<C extends WorldClient = WorldClient> implements WorldView<C> {
  readonly clock = new VirtualClock();
  readonly recorder = new Recorder(() => this.clock.monotonic());
  readonly site: BrokerSite;
  readonly nodes: readonly SimNode[];
  /** What kind of channels it has. */
  readonly kind: SimKind;
  readonly clients: C[] = [];
  readonly #plan: Plan;
  readonly #network: Network;
  readonly #endings = new Set<() => void>();
  #made = 0;

  constructor(plan: Plan, calm: boolean) {
    const { seed } = plan;
    this.#plan = plan;
    this.kind = simKind(plan.kind);
    const brokerClock = this.clock.another({ drift: this.#drift("broker") });
    const store = new RecordingStore(
      {
        clock: brokerClock,
        random: fork(seed, "store"),
        idle: 86_400_000,
        maxKeys: 10_000,
        onError: (error) => this.#complain("a follower", error),
      },
      this.recorder,
    );
    this.site = new BrokerSite(this.clock, brokerClock, store, fork(seed, "broker's network"));
    const large = pick(fork(seed, "large payloads"), LARGE_KEPT);
    const incomplete = pick(fork(seed, "incomplete messages"), INCOMPLETE_HELD);
    this.nodes = Array.from({ length: plan.nodes }, (_, i) => {
      const name = `n${i}`;
      return new SimNode({
        name,
        site: this.site,
        clock: this.clock.another({ drift: this.#drift(name) }),
        random: fork(seed, name),
        recorder: this.recorder,
        application: this.kind,
        large,
        incomplete,
      });
    });
    this.#network = new Network(this.clock, this.nodes, this.recorder, seed, calm);
    for (let i = 0; i < plan.clients; i++) this.clients.push(this.#newClient(i));
  }

  client({ who }: Pick<Step, "who">): C {
    return this.clients[who % this.clients.length] as C;
  }

  node({ who }: Pick<Step, "who">): SimNode {
    return this.nodes[who % this.nodes.length] as SimNode;
  }

  /** Runs `run` in `ms` milliseconds. */
  later(ms: number, run: () => void): void {
    this.clock.setTimeout(run, ms);
  }

  /** Ends something in `ms` milliseconds, or earlier when the faults are over. */
  until(ms: number, end: () => void): void {
    const ending = (): void => {
      if (this.#endings.delete(ending)) end();
    };
    this.#endings.add(ending);
    this.later(ms, ending);
  }

  /** Another client takes the place of one that goes. */
  replace(who: number): void {
    const place = who % this.clients.length;
    this.clients[place]?.leave();
    this.clients[place] = this.#newClient(place);
  }

  /** Everything is well again. */
  stopFaults(): void {
    for (const end of this.#endings) end();
  }

  /** Looks at what must hold all the time. */
  look(): void {
    this.#network.checkBudgets();
    for (const node of this.nodes) node.checkDrain();
  }

  /** Whether a client's connection is another one than `ms` milliseconds ago. */
  movedWithin(ms: number): boolean {
    return this.clients.some((client) => client.movedWithin(ms));
  }

  /** A node keeps nothing of connections that have ended. */
  checkLeftovers(): void {
    for (const { name, engine } of this.nodes) {
      if (engine === undefined) continue;
      let wanted = 0;
      for (const { sessions } of engine.connections) wanted += sessions.subscribed;
      let kept = 0;
      for (const { audience } of engine.node.hub) kept += audience.size;
      if (kept > wanted)
        this.recorder.add({ is: "held", who: `${name}'s list of subscribers`, bytes: kept, cap: wanted });
      const { held, size } = engine.node.incomplete;
      if (held !== 0 || size > 0) {
        const bytes = held < 0 ? Infinity : Math.max(held, size);
        this.recorder.add({
          is: "held",
          who: `${name}'s room for messages that are not whole`,
          bytes,
          cap: 0,
        });
      }
    }
  }

  /** Ends everything, so that nothing of this world goes on. */
  end(): void {
    for (const client of this.clients) client.process.kill();
    for (const node of this.nodes) node.crash(true);
  }

  /** What its kind makes is what it is a world of. */
  #newClient(place: number): C {
    const name = `c${place}.${++this.#made}`;
    const process = new SimProcess(this.clock.another({ drift: this.#drift(name) }));
    const parts = {
      name,
      process,
      network: this.#network,
      recorder: this.recorder,
      fork: (part: string) => fork(this.#plan.seed, part),
    };
    return this.kind.newClient(parts) as C;
  }

  #drift(part: string): number {
    return (fork(this.#plan.seed, `drift of ${part}`).float() - 0.5) * 2 * MOST_DRIFT;
  }

  #complain(who: string, error: unknown): void {
    this.recorder.add({
      is: "complaint",
      who,
      what: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
}
