/** The channels of the simulated application: each stands for one way in which logs are kept. */
import { ChannelRegistry } from "../../server/channels/registry.js";
import { stream, transient, type ChannelDef } from "../../server/channels/define.js";

/** How long keys are remembered: short, so that runs reach beyond it. */
export const DEDUPE_MS = 60_000;

/** The code with which the application ends subscriptions. */
export const DENIED = "denied_here";

const DEFINITIONS: readonly (readonly [string, ChannelDef])[] = [
  // Keeps everything that a run can write: nothing may ever be missing here.
  [
    "log/:id",
    stream({ retain: { count: 100_000 }, dedupe: DEDUPE_MS, presence: true, presenceGrace: 2000 }).def,
  ],
  // Whoever is away for a moment comes back to a trimmed log.
  ["short/:id", stream({ retain: { count: 20 }, dedupe: DEDUPE_MS }).def],
  ["aged/:id", stream({ retain: { for: 8000 }, dedupe: DEDUPE_MS }).def],
  // A subscription takes a while here, and nothing is kept meanwhile.
  ["live/:id", stream({ dedupe: DEDUPE_MS, presence: true, presenceGrace: 1000 }).def],
  // A hook that takes its time must not let a later publish overtake. Messages say who sent them.
  [
    "hooked/:id",
    stream({
      retain: { count: 100_000 },
      dedupe: DEDUPE_MS,
      sender: true,
      onPublish: async ({ data }) => Promise.resolve(data),
    }).def,
  ],
  ["now/:id", transient({ presence: true, presenceGrace: 0 }).def],
];

/** The names in use, streams first. */
export const STREAMS: readonly string[] = ["log/a", "log/b", "short/a", "aged/a", "live/a", "hooked/a"];
export const TRANSIENTS: readonly string[] = ["now/a"];
/** Channels that tell who is there. */
export const PRESENT: readonly string[] = ["log/a", "log/b", "live/a", "now/a"];

export function simRegistry(): ChannelRegistry {
  return new ChannelRegistry(DEFINITIONS);
}
