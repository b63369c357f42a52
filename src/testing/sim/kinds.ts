import type { SimKind } from "./sim-kind.js";
import { STATE_KIND } from "./state/state-kind.js";
import type { SimKindName } from "./step.js";
import { STREAM_KIND } from "./stream-kind.js";

/** Of rooms there is a simulation of its own: `room/`. */
export type ChannelKindName = Exclude<SimKindName, "room">;

const KINDS: Readonly<Record<ChannelKindName, SimKind>> = { stream: STREAM_KIND, state: STATE_KIND };

/** @throws {TypeError} for rooms */
export function simKind(name: SimKindName = "stream"): SimKind {
  if (name === "room") throw new TypeError("rooms have a world of their own");
  return KINDS[name];
}
