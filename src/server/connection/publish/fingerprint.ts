import type { Payload } from "../../../broker/index.js";

/**
 * A number from 0 to 2^53 - 1 that two different payloads hardly share. It finds a key used for two payloads by
 * mistake; it is no defence, and needs none: a key's scope belongs to one publisher.
 */
export function fingerprint(payload: Payload): number {
  // Numbers of 32 bits from the beginning: the loop takes three times as long with larger ones, even if only at first.
  let a = 0xdeadbeef | 0;
  let b = 0x41c6ce57;
  const { length } = payload;
  for (let i = 0; i < length; i++) {
    const unit = typeof payload === "string" ? payload.charCodeAt(i) : (payload[i] as number);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
