import type { Step } from "./step.js";
import type { World } from "./world.js";

/** One kind of thing that goes wrong, in worlds that have what it takes. */
export interface Fault<W = World> {
  /** How often it is drawn, among the others; 0 for those that come in their own way, at the end of a plan. */
  readonly weight: number;
  /** The longest it lasts, in milliseconds. */
  readonly longest: number;
  readonly run: (world: W, step: Step) => void;
}
