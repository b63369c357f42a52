/** The network between clients and nodes. */
import type { VirtualClock } from "../virtual-clock.js";
import { PART_BYTES } from "../../server/delivery/chunk.js";
import { fork } from "./fork.js";
import { Line } from "./line.js";
import { LIMITS, BUDGET, type SimNode } from "./node.js";
import type { SimProcess } from "./process.js";
import type { Recorder } from "./recorder.js";
import { drawWays } from "./ways.js";

/** Nobody is ever refused one chunk when nothing else waits: a part of a message, with its line, and as text over HTTP. */
const ALWAYS_BYTES = Math.max(LIMITS.message, Math.ceil((PART_BYTES * 4) / 3) + 1024);

export class Network {
  readonly #clock: VirtualClock;
  readonly #nodes: readonly SimNode[];
  readonly #recorder: Recorder;
  readonly #seed: number;
  readonly #calm: boolean;

  constructor(
    clock: VirtualClock,
    nodes: readonly SimNode[],
    recorder: Recorder,
    seed: number,
    calm: boolean,
  ) {
    this.#clock = clock;
    this.#nodes = nodes;
    this.#recorder = recorder;
    this.#seed = seed;
    this.#calm = calm;
  }

  line(name: string, client: SimProcess): Line {
    return new Line({
      name,
      client,
      ways: drawWays(fork(this.#seed, `ways of ${name}`), client.clock, this.#calm),
      clock: this.#clock,
      nodes: this.#nodes,
      recorder: this.#recorder,
      random: fork(this.#seed, `line of ${name}`),
    });
  }

  /** What all connections of a node hold together stays below the budget, but for what each may always hold. */
  checkBudgets(): void {
    for (const node of this.#nodes) {
      const engine = node.engine;
      if (engine === undefined) continue;
      const bytes = engine.node.budget.used;
      const cap = BUDGET.total + engine.connections.size * ALWAYS_BYTES;
      if (bytes > cap || bytes < 0)
        this.#recorder.add({ is: "held", who: node.name, bytes: bytes < 0 ? Infinity : bytes, cap });
    }
  }
}
