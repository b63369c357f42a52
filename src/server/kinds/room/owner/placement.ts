/** Finds a node that owns a room, or takes it: the one with less to do of two that are drawn at random. */
import type { Broker, NodeInfo } from "../../../../broker/index.js";
import type { Clock, Random, Timer } from "../../../../protocol/index.js";
import type { Placed } from "../messages.js";
import type { RoomMail } from "./mail.js";

/** How long a node has to answer, in milliseconds; then another one is asked, and that both may try does no harm. */
export const PATIENCE_MS = 1000;
/** Nodes that wait for the end of the same reign ask at times that are apart by up to this, in milliseconds. */
const SPREAD_MS = 50;

/** What a room is wanted for. */
export interface Wanted {
  /** What its players asked for; for a room that is not there yet. */
  readonly match?: ReadonlyMap<string, string>;
  /** The reign that the node knows and has not heard of for too long. */
  readonly was?: string;
}

/** Where a room is, or why it is nowhere. */
export type Placement = Omit<Placed, "is" | "id" | "channel">;

export interface PlacementDeps {
  readonly broker: Pick<Broker, "node" | "nodes">;
  readonly clock: Clock;
  readonly random: Random;
  readonly mail: RoomMail;
  /** The length of a reign, in milliseconds. */
  readonly ttl: number;
  /** This node's own answer. */
  readonly takeHere: (channel: string, wanted: Wanted) => Promise<Placement>;
}

interface Asking {
  readonly resolve: (placed: Placement | undefined) => void;
  readonly timer: Timer;
}

export const NOWHERE: Placement = {
  owner: undefined,
  reign: undefined,
  refused: "unavailable",
  after: undefined,
  reason: undefined,
};

export class Placing {
  readonly #deps: PlacementDeps;
  readonly #asking = new Map<string, Asking>();
  readonly #placing = new Map<string, Promise<Placement>>();

  constructor(deps: PlacementDeps) {
    this.#deps = deps;
  }

  /** Finds an owner. Rejects with the broker's error. */
  place(channel: string, wanted: Wanted): Promise<Placement> {
    let placing = this.#placing.get(channel);
    if (placing === undefined) {
      placing = this.#place(channel, wanted).finally(() => this.#placing.delete(channel));
      this.#placing.set(channel, placing);
    }
    return placing;
  }

  /** A node has answered. */
  placed({ id, owner, reign, refused, after, reason }: Placed): void {
    this.#asking.get(id)?.resolve({ owner, reign, refused, after, reason });
  }

  /** A node for a room that this one lets go of: the better of two others. */
  async nextFor(): Promise<string | undefined> {
    const { broker } = this.#deps;
    const others = (await broker.nodes()).filter((node) => node.id !== broker.node && isOpen(node));
    return this.#draw(others)?.id;
  }

  close(): void {
    for (const { resolve } of this.#asking.values()) resolve(undefined);
  }

  async #place(channel: string, wanted: Wanted): Promise<Placement> {
    const { broker, clock, random, ttl } = this.#deps;
    const until = clock.monotonic() + 2 * ttl;
    const asked = new Set<string>();
    let last = NOWHERE;
    for (;;) {
      const node = this.#choose(await broker.nodes(), asked, last);
      if (node === undefined) return last;
      const placement = await this.#ask(node.id, channel, wanted);
      if (placement?.refused === "room_closed") return placement;
      if (placement?.owner !== undefined) {
        const isSilent = wanted.was !== undefined && placement.reign === wanted.was;
        const wait = (placement.after ?? 0) + SPREAD_MS * random.float();
        if (!isSilent || clock.monotonic() + wait > until) return placement;
        await this.#wait(wait);
      } else {
        asked.add(node.id);
        // That it is marked is why it is nowhere, whatever others say who could not have it either.
        if (last.refused !== "alone") last = placement ?? last;
      }
    }
  }

  /** The node to ask next: of a room that is marked, one that is there for those. */
  #choose(nodes: readonly NodeInfo[], asked: ReadonlySet<string>, last: Placement): NodeInfo | undefined {
    const others = nodes.filter(({ id }) => !asked.has(id));
    const helper = last.refused === "alone" ? others.find(isHelper) : undefined;
    return helper ?? this.#draw(others.filter(isOpen));
  }

  #draw(nodes: readonly NodeInfo[]): NodeInfo | undefined {
    const { random } = this.#deps;
    const first = Math.floor(random.float() * nodes.length);
    const step = 1 + Math.floor(random.float() * (nodes.length - 1));
    const one = nodes[first];
    const other = nodes[(first + step) % nodes.length];
    if (one === undefined || other === undefined) return one;
    return isBetter(other, one) ? other : one;
  }

  #ask(node: string, channel: string, wanted: Wanted): Promise<Placement | undefined> {
    const { broker, clock, random, mail, takeHere } = this.#deps;
    if (node === broker.node) return takeHere(channel, wanted);
    const id = random.id();
    return new Promise((resolve) => {
      const end = (placement: Placement | undefined): void => {
        clock.clearTimeout(timer);
        this.#asking.delete(id);
        resolve(placement);
      };
      const timer = clock.setTimeout(() => end(undefined), PATIENCE_MS);
      this.#asking.set(id, { resolve: end, timer });
      mail.post(node, { is: "place", id, channel, match: wanted.match ?? new Map(), was: wanted.was });
    });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.clock.setTimeout(resolve, ms);
    });
  }
}

/** Whether a node takes rooms, as far as it has said. One that is of another program has said nothing, and will not answer. */
function isOpen({ load }: NodeInfo): boolean {
  return load["closing"] === undefined && load["helper"] === undefined;
}

/** Whether a node takes rooms that their last owners may have died of, and no others (R9). */
function isHelper({ load }: NodeInfo): boolean {
  return load["closing"] === undefined && load["helper"] !== undefined;
}

function isBetter({ load: one }: NodeInfo, { load: other }: NodeInfo): boolean {
  const [ticks, otherTicks] = [one["tick"] ?? 0, other["tick"] ?? 0];
  return ticks === otherTicks ? (one["rooms"] ?? 0) < (other["rooms"] ?? 0) : ticks < otherTicks;
}
