import type { SignalKind } from "../kind.js";
import { Slots } from "./slots.js";

/** One who is behind gets the newest message of each sender, and nothing that was before the subscription. */
export const TRANSIENT: SignalKind = {
  name: "transient",
  begins: "head",
  history: false,
  handle: (channel) => `rt.transient(${JSON.stringify(channel)})`,
  logged: false,
  by: "nothing",
  memory: (place) => new Slots(place),
};
