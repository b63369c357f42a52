import { BrokerError } from "../contract.js";

/** What Redis answered, as the list that a script is known to answer with. */
export function list(reply: unknown): unknown[] {
  if (Array.isArray(reply)) return reply;
  throw new BrokerError("unavailable", `Redis answered with ${typeof reply} instead of a list`);
}

export function buffer(reply: unknown): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw new BrokerError("unavailable", `Redis answered with ${typeof reply} instead of bytes`);
}

export function numbers(reply: unknown): number[] {
  return list(reply).map(Number);
}
