/** What one server is doing, in numbers. */
import { noneRefused, type Refused } from "./connection/limits/refused.js";
import { NO_ROOMS, type AppRoomsStats } from "./room/app-rooms.js";
import type { Running } from "./running.js";

/** What {@link App.stats} says. */
export interface AppStats {
  /** Connections that are open now. */
  readonly connections: number;
  /** Channels that somebody is subscribed to. */
  readonly channels: number;
  /** What this server holds of channels that are kept by keys, in bytes (`limits.memories`). */
  readonly memories: number;
  /** What was refused for a limit so far. */
  readonly refused: Refused;
  /** The rooms that this server runs, and what it does for them. */
  readonly rooms: AppRoomsStats;
}

/** @param running undefined: it runs not, or not yet */
export function statsOf(running: Running | undefined): AppStats {
  const engine = running?.engine;
  return {
    connections: engine?.connections.size ?? 0,
    channels: engine?.node.hub.occupied ?? 0,
    memories: engine?.node.memories.bytes ?? 0,
    refused: { ...(engine?.node.refused ?? noneRefused()) },
    rooms: running?.rooms.stats ?? NO_ROOMS,
  };
}
