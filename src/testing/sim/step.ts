/** A run as data: who is there, and everything that is done to them, in order. Made of a seed, or written by hand. */

/** The kinds of channels that are simulated, each by itself. */
export type SimKindName = "stream" | "state" | "room";

/** One thing that is done. What `who`, `ms` and `size` mean is said with each action and fault. */
export interface Step {
  /** Milliseconds from the beginning. */
  readonly at: number;
  readonly do: string;
  /** Which client or node; counted around. */
  readonly who: number;
  readonly ms: number;
  /** From 0 to 1. */
  readonly size: number;
}

/** A run of the simulation, as it can be printed and run again. */
export interface Plan {
  readonly seed: number;
  /** Which kind of channels there are; `stream` where it does not say. */
  readonly kind?: SimKindName;
  readonly nodes: number;
  readonly clients: number;
  /** Which broker's weaknesses it was drawn with; any, where it does not say. */
  readonly broker?: string;
  readonly steps: readonly Step[];
}
