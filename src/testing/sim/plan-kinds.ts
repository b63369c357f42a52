/** What plans are drawn of, for each kind of channels. */
import type { Fault } from "./fault.js";
import { FAULTS } from "./faults.js";
import { simKind } from "./kinds.js";
import { ROOM_ACTIONS } from "./room/actions.js";
import { ROOM_FAULTS } from "./room/faults.js";
import type { SimKindName } from "./step.js";

export interface PlanKind {
  /** What clients do, by name. */
  readonly actions: Readonly<Record<string, { readonly weight: number }>>;
  /** Those of them after which a gap may come although nothing went wrong. */
  readonly notCalm: readonly string[];
  readonly faults: Readonly<Record<string, Pick<Fault, "weight" | "longest">>>;
  /** Whether some plans end with what was under way for minutes. */
  readonly endsLate: boolean;
  /** How many things are done in a run. */
  readonly steps: number;
  /** Milliseconds between two of them, on average: one is drawn for each run. */
  readonly paces: readonly number[];
}

const ROOMS: PlanKind = {
  actions: ROOM_ACTIONS,
  notCalm: [],
  faults: ROOM_FAULTS,
  endsLate: false,
  steps: 80,
  paces: [60, 120, 250],
};

export function planKind(name: SimKindName = "stream"): PlanKind {
  if (name === "room") return ROOMS;
  const { actions, notCalm } = simKind(name);
  return { actions, notCalm, faults: FAULTS, endsLate: true, steps: 150, paces: [60, 150, 400, 1000] };
}
