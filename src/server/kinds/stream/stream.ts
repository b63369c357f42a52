import type { LogKind } from "../kind.js";
import { readOn } from "./read-on.js";
import { StreamMemory } from "./stream-memory.js";

/** One who is behind gets every message that the log still has, in order, and is told of a gap where it has them not. */
export const STREAM: LogKind = {
  name: "stream",
  begins: "head",
  history: true,
  handle: (channel) => `rt.stream(${JSON.stringify(channel)})`,
  logged: true,
  by: "entries",
  memory: (place) => new StreamMemory(place),
  readOn,
};
