import { BrokerError } from "../contract.js";
import { Clustered } from "./clustered.js";
import { within } from "./deadline.js";
import type { Settings } from "./options.js";
import { Single } from "./single.js";
import type { Topology } from "./topology.js";

/** The servers that the settings name; not connected yet. */
export function topologyOf(settings: Settings): Topology {
  return settings.cluster === undefined ? new Single(settings) : new Clustered(settings);
}

/**
 * Connects; resolves when commands can be sent.
 *
 * @throws {BrokerError} `unavailable` when there is no Redis within the timeout
 */
export async function connected(topology: Topology, { clock, timeout }: Settings): Promise<void> {
  const ready = new Promise<void>((resolve) => topology.onReady(resolve));
  topology.connect();
  try {
    await within(clock, timeout, "accept a connection", ready);
  } catch (error) {
    const why = topology.lastError === undefined ? "" : `: ${topology.lastError.message}`;
    throw new BrokerError("unavailable", `there is no Redis within ${timeout} ms${why}`, { cause: error });
  }
}
