/** What both ends of the socket between a directory's writer and its workers agree on. */
import type { Durability } from "../contract.js";

/** Both ends must be of one version; it changes with anything that goes over the socket. */
export const WIRE_VERSION = 5;

/** A worker that is silent for so long is taken for dead, in milliseconds; it pings five times as often. */
export const LEASE_MS = 5000;

/** What a worker says first. */
export interface WorkerHello {
  readonly wire: number;
  readonly pid: number;
  readonly id: string;
  readonly version: string;
}

/** What the writer answers. */
export interface WriterHello {
  readonly wire: number;
  readonly durability: Durability;
  readonly incarnation: string;
  /** The writer's steady time: by its own, a worker knows from then on what the writer's is at least. */
  readonly time: number;
}
