import type { HistoryEvent, Violation } from "../history/events.js";
import type { Plan } from "./step.js";

/** How a simulated run ended. */
export interface SimResult {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  /** The same for the same plan, on every machine. */
  readonly hash: string;
  /** Virtual time that passed, in milliseconds. */
  readonly ms: number;
  /** How often each thing happened: faults and actions by name, messages, acknowledgements, gaps. */
  readonly counts: ReadonlyMap<string, number>;
  /** Empty for rooms, which are judged as they run. */
  readonly history: readonly HistoryEvent[];
}
