/** Nodes with rooms, a broker, players and what is between them, in one process and in virtual time. */
import { VirtualClock } from "../../virtual-clock.js";
import { BrokerSite } from "../broker-site.js";
import { between, fork, pick } from "../fork.js";
import type { TroubledWorld } from "../node-faults.js";
import { Recorder } from "../recorder.js";
import type { Plan, Step } from "../step.js";
import { RecordingStore } from "../store.js";
import { RoomClient } from "./client.js";
import { RoomFindings } from "./findings.js";
import { RoomNode } from "./node.js";
import { PLAYED, kindOf } from "./shapes.js";
import { Truths } from "./truths.js";

/** Clocks run up to this much too fast or too slow. */
const MOST_DRIFT = 0.01;
/** Most are short, so that much happens; a command may be late by more than any of them. */
const TIMES = [
  { ttl: 1000, margin: 200 },
  { ttl: 1000, margin: 200 },
  { ttl: 3000, margin: 500 },
];
/** So many worlds have rooms that are the end of their process, and nodes without other ones. */
const ILL_SHARE = 0.2;
/** How many have seats, of those who are there; the others look on. */
const SEATED = 0.85;
/** How long after a trouble seats may be given free that are kept for a short while only, in milliseconds. */
const BEHIND_TROUBLE_MS = 12_000;
/** The seats of these are kept for longer than a run takes. */
const KEPT: readonly string[] = ["count", "bank", "sale", "wide"];

export class RoomWorld implements TroubledWorld {
  readonly clock = new VirtualClock();
  readonly recorder = new Recorder(() => this.clock.monotonic());
  readonly findings = new RoomFindings(this.recorder);
  readonly truths: Truths;
  readonly site: BrokerSite;
  readonly nodes: readonly RoomNode[];
  readonly channels: readonly string[];
  readonly clients: RoomClient[] = [];
  /** Whether rooms may become ill here. */
  readonly isIll: boolean;
  readonly #plan: Plan;
  readonly #endings = new Set<() => void>();
  #troubledUntil = -Infinity;
  #made = 0;

  constructor(plan: Plan) {
    const { seed } = plan;
    const { clock, recorder, findings } = this;
    this.#plan = plan;
    const random = fork(seed, "rooms");
    this.isIll = random.float() < ILL_SHARE;
    const times = pick(random, TIMES);
    const [first, other] = [pick(random, PLAYED), pick(random, PLAYED)];
    this.channels = first === other || random.float() < 0.3 ? [`${first}/a`] : [`${first}/a`, `${other}/a`];
    const brokerClock = clock.another({ drift: this.#drift("broker") });
    this.truths = new Truths({
      findings,
      recorder,
      now: () => brokerClock.monotonic(),
      isLeaving: (node) => this.nodes.some((one) => one.isLeaving(node)),
      held: (channel) => this.#held(channel),
      // Only who is connected is announced again.
      onLost: (channel) => {
        for (const client of this.clients)
          if (client.channel === channel && !client.isIn) client.isHeld = false;
      },
    });
    const store = new RecordingStore(
      {
        clock: brokerClock,
        random: fork(seed, "store"),
        idle: 86_400_000,
        maxKeys: 10_000,
        onError: (error) => findings.add("no complaints", `a follower: ${String(error)}`),
      },
      recorder,
      this.truths,
    );
    this.site = new BrokerSite(clock, brokerClock, store, fork(seed, "broker's network"));
    this.nodes = Array.from({ length: plan.nodes }, (_, i) => {
      const name = `n${i}`;
      return new RoomNode({
        name,
        site: this.site,
        clock: clock.another({ drift: this.#drift(name) }),
        random: fork(seed, name),
        recorder,
        findings,
        truths: this.truths,
        times,
        isFilled: !this.isIll,
      });
    });
    for (let i = 0; i < plan.clients; i++) this.clients.push(this.newClient(i));
  }

  client({ who }: Pick<Step, "who">): RoomClient {
    return this.clients[who % this.clients.length] as RoomClient;
  }

  node({ who }: Pick<Step, "who">): RoomNode {
    return this.nodes[who % this.nodes.length] as RoomNode;
  }

  later(ms: number, run: () => void): void {
    this.clock.setTimeout(run, ms);
  }

  until(ms: number, end: () => void): void {
    this.troubled(ms);
    const ending = (): void => {
      if (!this.#endings.delete(ending)) return;
      this.troubled(0);
      end();
    };
    this.#endings.add(ending);
    this.later(ms, ending);
  }

  /** Something is wrong for so long. */
  troubled(ms: number): void {
    this.#troubledUntil = Math.max(this.#troubledUntil, this.clock.monotonic() + ms);
  }

  /** Everything is well again. */
  stopFaults(): void {
    for (const end of this.#endings) end();
    this.#troubledUntil = this.clock.monotonic();
  }

  /** Another client takes the place of one that goes. */
  newClient(place: number, channel = this.channels[place % this.channels.length] ?? ""): RoomClient {
    const { clock, recorder, findings, nodes } = this;
    const name = `c${place}.${++this.#made}`;
    const random = fork(this.#plan.seed, name);
    const hasSeat = place === 0 || random.float() < SEATED;
    const kind = kindOf(channel) ?? "";
    const truth = this.truths.of(channel);
    return new RoomClient({
      name,
      channel,
      seat: hasSeat ? `seat-${name}` : undefined,
      budget: random.float() < 0.15 ? between(random, 60, 600) : undefined,
      clock,
      random,
      recorder,
      findings,
      truth,
      nodes,
      isTroubled: () => clock.monotonic() < this.#troubledUntil + BEHIND_TROUBLE_MS,
      isKept: KEPT.includes(kind),
    });
  }

  /** Ends everything, so that nothing of this world goes on. */
  end(): void {
    for (const client of this.clients) client.end();
    for (const node of this.nodes) node.crash(true);
  }

  *#held(channel: string): Iterable<string> {
    if (!KEPT.includes(kindOf(channel) ?? "")) return;
    for (const { channel: of, seat, isHeld, isKicked } of this.clients)
      if (of === channel && seat !== undefined && isHeld && !isKicked) yield seat;
  }

  #drift(part: string): number {
    return (fork(this.#plan.seed, `drift of ${part}`).float() - 0.5) * 2 * MOST_DRIFT;
  }
}
