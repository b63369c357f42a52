/** The two directions of a link, under the conditions of its client's line. */
import type { VirtualClock } from "../virtual-clock.js";
import { Pipe } from "./pipe.js";
import type { ActiveTroubles } from "./active-troubles.js";

/**
 * What may be wrong with a client's line. Sizes: `slow` milliseconds more, `narrow` 0 (stands still) to 1 (wide);
 * `noWebSocket` is refused below a half and not answered above.
 */
export type LineTrouble = "slow" | "narrow" | "noWebSocket";

export interface Conditions {
  readonly clock: VirtualClock;
  /** Milliseconds that a frame takes, each time anew. */
  readonly latency: () => number;
  /** The conditions of the line, which outlast a link. */
  readonly trouble: ActiveTroubles<LineTrouble>;
}

const NARROWEST = 0.5;
/** So much wider is a narrow line on its way up: parts of a message arrive one by one, and yet in time. */
const WIDER_UP = 8;

/** @param stuck whether nothing moves on it for now, in either direction, and nothing is lost */
export function pipesOf(
  { clock, latency, trouble }: Conditions,
  stuck: () => boolean = () => false,
): { readonly up: Pipe; readonly down: Pipe } {
  const delay = (): number => latency() + trouble.strength("slow");
  const rate = (): number => {
    const narrow = trouble.strength("narrow");
    if (stuck()) return 0;
    if (narrow === 0) return Infinity;
    return narrow >= 1 ? 0 : NARROWEST + (1 - narrow) * 20;
  };
  // Who does not read still sends.
  const upRate = (): number => (stuck() ? 0 : rate() * WIDER_UP || Infinity);
  return {
    down: new Pipe({ clock, latency: delay, rate }),
    up: new Pipe({ clock, latency: delay, rate: upRate }),
  };
}

/** What a node has to do with any of its links when it ends. */
export interface NodeLink {
  /** Nothing gets through any more and nobody is told: a peer that vanished. */
  lose(ends: "both" | "up" | "down"): void;
  /** The server's process is gone; its kernel says so. */
  serverDied(): void;
}
