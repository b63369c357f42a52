/** The channels of keys and values in the simulated application. */
import { slotsChannel } from "../../../server/channels/define-state.js";
import { ChannelRegistry } from "../../../server/channels/registry.js";
import { DEDUPE_MS } from "../channels.js";

/** How many tombstones each keeps: whoever is away for a while on the first one begins anew. */
export const GRAVES: Readonly<Record<string, number>> = { "few/a": 6, "keys/a": 1000 };
export const CHANNELS: readonly string[] = Object.keys(GRAVES);

export function stateRegistry(): ChannelRegistry {
  return new ChannelRegistry([
    ["few/:id", slotsChannel({ dedupe: DEDUPE_MS, graves: { count: GRAVES["few/a"] ?? 0 } })],
    ["keys/:id", slotsChannel({ dedupe: DEDUPE_MS, graves: { count: GRAVES["keys/a"] ?? 0, for: 20_000 } })],
  ]);
}
