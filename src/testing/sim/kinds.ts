import type { SimKind } from "./sim-kind.js";
import { STATE_KIND } from "./state/state-kind.js";
import type { SimKindName } from "./step.js";
import { STREAM_KIND } from "./stream-kind.js";

const KINDS: Readonly<Record<SimKindName, SimKind>> = { stream: STREAM_KIND, state: STATE_KIND };

export function simKind(name: SimKindName = "stream"): SimKind {
  return KINDS[name];
}
