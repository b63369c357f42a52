/** Writes logs in Redis from another thread of a node's process. Nothing imports it: that thread does, by its URL. */
import type { ThreadWriter } from "../thread-writer.js";
import { connected, topologyOf } from "./connected.js";
import { readOptions, type RedisBrokerOptions } from "./options.js";
import { RedisBroker } from "./redis-broker.js";

/**
 * See `OpenWriter`.
 *
 * @param data what `forOtherThread` says
 */
export async function openWriter(data: unknown): Promise<ThreadWriter> {
  const ignore = (): void => {};
  const settings = readOptions({ ...(data as RedisBrokerOptions), onError: ignore, onWarning: ignore });
  const topology = topologyOf(settings);
  // One that is not started is no node. What the server can do, and in which format its keys are, the node has looked at.
  const broker = new RedisBroker(topology, "memory", settings);
  try {
    await connected(topology, settings);
  } catch (error) {
    topology.close();
    throw error;
  }
  return {
    change: (...args) => broker.change(...args),
    reign: (...args) => broker.reign(...args),
    send: (...args) => broker.send(...args),
    close: async () => topology.close(),
  };
}
