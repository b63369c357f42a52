/** Which ways to the server a simulated client has, and what it keeps of them. */
import type { TransportName } from "../../client/transport.js";
import type { Memory } from "../../client/transports/memory.js";
import type { Clock, Random } from "../../protocol/index.js";
import { between } from "./fork.js";

export interface Ways {
  readonly transports: readonly TransportName[];
  readonly memory: Memory;
}

const ALL: readonly TransportName[] = ["websocket", "stream", "poll"];
/** A client looks for a better way every five minutes; a run is shorter than that, so its memory is ahead by so much. */
const AHEAD_MS = 280_000;

/**
 * Most have all ways; some only HTTP, or come from a page that could not use WebSockets a while ago. In a calm run all
 * have WebSockets: who misses something on a channel that keeps nothing, between two polls, is told so.
 */
export function drawWays(random: Random, clock: Clock, calm: boolean): Ways {
  const kind = random.float();
  const memory = new SimMemory(clock);
  if (calm) return { transports: ["websocket"], memory };
  if (kind < 0.74) return { transports: ALL, memory };
  if (kind < 0.84) {
    memory.keep(random.float() < 0.5 ? "stream" : "poll", between(random, 0, 20_000));
    return { transports: ALL, memory };
  }
  if (kind < 0.9) return { transports: ["stream"], memory };
  if (kind < 0.95) return { transports: ["poll"], memory };
  if (random.float() < 0.5) memory.keep("poll", between(random, 0, 20_000));
  return { transports: ["stream", "poll"], memory };
}

class SimMemory implements Memory {
  readonly #clock: Clock;
  #value: string | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(name: TransportName, ago: number): void {
    this.#value = `${name} ${this.#clock.now() - ago}`;
  }

  getItem(): string | null {
    const [name, time] = this.#value?.split(" ") ?? [];
    return name === undefined ? null : `${name} ${Number(time) - AHEAD_MS}`;
  }

  setItem(_key: string, value: string): void {
    this.#value = value;
  }
}
