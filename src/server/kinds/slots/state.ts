import type { SlotsKind } from "../slots-kind.js";
import { keyOf, mustFit, readChangeRequest, readTtl } from "./change-request.js";
import { merged } from "./merged.js";
import { SlotWalk } from "./slot-walk.js";
import { StateMemory } from "./state-memory.js";
import { viewOf } from "./views.js";

/** One who is behind gets each key that was changed once, with its newest value, and all of them at once. */
export const STATE: SlotsKind = {
  name: "state",
  begins: "start",
  history: false,
  handle: (channel) => `state(rt, ${JSON.stringify(channel)}) of tidemark/state`,
  logged: true,
  by: "slots",
  memory: (place) => new StateMemory(place),
  walk: (from) => new SlotWalk(from),
  view: viewOf,
  request: readChangeRequest,
  merged,
  slot: keyOf,
  ttl: readTtl,
  mustFit,
};
